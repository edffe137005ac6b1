#if canImport(Glibc)
    import Glibc
#endif

/// Reads a file that holds a secret.
///
/// - It is refused if others can read, write or execute it, or its group can write it.
/// - Symbolic links are followed, since Kubernetes mounts secrets as links: what counts is the file at their end, and
///   it is the opened file that is looked at, not its name.
enum SecretFile {
    /// Keys and tokens are short; a bearer token of a cloud may have a few KiB.
    static let maximumSize = 64 * 1024

    /// O_NONBLOCK: a named pipe without a writer would block for ever.
    private static let flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY

    /// nil if the file cannot be opened.
    static func fingerprint(_ path: String) -> SecretFingerprint? {
        let descriptor = open(path, flags)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var status = stat()
        return fstat(descriptor, &status) == 0 ? SecretFingerprint(status) : nil
    }

    static func read(_ path: String) throws(SecretError) -> [UInt8] {
        let descriptor = open(path, flags)
        guard descriptor >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { throw .fileNotFound(path: path) }
            if errno == EACCES || errno == EPERM { throw .closed(path: path) }
            throw .unreadable(path: path, reason: String(cString: strerror(errno)))
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw .unreadable(path: path, reason: String(cString: strerror(errno)))
        }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .notARegularFile(path: path) }
        guard status.st_mode & 0o027 == 0 else {
            throw .openToOthers(path: path, mode: status.st_mode & 0o7777)
        }
        return try contents(of: descriptor, path: path)
    }

    private static func contents(of descriptor: Int32, path: String) throws(SecretError) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4_096)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw .unreadable(path: path, reason: String(cString: strerror(errno)))
            }
            if count == 0 { return bytes }
            bytes.append(contentsOf: chunk[..<count])
            if bytes.count > maximumSize { throw .tooLarge(path: path) }
        }
    }
}
