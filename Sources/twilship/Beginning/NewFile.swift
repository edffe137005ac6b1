import Glibc

/// Writes a file whole or not at all.
///
/// - It is made under another name, synced, and gets its name at the end: nobody ever sees a part of it.
/// - What is there already is replaced only if that is asked for. A symbolic link is replaced itself, never followed.
/// - Its mode and group are right before the first byte is in it.
struct NewFile {
    let path: String
    let bytes: [UInt8]
    let mode: mode_t
    /// Nil: this process's own.
    var group: gid_t?

    enum Failure: Error, CustomStringConvertible {
        case exists(path: String)
        case notWritable(path: String, reason: String)

        var description: String {
            switch self {
            case .exists(let path): "\(path) is there already; --overwrite replaces it"
            case .notWritable(let path, let reason): "\(path) cannot be written: \(reason)"
            }
        }
    }

    static func isThere(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0
    }

    /// Makes a directory and those above it, if they are not there.
    /// - Returns: what was made, the outermost first.
    @discardableResult
    static func makeDirectory(_ path: String, mode: mode_t, group: gid_t? = nil) throws(Failure) -> [String] {
        var missing: [String] = []
        var place = path
        var status = stat()
        while stat(place, &status) != 0, errno == ENOENT, place.contains("/"), place != "/" {
            missing.append(place)
            place = NewFile.directory(of: place)
        }
        for directory in missing.reversed() {
            let isLast = directory == path
            guard mkdir(directory, 0o700) == 0 || errno == EEXIST,
                chmod(directory, isLast ? mode : 0o755) == 0,
                !isLast || group.map({ chown(directory, uid_t.max, $0) == 0 }) ?? true
            else { throw Failure(directory) }
        }
        return missing.reversed()
    }

    static func directory(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// The whole file under another name, synced; nothing is at `path` yet.
    func prepared() throws(Failure) -> Prepared {
        var status = stat()
        if lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
            throw .notWritable(path: path, reason: "it is a directory")
        }
        let name = path.split(separator: "/").last.map(String.init) ?? path
        let prepared = Prepared(path: path, draft: "\(Self.directory(of: path))/.\(name).\(getpid())")
        prepared.discard()
        do throws(Failure) {
            try write(to: prepared.draft)
        } catch {
            prepared.discard()
            throw error
        }
        return prepared
    }

    private func write(to draft: String) throws(Failure) {
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Failure(path) }
        defer { close(descriptor) }
        guard group.map({ fchown(descriptor, uid_t.max, $0) == 0 }) ?? true, fchmod(descriptor, mode) == 0 else {
            throw Failure(path)
        }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Failure(path) }
            rest = rest.dropFirst(count)
        }
        guard fsync(descriptor) == 0 else { throw Failure(path) }
    }

    struct Prepared {
        let path: String
        fileprivate let draft: String

        /// Gives it its name.
        func publish(replacing: Bool) throws(Failure) {
            if replacing {
                guard rename(draft, path) == 0 else { throw Failure(path) }
            } else {
                guard link(draft, path) == 0 else { throw errno == EEXIST ? .exists(path: path) : Failure(path) }
                discard()
            }
            let folder = open(NewFile.directory(of: path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            defer { if folder >= 0 { close(folder) } }
            guard folder >= 0, fsync(folder) == 0 else { throw Failure(path) }
        }

        func discard() {
            unlink(draft)
        }
    }
}

extension NewFile.Failure {
    /// What `errno` says of a path.
    fileprivate init(_ path: String) {
        self = .notWritable(path: path, reason: String(cString: strerror(errno)))
    }
}
