import Glibc

/// The folder that holds everything twilship remembers, and the lock that keeps it to one process.
///
///     DIRECTORY/lock           held for as long as the owner lives
///     DIRECTORY/state.sqlite   places, ledger, positions (and SQLite's -wal and -shm)
///     DIRECTORY/reserve        room that is given up when the disk is full
///     DIRECTORY/spool/N.seg    records, in the order in which they were appended
///     DIRECTORY/spool/N.seg.damaged   what is left of a segment that could not be read whole, for inspection
///
/// All of it is readable by the owner only: records hold personal data.
package struct StateDirectory: Sendable {
    package let path: String

    package init(path: String) {
        self.path = path
    }

    package var databasePath: String { path + "/state.sqlite" }
    package var spoolPath: String { path + "/spool" }
    package var lockPath: String { path + "/lock" }
    package var reservePath: String { path + "/reserve" }

    package func segmentPath(_ id: Int64) -> String {
        let digits = String(id)
        return spoolPath + "/" + String(repeating: "0", count: max(0, 10 - digits.count)) + digits + ".seg"
    }

    /// Where the bytes of a damaged segment are kept.
    func damagedPath(_ id: Int64) -> String { segmentPath(id) + Self.damagedSuffix }

    static let damagedSuffix = ".damaged"

    /// The names of the files in the spool's folder.
    func spoolFiles() throws(SpoolError) -> [String] {
        guard let folder = opendir(spoolPath) else {
            throw .io(path: spoolPath, doing: "listing the folder", reason: errnoText())
        }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            names.append(
                withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                    pointer.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
                })
        }
        return names
    }

    /// Makes the folders that are missing, with mode 0700.
    func create() throws(SpoolError) {
        for folder in [path, spoolPath] {
            guard mkdir(folder, 0o700) != 0, errno != EEXIST else { continue }
            if errno == ENOENT, folder == path {
                throw .directory(
                    path: path, reason: "its parent folder does not exist; create it, or set [state] directory")
            }
            throw .directory(path: folder, reason: "it cannot be created: \(errnoText())")
        }
        guard access(path, W_OK | X_OK) == 0 else {
            throw .directory(path: path, reason: "it is not writable for this user: \(errnoText())")
        }
    }

    /// Takes the lock.
    /// - Throws: `SpoolError.locked` with the other process's id if another process has it.
    func lock() throws(SpoolError) -> StateLock {
        let descriptor = open(lockPath, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else {
            throw .directory(path: lockPath, reason: "it cannot be opened: \(errnoText())")
        }
        // `owner()` holds the lock for a moment to see whether it is free; that is no other twilship.
        var isLocked = flock(descriptor, LOCK_EX | LOCK_NB) == 0
        for _ in 0..<10 where !isLocked && errno == EWOULDBLOCK {
            usleep(20_000)
            isLocked = flock(descriptor, LOCK_EX | LOCK_NB) == 0
        }
        guard isLocked else {
            let reason = errno
            let owner = Self.readProcessID(descriptor)
            close(descriptor)
            guard reason == EWOULDBLOCK else {
                throw .directory(path: lockPath, reason: "it cannot be locked: \(String(cString: strerror(reason)))")
            }
            throw .locked(path: path, processID: owner)
        }
        let text = Array("\(getpid())\n".utf8)
        // The number is for people; the lock itself is what counts.
        if ftruncate(descriptor, 0) == 0 {
            _ = text.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
        }
        return StateLock(descriptor: descriptor)
    }

    /// The process that has the lock now; nil if none has, or the folder cannot be read.
    package func owner() -> Int32? {
        let descriptor = open(lockPath, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        guard flock(descriptor, LOCK_SH | LOCK_NB) != 0, errno == EWOULDBLOCK else { return nil }
        return Self.readProcessID(descriptor)
    }

    private static func readProcessID(_ descriptor: Int32) -> Int32 {
        var bytes = [UInt8](repeating: 0, count: 16)
        let count = bytes.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, 0) }
        return Int32(String(decoding: bytes.prefix(max(0, count)), as: UTF8.self).prefix { $0.isNumber }) ?? 0
    }
}

/// Holds the state directory's lock until it is released or the process ends, however it ends.
final class StateLock: Sendable {
    private let descriptor: Int32

    init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
    }
}

func errnoText() -> String {
    String(cString: strerror(errno))
}
