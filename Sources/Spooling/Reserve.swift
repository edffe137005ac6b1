import Glibc

/// A file that only takes room, so that there is some to give up when the disk is full: noting deliveries and removing
/// what was delivered need a little.
///
/// While it cannot be held, nothing is appended.
struct Reserve {
    private let path: String
    private let bytes: Int
    private let calls: FileCalls
    private(set) var isHeld = false

    init(_ directory: StateDirectory, bytes: Int, _ calls: FileCalls) {
        path = directory.reservePath
        self.bytes = bytes
        self.calls = calls
        isHeld = FileSize(path).map { $0.length == Int64(bytes) && $0.allocated >= bytes } ?? false
    }

    /// Takes the room, unless it is held, or would be the last of the disk.
    /// - Returns: false if the disk is too full for it. True if it cannot be taken for another reason: then that keeps
    ///   records from being written too, and says so, or the file system cannot set room aside.
    mutating func hold(in folder: String) -> Bool {
        if isHeld { return true }
        // Beside it as much must be left: else the next append would give it up again.
        if let free = freeBytes(at: folder), free < 2 * bytes { return false }
        let descriptor = calls.open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { return !isLackOfRoom(errno) }
        defer { close(descriptor) }
        let result = calls.allocate(descriptor, off_t(bytes))
        isHeld = result == 0
        if !isHeld { _ = calls.unlink(path) }
        return isHeld || !isLackOfRoom(result)
    }

    /// Gives the room back to the disk.
    mutating func giveUp() {
        isHeld = false
        _ = calls.unlink(path)
    }
}
