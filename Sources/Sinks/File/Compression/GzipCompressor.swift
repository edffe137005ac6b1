import CZlib
import Glibc

/// Compresses as gzip (RFC 1952).
final class GzipCompressor: Compressor {
    /// zlib's own compromise: JSON lines shrink to a tenth, and higher levels gain little for twice the time.
    private static let level: Int32 = 6
    private static let bufferLength = 64 << 10

    /// On the heap: zlib keeps its address.
    private let stream: UnsafeMutablePointer<z_stream>

    /// - Parameter path: of the file that is compressed, for the error.
    init(path: String) throws(FileSinkError) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        guard czlib_deflate_init_gzip(stream, Self.level) == Z_OK else {
            throw .failed("compress", path: path, code: ENOMEM)
        }
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
    }

    func compress(
        _ piece: ArraySlice<UInt8>, _ emit: (ArraySlice<UInt8>) throws(FileSinkError) -> Void
    ) throws(FileSinkError) {
        var failure: FileSinkError?
        // zlib reads from it only, and wants it mutable.
        var piece = Array(piece)
        let flush = piece.isEmpty ? Z_FINISH : Z_NO_FLUSH
        piece.withUnsafeMutableBufferPointer { source in
            stream.pointee.next_in = source.baseAddress
            stream.pointee.avail_in = UInt32(source.count)
            var compressed = [UInt8](repeating: 0, count: Self.bufferLength)
            repeat {
                let made = compressed.withUnsafeMutableBufferPointer { target in
                    stream.pointee.next_out = target.baseAddress
                    stream.pointee.avail_out = UInt32(target.count)
                    _ = deflate(stream, flush)
                    return target.count - Int(stream.pointee.avail_out)
                }
                do throws(FileSinkError) { try emit(compressed[..<made]) } catch { failure = error }
            } while failure == nil && stream.pointee.avail_out == 0
        }
        if let failure { throw failure }
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
        var piece = [UInt8](repeating: 0, count: bufferLength)
        var checksum: UInt32 = 0
        var length: UInt32 = 0
        while true {
            let got = try FileSystem.read(input, &piece, path: source)
            if got == 0 { break }
            checksum = Checksum.crc32(piece[..<got], continuing: checksum)
            length &+= UInt32(got)
        }
        let number = { (bytes: ArraySlice<UInt8>) in bytes.reversed().reduce(0) { $0 << 8 | UInt32($1) } }
        return number(trailer[..<4]) == checksum && number(trailer[4...]) == length
    }
}
