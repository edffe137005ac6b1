import CZstd
import Glibc

/// Compresses as one frame of Zstandard (RFC 8878), with a checksum.
final class ZstdCompressor: Compressor {
    /// zstd's own compromise: smaller than gzip's level 6, several times as fast. It takes some 3 MiB.
    private static let level: Int32 = 3

    private let path: String
    private let context: OpaquePointer
    private var buffer = [UInt8](repeating: 0, count: ZSTD_CStreamOutSize())

    /// - Parameter path: of the file that is compressed, for the error.
    init(path: String) throws(FileSinkError) {
        guard let context = ZSTD_createCCtx() else { throw .failed("compress", path: path, code: ENOMEM) }
        self.path = path
        self.context = context
        // Both are within what every version takes, so that they cannot fail.
        ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, Self.level)
        ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)
    }

    deinit {
        ZSTD_freeCCtx(context)
    }

    func compress(
        _ piece: ArraySlice<UInt8>, _ emit: (ArraySlice<UInt8>) throws(FileSinkError) -> Void
    ) throws(FileSinkError) {
        let isLast = piece.isEmpty
        var position = 0
        while true {
            let (left, made) = piece.withUnsafeBytes { source in
                buffer.withUnsafeMutableBytes { target in
                    var input = ZSTD_inBuffer(src: source.baseAddress, size: source.count, pos: position)
                    var output = ZSTD_outBuffer(dst: target.baseAddress, size: target.count, pos: 0)
                    let left = ZSTD_compressStream2(context, &output, &input, isLast ? ZSTD_e_end : ZSTD_e_continue)
                    position = input.pos
                    return (left, output.pos)
                }
            }
            guard ZSTD_isError(left) == 0 else { throw .failed("compress", path: path, code: ENOMEM) }
            try emit(buffer[..<made])
            if isLast ? left == 0 : position == piece.count { return }
        }
    }
}

/// Reads what `ZstdCompressor` wrote.
enum ZstdReader {
    /// Whether `compressed` is one whole frame that holds all of `source` and nothing else.
    static func isComplete(_ compressed: String, of source: String) throws(FileSinkError) -> Bool {
        guard let context = ZSTD_createDCtx() else { throw .failed("read", path: compressed, code: ENOMEM) }
        defer { ZSTD_freeDCtx(context) }
        let packed = try FileSystem.open(compressed, O_RDONLY)
        defer { close(packed) }
        let plain = try FileSystem.open(source, O_RDONLY)
        defer { close(plain) }
        var piece = [UInt8](repeating: 0, count: ZSTD_DStreamInSize())
        var unpacked = [UInt8](repeating: 0, count: ZSTD_DStreamOutSize())
        var expected = unpacked
        /// What the frame still wants; 0 behind its end.
        var left = 1
        while true {
            let count = try FileSystem.read(packed, &piece, path: compressed)
            if count == 0 { break }
            var position = 0
            var isFull = false
            while position < count || isFull && left != 0 {
                // Something behind the frame.
                if left == 0 { return false }
                let made = piece.withUnsafeBytes { source in
                    unpacked.withUnsafeMutableBytes { target in
                        var input = ZSTD_inBuffer(src: source.baseAddress, size: count, pos: position)
                        var output = ZSTD_outBuffer(dst: target.baseAddress, size: target.count, pos: 0)
                        left = ZSTD_decompressStream(context, &output, &input)
                        position = input.pos
                        return output.pos
                    }
                }
                if ZSTD_isError(left) != 0 { return false }
                isFull = made == unpacked.count
                guard try FileSystem.readWhole(plain, &expected, count: made, path: source) == made,
                    expected[..<made] == unpacked[..<made]
                else { return false }
            }
        }
        let isAtEnd = try FileSystem.readWhole(plain, &expected, count: 1, path: source) == 0
        return isAtEnd && left == 0
    }
}
