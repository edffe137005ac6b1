import CFileCalls
import Glibc
import PipelineCore

/// The system calls of the file sink, their error numbers made into errors. All of them block.
enum FileSystem {
    /// What identifies a file and what it is.
    struct Status {
        let device: UInt64
        let inode: UInt64
        let size: Int64
        let links: Int
        let mode: UInt32
        let owner: UInt32
        let group: UInt32
        let accessed: timespec
        let modified: timespec

        var isRegular: Bool { mode & UInt32(S_IFMT) == UInt32(S_IFREG) }

        var lastWrite: Timestamp { Timestamp(milliseconds: Int64(modified.tv_sec) * 1000) }

        /// Words for what is not a regular file.
        var kind: String {
            switch mode & UInt32(S_IFMT) {
            case UInt32(S_IFDIR): "a directory"
            case UInt32(S_IFLNK): "a symbolic link"
            case UInt32(S_IFIFO): "a named pipe"
            case UInt32(S_IFSOCK): "a socket"
            default: "a device"
            }
        }

        fileprivate init(_ status: stat) {
            device = UInt64(status.st_dev)
            inode = UInt64(status.st_ino)
            size = Int64(status.st_size)
            links = Int(status.st_nlink)
            mode = status.st_mode
            owner = status.st_uid
            group = status.st_gid
            accessed = status.st_atim
            modified = status.st_mtim
        }
    }

    /// What is at `path` itself, a symbolic link included; nil when there is nothing.
    static func status(of path: String) throws(FileSinkError) -> Status? {
        var status = stat()
        if lstat(path, &status) == 0 { return Status(status) }
        let code = errno
        if code == ENOENT { return nil }
        throw .failed("look at", path: path, code: code)
    }

    static func status(of descriptor: Int32, path: String) throws(FileSinkError) -> Status {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .failed("look at", path: path, code: errno) }
        return Status(status)
    }

    /// Opens a file; never through a symbolic link at the end of `path`, never waiting for a pipe's other end.
    static func open(_ path: String, _ flags: Int32, mode: mode_t = 0o600) throws(FileSinkError) -> Int32 {
        while true {
            let descriptor = Glibc.open(path, flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, mode)
            if descriptor >= 0 { return descriptor }
            let code = errno
            if code == EINTR { continue }
            throw .failed("open", path: path, code: code)
        }
    }

    /// Reads at most as many bytes as `bytes` has room for. 0 at the file's end.
    static func read(_ descriptor: Int32, _ bytes: inout [UInt8], path: String) throws(FileSinkError) -> Int {
        try readWhole(descriptor, &bytes, count: bytes.count, path: path)
    }

    /// Reads `count` bytes, fewer only at the file's end.
    static func readWhole(
        _ descriptor: Int32, _ bytes: inout [UInt8], count: Int, path: String
    ) throws(FileSinkError) -> Int {
        precondition(count <= bytes.count)
        var position = 0
        while position < count {
            let got = bytes.withUnsafeMutableBytes {
                Glibc.read(descriptor, $0.baseAddress.map { $0 + position }, count - position)
            }
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw .failed("read", path: path, code: errno) }
            if got == 0 { break }
            position += got
        }
        return position
    }

    /// False when another descriptor, of any process, holds the lock. Where locks are not supported, nobody does.
    static func lock(_ descriptor: Int32) -> Bool {
        cfilecalls_flock(descriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK
    }

    /// Renames without replacing anything. False when `new` exists.
    static func rename(_ old: String, to new: String) throws(FileSinkError) -> Bool {
        if cfilecalls_rename_noreplace(old, new) == 0 { return true }
        var code = errno
        if code == EEXIST { return false }
        if code == EINVAL || code == ENOSYS {
            // The file system cannot promise it; then look first.
            if try status(of: new) != nil { return false }
            if Glibc.rename(old, new) == 0 { return true }
            code = errno
        }
        throw .failed("rename", path: old, code: code)
    }

    static func replace(_ new: String, with old: String) throws(FileSinkError) {
        guard Glibc.rename(old, new) == 0 else { throw .failed("rename", path: old, code: errno) }
    }

    /// Removes a file; one that is gone already is no error. True when there was one.
    @discardableResult
    static func remove(_ path: String) throws(FileSinkError) -> Bool {
        if unlink(path) == 0 { return true }
        let code = errno
        if code == ENOENT { return false }
        throw .failed("remove", path: path, code: code)
    }

    /// Makes what was created, renamed or removed in the directory of `path` last.
    static func syncDirectory(of path: String) throws(FileSinkError) {
        let directory = parent(of: path)
        // A directory may be a symbolic link; only the file itself must not.
        let descriptor = Glibc.open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .failed("open", path: directory, code: errno) }
        defer { close(descriptor) }
        // EINVAL: the file system has no such thing for directories.
        guard fsync(descriptor) == 0 || errno == EINVAL else { throw .failed("sync", path: directory, code: errno) }
    }

    /// Creates the missing directories above `path`, 0750 and of `group`, and makes them last.
    static func createDirectories(above path: String, group: UInt32?) throws(FileSinkError) {
        let directory = parent(of: path)
        var status = stat()
        if directory == "/" || stat(directory, &status) == 0 { return }
        try createDirectories(above: directory, group: group)
        guard mkdir(directory, 0o750) == 0 else {
            // Somebody else made it just now: it is theirs.
            if errno == EEXIST { return }
            throw .failed("create the directory", path: directory, code: errno)
        }
        guard chmod(directory, 0o750) == 0 else { throw .failed("set the mode of", path: directory, code: errno) }
        if let group, chown(directory, uid_t.max, group) != 0 {
            throw .failed("set the group of", path: directory, code: errno)
        }
        try syncDirectory(of: directory)
    }

    /// How many names of a directory are looked through for a file that was renamed.
    private static let searchLimit = 10_000

    /// The paths in the directory of `path` whose file has the number `inode`.
    static func paths(beside path: String, withInode inode: UInt64) -> [String] {
        let directory = parent(of: path)
        guard let stream = opendir(directory) else { return [] }
        defer { closedir(stream) }
        var found: [String] = []
        for _ in 0..<searchLimit {
            guard let entry = readdir(stream) else { break }
            guard UInt64(entry.pointee.d_ino) == inode else { continue }
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            found.append(directory == "/" ? "/" + name : directory + "/" + name)
        }
        return found
    }

    static func groupID(named name: String) throws(FileSinkError) -> UInt32 {
        var entry = group()
        var result: UnsafeMutablePointer<group>?
        // getgrnam_r asks for more room with ERANGE; a group with this many members is none to give files to.
        var buffer = [CChar](repeating: 0, count: 1 << 20)
        let code = getgrnam_r(name, &entry, &buffer, buffer.count, &result)
        guard code == 0 else { throw .failed("look up the group", path: name, code: code) }
        // As chgrp does: a name first, then a number.
        if result == nil, let number = UInt32(name) { return number }
        guard result != nil else { throw .unknownGroup(name) }
        return entry.gr_gid
    }

    static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/"), slash > path.startIndex else { return "/" }
        return String(path[..<slash])
    }
}
