import Glibc

/// Whose the state directory is.
enum StateOwner {
    /// From now on this process is the directory's owner, if it is root and the directory is not root's: what it writes
    /// must be writable for the service afterwards.
    /// - Throws: `CommandRefusal` if that is not possible; nothing was written then.
    static func become(ownerOf directory: String) throws {
        var status = stat()
        guard geteuid() == 0, stat(directory, &status) == 0, status.st_uid != 0 else { return }
        guard setgroups(0, nil) == 0, setgid(status.st_gid) == 0, setuid(status.st_uid) == 0 else {
            throw CommandRefusal(
                exit: 77,
                sentence: "\(directory) belongs to uid \(status.st_uid), and this process cannot become that user: "
                    + String(cString: strerror(errno)))
        }
    }
}
