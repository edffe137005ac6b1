import Glibc

/// The segment that records are appended to now.
///
/// Only what SQLite says is committed counts: bytes behind the committed length are left over from a crash and are
/// written over. A descriptor whose write or sync failed is never used again, because the kernel may have dropped the
/// pages it could not write and call the next sync a success.
struct SegmentFile: ~Copyable {
    let id: Int64
    let path: String
    private let calls: FileCalls
    private let descriptor: Int32
    /// Where the next frame goes: the end of what was written.
    private(set) var length: Int64

    /// Creates a segment, durably: its folder is synced too.
    init(creating id: Int64, in directory: StateDirectory, _ calls: FileCalls) throws(SpoolError) {
        self.id = id
        self.calls = calls
        path = directory.segmentPath(id)
        descriptor = calls.open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW)
        length = 0
        guard descriptor >= 0 else { throw .failed(path, "creating it") }
        try Self.syncFolder(directory.spoolPath, calls)
    }

    /// Opens a segment at its committed length and cuts off what a crash left behind it.
    init(opening id: Int64, in directory: StateDirectory, committed: Int64, _ calls: FileCalls) throws(SpoolError) {
        self.id = id
        self.calls = calls
        path = directory.segmentPath(id)
        length = committed
        descriptor = calls.open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { throw .failed(path, "opening it") }
        guard let size = FileSize(path), size.length >= committed else {
            throw .damaged(
                path: path, offset: committed, reason: "the file ends before its committed length \(committed)")
        }
        guard size.length == committed || calls.truncate(path, off_t(committed)) == 0 else {
            throw .failed(path, "cutting off what a crash left behind")
        }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    /// Writes frames at the end and makes them durable.
    mutating func append(_ frames: [[UInt8]]) throws(SpoolError) {
        var end = length
        for frame in frames {
            var written = 0
            while written < frame.count {
                let count = frame.withUnsafeBytes { bytes in
                    calls.write(descriptor, UnsafeRawBufferPointer(rebasing: bytes[written...]), off_t(end))
                }
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { throw .failed(path, "writing") }
                written += count
                end += Int64(count)
            }
        }
        guard calls.sync(descriptor) == 0 else { throw .failed(path, "syncing") }
        length = end
    }

    static func syncFolder(_ path: String, _ calls: FileCalls) throws(SpoolError) {
        let folder = calls.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw .failed(path, "opening the folder") }
        defer { close(folder) }
        guard calls.syncFolder(folder) == 0 else { throw .failed(path, "syncing the folder") }
    }

    /// Reads exactly `length` bytes of a segment.
    /// - Throws: `SpoolError.damaged` if the file is gone, too short or unreadable, which trying again does not mend;
    ///   `SpoolError.io` for what may pass.
    static func read(
        path: String, offset: Int64, length: Int, _ calls: FileCalls = .system
    ) throws(SpoolError) -> [UInt8] {
        let descriptor = calls.open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { throw .unreadable(path, offset, "opening it") }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: length)
        var done = 0
        while done < length {
            let count = bytes.withUnsafeMutableBytes { buffer in
                calls.read(
                    descriptor, UnsafeMutableRawBufferPointer(rebasing: buffer[done...]), off_t(offset) + off_t(done))
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .unreadable(path, offset, "reading") }
            guard count > 0 else { throw .damaged(path: path, offset: offset, reason: "the file is cut short") }
            done += count
        }
        return bytes
    }
}

extension SpoolError {
    /// A call failed, for the reason that `errno` has.
    fileprivate static func failed(_ path: String, _ doing: String) -> SpoolError {
        isLackOfRoom(errno)
            ? .full(Fullness(cause: .disk(path: path), sinks: [], since: nil, keptUntil: nil))
            : .io(path: path, doing: doing, reason: errnoText())
    }

    /// What was written cannot be read, for the reason that `errno` has.
    fileprivate static func unreadable(_ path: String, _ offset: Int64, _ doing: String) -> SpoolError {
        switch errno {
        // ELOOP: something else, a link, stands in its place. EUCLEAN: the file system found itself damaged.
        case ENOENT, ENOTDIR, EIO, ELOOP, EUCLEAN:
            .damaged(path: path, offset: offset, reason: "\(doing) failed: \(errnoText())")
        default: .io(path: path, doing: doing, reason: errnoText())
        }
    }
}
