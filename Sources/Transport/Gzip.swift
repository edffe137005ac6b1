import CDeflate

/// The bytes as one gzip member (RFC 1952); equal bytes give equal results. Nil if there is no memory.
package func gzipped(_ bytes: [UInt8]) -> [UInt8]? {
    // Level 1 makes JSON a tenth already; higher ones cost several times as much for a little less.
    guard let compressor = libdeflate_alloc_compressor(1) else { return nil }
    defer { libdeflate_free_compressor(compressor) }
    let bound = libdeflate_gzip_compress_bound(compressor, bytes.count)
    let result = [UInt8](unsafeUninitializedCapacity: bound) { buffer, count in
        count = libdeflate_gzip_compress(compressor, bytes, bytes.count, buffer.baseAddress, bound)
    }
    // Zero is libdeflate's word for a buffer too small, which the bound rules out.
    return result.isEmpty ? nil : result
}
