import Glibc

/// The segment that records are appended to now.
///
/// Only what SQLite says is committed counts: bytes behind the committed length are left over from a crash and are
/// written over. Whole blocks are written, past the page cache where the file system lets that be (`O_DIRECT`): most of
/// what is written is never read from the disk, and keeping it in the page cache would cost more than everything else
/// that is done with it. A descriptor whose write or sync failed is never used again, because the kernel may have dropped the
/// pages it could not write and call the next sync a success.
struct SegmentFile: ~Copyable {
    let id: Int64
    let path: String
    private let calls: FileCalls
    private let descriptor: Int32
    /// Where the next frame goes: the end of what was written, a multiple of `BlockBuffer.blockBytes`.
    private(set) var length: Int64

    /// Creates a segment, durably: its folder is synced too.
    init(creating id: Int64, in directory: StateDirectory, _ calls: FileCalls) throws(SpoolError) {
        self.id = id
        self.calls = calls
        path = directory.segmentPath(id)
        descriptor = Self.openDirect(path, O_RDWR | O_CREAT | O_TRUNC, calls)
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
        descriptor = Self.openDirect(path, O_RDWR, calls)
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

    /// Writes whole blocks at the end; they last once `sync` has succeeded.
    mutating func append(_ blocks: UnsafeRawBufferPointer) throws(SpoolError) {
        var rest = blocks
        while !rest.isEmpty {
            let count = calls.write(descriptor, rest, off_t(length))
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .failed(path, "writing") }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            length += Int64(count)
        }
    }

    /// Makes what was written durable.
    func sync() throws(SpoolError) {
        guard calls.sync(descriptor) == 0 else { throw .failed(path, "syncing") }
    }

    /// Some file systems (tmpfs before Linux 6.6, some FUSE ones) know no direct writing.
    private static func openDirect(_ path: String, _ flags: Int32, _ calls: FileCalls) -> Int32 {
        let flags = flags | O_CLOEXEC | O_NOFOLLOW
        let descriptor = calls.open(path, flags | FileCalls.direct)
        return descriptor < 0 && errno == EINVAL ? calls.open(path, flags) : descriptor
    }

    static func syncFolder(_ path: String, _ calls: FileCalls) throws(SpoolError) {
        let folder = calls.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw .failed(path, "opening the folder") }
        defer { close(folder) }
        guard calls.syncFolder(folder) == 0 else { throw .failed(path, "syncing the folder") }
    }

    /// Reads exactly `length` bytes of a segment, past the page cache where that is possible.
    /// - Returns: bytes that end with those of the segment: what comes before only makes these begin at a whole block.
    /// - Throws: `SpoolError.damaged` if the file is gone, too short or unreadable, which trying again does not mend;
    ///   `SpoolError.io` for what may pass.
    static func read(
        path: String, offset: Int64, length: Int, _ calls: FileCalls
    ) throws(SpoolError) -> [UInt8] {
        // Older versions did not write whole blocks.
        let isDirect = Int(offset) % blockBytes == 0
        let descriptor =
            isDirect
            ? openDirect(path, O_RDONLY, calls) : calls.open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { throw .unreadable(path, offset, "opening it") }
        defer { close(descriptor) }
        var done = 0
        var code: Int32 = 0
        // The last block is read whole: its end is where the next frame begins, or the file ends.
        let room = isDirect ? BlockBuffer.roundedUp(length) : length
        let bytes = [UInt8](unsafeUninitializedCapacity: blockBytes + room) { buffer, initialized in
            let start = isDirect ? buffer.bytesToWholeBlock : 0
            buffer[..<start].initialize(repeating: 0)
            while done < length {
                let rest = UnsafeMutableRawBufferPointer(
                    rebasing: UnsafeMutableRawBufferPointer(buffer)[start + done..<start + room])
                let count = calls.read(descriptor, rest, off_t(offset) + off_t(done))
                if count < 0, errno == EINTR { continue }
                if count <= 0 {
                    code = count < 0 ? errno : 0
                    return
                }
                done += count
            }
            initialized = start + length
        }
        guard done < length else { return bytes }
        guard code != 0 else { throw .damaged(path: path, offset: offset, reason: "the file is cut short") }
        errno = code
        throw .unreadable(path, offset, "reading")
    }

    private static let blockBytes = BlockBuffer.blockBytes
}

extension UnsafeMutableBufferPointer<UInt8> {
    /// Up to the first whole block in memory.
    fileprivate var bytesToWholeBlock: Int {
        let address = Int(bitPattern: baseAddress)
        return BlockBuffer.roundedUp(address) - address
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
