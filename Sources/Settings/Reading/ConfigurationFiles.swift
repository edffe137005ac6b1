#if canImport(Glibc)
    import Glibc
#endif

/// The files of a configuration: on disk, or one in memory.
struct ConfigurationFiles {
    /// The file's bytes, or one sentence that says why they cannot be had.
    var read: (_ path: String) throws(Fault) -> [UInt8]
    /// The paths that a shell pattern finds, sorted; nil if a directory cannot be read.
    var matches: (_ pattern: String) -> [String]?
    /// Equal for all names of the same file.
    var identity: (_ path: String) -> String

    /// Of one file. Thousands of accounts fit; more is not a configuration.
    static let maximumSize = 4 << 20

    static var disk: ConfigurationFiles {
        ConfigurationFiles(
            read: { path throws(Fault) in try DiskFile.read(path) }, matches: DiskFile.matches,
            identity: DiskFile.identity)
    }

    static func only(_ name: String, _ bytes: [UInt8]) -> ConfigurationFiles {
        ConfigurationFiles(
            read: { path throws(Fault) in
                if path == name { return bytes }
                throw Fault(file: path, "is not looked for")
            },
            matches: { _ in [] },
            identity: { $0 })
    }
}

private enum DiskFile {
    static func read(_ path: String) throws(Fault) -> [UInt8] {
        // O_NONBLOCK: a named pipe without a writer would block for ever.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else { throw Fault(file: path, reason(errno)) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw Fault(file: path, reason(errno)) }
        switch status.st_mode & S_IFMT {
        case S_IFREG: break
        case S_IFDIR:
            throw Fault(file: path, "is a directory; name the file in it, like \(path.shownAsPath)/twilship.toml")
        default: throw Fault(file: path, "is not a regular file")
        }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw Fault(file: path, reason(errno))
            }
            if count == 0 { return bytes }
            bytes.append(contentsOf: chunk[..<count])
            if bytes.count > ConfigurationFiles.maximumSize {
                throw Fault(
                    file: path,
                    "is larger than \(ByteSize.text(ConfigurationFiles.maximumSize)); split it with `include`")
            }
        }
    }

    private static func reason(_ code: Int32) -> String {
        switch code {
        case ENOENT:
            "does not exist; `twilship init` asks for what it needs and writes one, "
                + "`twilship config example` prints one"
        case ENOTDIR: "does not exist: a part of the path is not a directory"
        case EACCES: "may not be read by this user; it needs read permission, and search permission on its directories"
        default: "cannot be read: \(String(cString: strerror(code)))"
        }
    }

    /// - Returns: nil if a directory on the way cannot be read, so that nobody knows what there is.
    static func matches(_ pattern: String) -> [String]? {
        var result = glob_t()
        defer { globfree(&result) }
        // A folder that is not there has no files; one that cannot be read may have.
        let code = glob(pattern, 0, { _, code in code == ENOENT || code == ENOTDIR ? 0 : 1 }, &result)
        if code == GLOB_NOMATCH { return [] }
        guard code == 0, let paths = result.gl_pathv else { return nil }
        return (0..<Int(result.gl_pathc)).compactMap { paths[$0].map { String(cString: $0) } }
    }

    /// Device and inode, so that links and `./` make no difference.
    static func identity(_ path: String) -> String {
        var status = stat()
        return stat(path, &status) == 0 ? "\(status.st_dev):\(status.st_ino)" : path
    }
}
