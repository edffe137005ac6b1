import Glibc

/// An open file that only grows, and what is known of it. Lives on the sink's queue.
///
/// - It is a regular file, reached without a symbolic link, and locked against other sinks.
/// - `end` is where we believe it ends; `refresh` says when somebody else changed that.
final class AppendedFile {
    let path: String
    let status: FileSystem.Status
    /// Another program gave it another name.
    var isMoved = false
    /// Bytes up to the end of the file.
    private(set) var end: Int64
    private let descriptor: Int32
    /// The first bytes of the file, up to `FileState.longestHead`.
    private var head: [UInt8]
    /// Up to here the page cache was told to let go.
    private var dropped: Int64 = 0
    /// What readers who follow the file find in memory.
    private static let mostCached: Int64 = 16 << 20

    /// Opens `path`; with `create`, an empty file 0600 is made if there is none.
    init(_ path: String, create: Bool) throws(FileSinkError) {
        // Opening a device or a pipe could already have an effect.
        if let found = try FileSystem.status(of: path), !found.isRegular {
            throw .notAFile(path: path, kind: found.kind)
        }
        let descriptor = try FileSystem.open(path, O_RDWR | O_APPEND | (create ? O_CREAT : 0))
        do throws(FileSinkError) {
            let status = try FileSystem.status(of: descriptor, path: path)
            guard status.isRegular else { throw .notAFile(path: path, kind: status.kind) }
            guard FileSystem.lock(descriptor) else { throw .inUse(path: path) }
            let end = status.size
            // Everything that may throw comes before the properties: from then on `deinit` closes the descriptor too.
            head = try Self.read(descriptor, path: path, at: 0, count: Self.headLength(end))
            self.path = path
            self.descriptor = descriptor
            self.status = status
            self.end = end
        } catch {
            close(descriptor)
            throw error
        }
    }

    deinit {
        close(descriptor)
    }

    /// The checksum of the first bytes, and how many it covers: at most `length`.
    func digest(upTo length: Int64) -> FileState.Digest {
        let covered = head.prefix(Int(min(length, Int64(FileState.longestHead))))
        return FileState.Digest(covered: covered.count, checksum: Checksum.crc32(covered))
    }

    /// Looks at the file again. `end` is what it was before; `links` is 0 when the file was removed.
    func refresh() throws(FileSinkError) -> (size: Int64, links: Int) {
        let now = try FileSystem.status(of: descriptor, path: path)
        return (now.size, now.links)
    }

    /// Takes note that somebody else changed the file.
    func acceptSize(_ size: Int64) throws(FileSinkError) {
        end = size
        try readHead()
    }

    /// Appends all of `bytes`. After an error any part of them may be in the file.
    func append(_ bytes: ArraySlice<UInt8>) throws(FileSinkError) {
        var rest = bytes
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if written < 0 {
                let code = errno
                if code == EINTR { continue }
                throw .failed("write to", path: path, code: code)
            }
            if head.count < FileState.longestHead {
                head.append(contentsOf: rest.prefix(min(written, FileState.longestHead - head.count)))
            }
            end += Int64(written)
            rest = rest.dropFirst(written)
        }
    }

    /// Makes what was written last. After an error the descriptor must not be used again: the next sync would succeed
    /// without having written anything (fsync(2), "EIO").
    func sync() throws(FileSinkError) {
        guard fdatasync(descriptor) == 0 else { throw .failed("sync", path: path, code: errno) }
        dropBehind()
    }

    /// Does not let a file that grows for days push everything else out of the page cache. What cannot be dropped stays.
    private func dropBehind() {
        let end = end - Self.mostCached
        guard end - dropped >= Self.mostCached / 16 else { return }
        _ = posix_fadvise(descriptor, off_t(dropped), off_t(end - dropped), POSIX_FADV_DONTNEED)
        dropped = end
    }

    /// Compares what follows `offset` with the bytes due there, keeps what is equal and cuts the file at the first
    /// difference. Returns how many bytes were equal and how many were cut.
    ///
    /// Equal bytes are written again in their place: after a failed sync they may exist in the page cache only, and would
    /// never reach the disk by themselves. Readers see no difference.
    func settleTail(from offset: Int64, due: ArraySlice<UInt8>) throws(FileSinkError) -> (equal: Int, cut: Int64) {
        var equal = 0
        while equal < due.count, offset + Int64(equal) < end {
            let place = offset + Int64(equal)
            let expected = due.dropFirst(equal)
            let found = try read(at: place, count: min(expected.count, Int(min(end - place, Int64(Self.pieceLength)))))
            let same = zip(found, expected).prefix { $0 == $1 }.count
            try overwrite(expected.prefix(same), at: place)
            equal += same
            guard same < found.count || found.isEmpty else { continue }
            let cut = end - (offset + Int64(equal))
            try truncate(to: offset + Int64(equal))
            return (equal, cut)
        }
        return (equal, 0)
    }

    /// Whether the file is empty or its last byte is a line feed.
    func endsWithLine() throws(FileSinkError) -> Bool {
        if end == 0 { return true }
        return try read(at: end - 1, count: 1).first == UInt8(ascii: "\n")
    }

    /// Gives the file its mode and group.
    func setAccess(mode: UInt32, group: UInt32?) throws(FileSinkError) {
        guard fchmod(descriptor, mode) == 0 else { throw .failed("set the mode of", path: path, code: errno) }
        if let group, fchown(descriptor, uid_t.max, group) != 0 {
            throw .failed("set the group of", path: path, code: errno)
        }
    }

    /// What is read or compared at a time.
    private static let pieceLength = 64 << 10

    private func readHead() throws(FileSinkError) {
        head = try read(at: 0, count: Self.headLength(end))
    }

    private static func headLength(_ size: Int64) -> Int {
        Int(min(size, Int64(FileState.longestHead)))
    }

    private func read(at offset: Int64, count: Int) throws(FileSinkError) -> [UInt8] {
        try Self.read(descriptor, path: path, at: offset, count: count)
    }

    /// Up to `count` bytes; fewer only where the file ends.
    private static func read(
        _ descriptor: Int32, path: String, at offset: Int64, count: Int
    ) throws(FileSinkError) -> [UInt8] {
        var code: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                let start = buffer.baseAddress.map { $0 + filled }
                let got = pread(descriptor, start, count - filled, Int(offset) + filled)
                if got < 0, errno == EINTR { continue }
                if got < 0 { code = errno }
                if got <= 0 { return }
                filled += got
            }
        }
        if code != 0 { throw .failed("read", path: path, code: code) }
        return bytes
    }

    /// Linux appends even with pwrite while O_APPEND is set (pwrite(2), "BUGS"), so it is taken off meanwhile.
    private func overwrite(_ bytes: ArraySlice<UInt8>, at offset: Int64) throws(FileSinkError) {
        let flags = fcntl(descriptor, F_GETFL)
        guard flags >= 0, fcntl(descriptor, F_SETFL, flags & ~O_APPEND) == 0 else {
            throw .failed("prepare", path: path, code: errno)
        }
        defer { _ = fcntl(descriptor, F_SETFL, flags) }
        var done = 0
        while done < bytes.count {
            let written = bytes.dropFirst(done).withUnsafeBytes {
                pwrite(descriptor, $0.baseAddress, $0.count, Int(offset) + done)
            }
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { throw .failed("write to", path: path, code: errno) }
            done += written
        }
    }

    private func truncate(to length: Int64) throws(FileSinkError) {
        guard ftruncate(descriptor, Int(length)) == 0 else { throw .failed("cut", path: path, code: errno) }
        try acceptSize(length)
    }
}
