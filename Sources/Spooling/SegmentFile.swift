import Glibc

/// The segment that records are appended to now.
///
/// Only what SQLite says is committed counts: bytes behind the committed length are left over from a crash and are
/// written over. A descriptor whose write or sync failed is never used again, because the kernel may have dropped the
/// pages it could not write and call the next sync a success.
struct SegmentFile: ~Copyable {
    let id: Int64
    let path: String
    private let descriptor: Int32
    /// Where the next frame goes: the end of what was written.
    private(set) var length: Int64

    /// Creates a segment, durably: its folder is synced too.
    init(creating id: Int64, in directory: StateDirectory) throws(SpoolError) {
        self.id = id
        path = directory.segmentPath(id)
        descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        length = 0
        guard descriptor >= 0 else { throw .io(path: path, doing: "creating it", reason: errnoText()) }
        try Self.syncFolder(directory.spoolPath)
    }

    /// Opens a segment at its committed length and cuts off what a crash left behind it.
    init(opening id: Int64, in directory: StateDirectory, committed: Int64) throws(SpoolError) {
        self.id = id
        path = directory.segmentPath(id)
        descriptor = Glibc.open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW)
        length = committed
        guard descriptor >= 0 else { throw .io(path: path, doing: "opening it", reason: errnoText()) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw .io(path: path, doing: "looking at it", reason: errnoText())
        }
        guard status.st_size >= committed else {
            throw .damaged(
                path: path, offset: Int64(status.st_size),
                reason: "the file ends before its committed length \(committed)")
        }
        guard ftruncate(descriptor, off_t(committed)) == 0 else {
            throw .io(path: path, doing: "cutting off what a crash left behind", reason: errnoText())
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
                    pwrite(descriptor, bytes.baseAddress?.advanced(by: written), bytes.count - written, off_t(end))
                }
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { throw .io(path: path, doing: "writing", reason: errnoText()) }
                written += count
                end += Int64(count)
            }
        }
        guard fdatasync(descriptor) == 0 else { throw .io(path: path, doing: "syncing", reason: errnoText()) }
        length = end
    }

    static func syncFolder(_ path: String) throws(SpoolError) {
        let folder = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw .io(path: path, doing: "opening the folder", reason: errnoText()) }
        defer { close(folder) }
        guard fsync(folder) == 0 else { throw .io(path: path, doing: "syncing the folder", reason: errnoText()) }
    }

    /// Reads exactly `length` bytes of a segment.
    static func read(path: String, offset: Int64, length: Int) throws(SpoolError) -> [UInt8] {
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { throw .io(path: path, doing: "opening it", reason: errnoText()) }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: length)
        var done = 0
        while done < length {
            let count = bytes.withUnsafeMutableBytes { buffer in
                pread(descriptor, buffer.baseAddress?.advanced(by: done), length - done, off_t(offset) + off_t(done))
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .io(path: path, doing: "reading", reason: errnoText()) }
            guard count > 0 else { throw .damaged(path: path, offset: offset, reason: "the file is cut short") }
            done += count
        }
        return bytes
    }
}
