import CDeflate

enum GunzipError: Error, Equatable {
    /// Cut short, corrupt, or not gzip.
    case badData
    case tooLarge(limit: Int)
    case outOfMemory
}

/// The content of a gzip stream (RFC 1952) of one or more members, whole or not at all.
///
/// Not libcurl's own decoding: it takes a stream that ends too early inside a complete HTTP body for a success.
/// - Parameter padding: spare capacity to leave behind the last byte.
func gunzip(_ input: [UInt8], limit: Int, padding: Int) throws(GunzipError) -> [UInt8] {
    guard let decompressor = libdeflate_alloc_decompressor() else { throw .outOfMemory }
    defer { libdeflate_free_decompressor(decompressor) }
    var capacity = expectedSize(of: input, limit: limit)
    while true {
        var outcome = Attempt.badData
        let output = [UInt8](unsafeUninitializedCapacity: capacity + padding) { buffer, count in
            (outcome, count) = inflateMembers(
                decompressor, input,
                into: UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[..<capacity]))
        }
        switch outcome {
        case .done: return output
        case .badData: throw .badData
        case .outputFull where capacity == limit: throw .tooLarge(limit: limit)
        case .outputFull: capacity = min(limit, capacity * 2)
        }
    }
}

private enum Attempt {
    case done
    case badData
    case outputFull
}

private func inflateMembers(
    _ decompressor: OpaquePointer, _ input: [UInt8], into output: UnsafeMutableRawBufferPointer
) -> (Attempt, count: Int) {
    input.withUnsafeBytes { input in
        var read = 0
        var written = 0
        repeat {
            var used = 0
            var made = 0
            let result = libdeflate_gzip_decompress_ex(
                decompressor, input.baseAddress.map { $0 + read }, input.count - read,
                output.baseAddress.map { $0 + written }, output.count - written, &used, &made)
            switch result {
            case LIBDEFLATE_SUCCESS:
                read += used
                written += made
            case LIBDEFLATE_INSUFFICIENT_SPACE:
                return (.outputFull, 0)
            default:
                return (.badData, 0)
            }
        } while read < input.count
        return (.done, written)
    }
}

/// The size that the stream's last four bytes claim, if it can be true: deflate cannot shrink more than 1032 to 1.
private func expectedSize(of input: [UInt8], limit: Int) -> Int {
    let claimed = input.suffix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
    return min(limit, max(1, min(claimed, input.count * 1032)))
}
