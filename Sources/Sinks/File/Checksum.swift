import CZlib

/// CRC-32 as zlib and gzip compute it.
enum Checksum {
    static func crc32(_ bytes: ArraySlice<UInt8>, continuing checksum: UInt32 = 0) -> UInt32 {
        bytes.withUnsafeBufferPointer { buffer in
            UInt32(truncatingIfNeeded: crc32_z(UInt(checksum), buffer.baseAddress, buffer.count))
        }
    }
}
