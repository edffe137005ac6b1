/// A small gzip file that unpacks to very many spaces (RFC 1951, RFC 1952).
///
/// One dynamic Huffman block gives the match "258 bytes, one back" two zero bits, so that every zero byte unpacks to
/// 1,032 spaces. The checksum in the end is not right: whoever gets so far has unpacked it all.
enum GzipBomb {
    /// - Parameter size: unpacked, in bytes; up to 1,300 more come out.
    static func bytes(unpacking size: Int) -> [UInt8] {
        var bits = BitWriter(bytes: [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF])
        bits.write(1, 1)  // the last block
        bits.write(2, 2)  // with codes of its own
        bits.write(29, 5)  // 286 literals and lengths
        bits.write(0, 5)  // 1 distance
        bits.write(14, 4)  // 18 lengths of the code for lengths: 18 has one bit, 2 and 1 have two
        for symbol in [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1] {
            bits.write(symbol == 18 ? 1 : symbol == 1 || symbol == 2 ? 2 : 0, 3)
        }
        bits.zeros(32)
        bits.code(0b11, 2)  // a space: 2 bits
        bits.zeros(138)
        bits.zeros(85)
        bits.code(0b11, 2)  // the end: 2 bits
        bits.zeros(28)
        bits.code(0b10, 2)  // a match of 258: 1 bit
        bits.code(0b10, 2)  // one back: 1 bit
        bits.code(0b10, 2)  // the first space
        // Matches are zero bits, so a few of them fill up the byte that the head ends in.
        var zeros = 0
        while bits.isInsideByte {
            bits.write(0, 1)
            zeros += 1
        }
        let steps = max(1, size / 1_032)
        bits.bytes += [UInt8](repeating: 0, count: steps)
        zeros += 8 * steps
        // A match has two bits: the last one must be whole.
        if !zeros.isMultiple(of: 2) {
            bits.write(0, 1)
            zeros += 1
        }
        bits.code(0b11, 2)
        let length = UInt32(truncatingIfNeeded: 1 + zeros / 2 * 258)
        bits.bytes += [0, 0, 0, 0] + (0..<4).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) }
        return bits.bytes
    }

    /// Writes from the lowest bit of each byte up.
    private struct BitWriter {
        var bytes: [UInt8]
        private var used = 8

        init(bytes: [UInt8]) {
            self.bytes = bytes
        }

        var isInsideByte: Bool { used < 8 }

        mutating func write(_ value: Int, _ count: Int) {
            for bit in 0..<count {
                if used == 8 {
                    bytes.append(0)
                    used = 0
                }
                bytes[bytes.count - 1] |= UInt8(value >> bit & 1) << used
                used += 1
            }
        }

        /// Huffman codes go highest bit first.
        mutating func code(_ value: Int, _ count: Int) {
            for bit in (0..<count).reversed() { write(value >> bit & 1, 1) }
        }

        /// A run of 11 to 138 codes of length zero: symbol 18.
        mutating func zeros(_ count: Int) {
            code(0, 1)
            write(count - 11, 7)
        }
    }
}
