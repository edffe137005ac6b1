import CZlib
import Glibc

/// One file being compressed into another, a piece at a time, in constant memory.
final class GzipFile {
    /// Read and written at a time.
    private static let pieceLength = 64 << 10
    /// zlib's own compromise: JSON lines shrink to a tenth, and higher levels gain little for twice the time.
    private static let level: Int32 = 6

    private let source: String
    private let target: String
    private let input: Int32
    private let output: Int32
    private var isFinished = false
    /// On the heap: zlib keeps its address.
    private let stream: UnsafeMutablePointer<z_stream>

    /// - Parameter target: must not exist; it is made 0600.
    init(compressing source: String, into target: String) throws(FileSinkError) {
        self.source = source
        self.target = target
        input = try FileSystem.open(source, O_RDONLY)
        do throws(FileSinkError) {
            output = try FileSystem.open(target, O_WRONLY | O_CREAT | O_EXCL)
        } catch {
            close(input)
            throw error
        }
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        guard czlib_deflate_init_gzip(stream, Self.level) == Z_OK else {
            throw .failed("compress", path: source, code: ENOMEM)
        }
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
        close(input)
        close(output)
    }

    /// Compresses the next piece. False when the source's end was reached and everything is written.
    func compressPiece() throws(FileSinkError) -> Bool {
        if isFinished { return false }
        var piece = [UInt8](repeating: 0, count: Self.pieceLength)
        var got = read(input, &piece, piece.count)
        while got < 0, errno == EINTR { got = read(input, &piece, piece.count) }
        guard got >= 0 else { throw .failed("read", path: source, code: errno) }
        isFinished = got == 0
        try deflate(&piece, count: got, flush: isFinished ? Z_FINISH : Z_NO_FLUSH)
        return !isFinished
    }

    /// Makes the compressed file last, with the mode, owner and times of the original.
    func finish(like original: FileSystem.Status) throws(FileSinkError) {
        precondition(isFinished)
        // Keeping another owner needs privileges; a hardened service may not even ask for what is so already.
        let ours = try FileSystem.status(of: output, path: target)
        if (ours.owner, ours.group) != (original.owner, original.group),
            fchown(output, original.owner, original.group) != 0, fchown(output, uid_t.max, original.group) != 0
        {
            throw .failed("set the group of", path: target, code: errno)
        }
        guard fchmod(output, original.mode & 0o777) == 0 else {
            throw .failed("set the mode of", path: target, code: errno)
        }
        var times = [original.accessed, original.modified]
        guard futimens(output, &times) == 0 else { throw .failed("set the time of", path: target, code: errno) }
        guard fsync(output) == 0 else { throw .failed("sync", path: target, code: errno) }
    }

    /// Whether `compressed` ends as the gzip file of `source` does: with its CRC-32 and length (RFC 1952, 2.3.1).
    static func isComplete(_ compressed: String, of source: String) throws(FileSinkError) -> Bool {
        let end = try FileSystem.open(compressed, O_RDONLY)
        defer { close(end) }
        let size = try FileSystem.status(of: end, path: compressed).size
        var trailer = [UInt8](repeating: 0, count: 8)
        guard size >= 18, pread(end, &trailer, 8, Int(size) - 8) == 8 else { return false }

        let input = try FileSystem.open(source, O_RDONLY)
        defer { close(input) }
        var piece = [UInt8](repeating: 0, count: pieceLength)
        var checksum: UInt32 = 0
        var length: UInt32 = 0
        while true {
            let got = read(input, &piece, piece.count)
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw .failed("read", path: source, code: errno) }
            if got == 0 { break }
            checksum = Checksum.crc32(piece[..<got], continuing: checksum)
            length &+= UInt32(got)
        }
        let number = { (bytes: ArraySlice<UInt8>) in bytes.reversed().reduce(0) { $0 << 8 | UInt32($1) } }
        return number(trailer[..<4]) == checksum && number(trailer[4...]) == length
    }

    private func deflate(_ piece: inout [UInt8], count: Int, flush: Int32) throws(FileSinkError) {
        var failure: FileSinkError?
        piece.withUnsafeMutableBufferPointer { source in
            stream.pointee.next_in = source.baseAddress
            stream.pointee.avail_in = UInt32(count)
            var compressed = [UInt8](repeating: 0, count: Self.pieceLength)
            repeat {
                let made = compressed.withUnsafeMutableBufferPointer { target in
                    stream.pointee.next_out = target.baseAddress
                    stream.pointee.avail_out = UInt32(target.count)
                    _ = CZlib.deflate(stream, flush)
                    return target.count - Int(stream.pointee.avail_out)
                }
                do throws(FileSinkError) { try write(compressed[..<made]) } catch { failure = error }
            } while failure == nil && stream.pointee.avail_out == 0
        }
        if let failure { throw failure }
    }

    private func write(_ bytes: ArraySlice<UInt8>) throws(FileSinkError) {
        var rest = bytes
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Glibc.write(output, $0.baseAddress, $0.count) }
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { throw .failed("write to", path: target, code: errno) }
            rest = rest.dropFirst(written)
        }
    }
}
