/// Eight bytes of a text as one number, the first byte lowest, looked at together.
///
/// What is found is a number in which the highest bit of each byte that matches is set, and no other bit.
struct EightBytes {
    static let count = 8
    private static let ones: UInt64 = 0x0101_0101_0101_0101
    private static let highest: UInt64 = 0x8080_8080_8080_8080

    let word: UInt64

    /// - Precondition: `text` has eight bytes from `position` on.
    @inline(__always)
    init(_ text: Text, at position: Int) {
        assert(position >= 0 && position + Self.count <= text.count)
        word = UInt64(
            littleEndian: UnsafeRawBufferPointer(text).loadUnaligned(fromByteOffset: position, as: UInt64.self))
    }

    @inline(__always)
    func matches(_ byte: UInt8) -> UInt64 {
        // Where they are equal, a byte of the difference is 0: the only one whose lower seven bits do not carry into the
        // highest when 127 is added, and in which that is not set.
        let difference = word ^ (Self.ones &* UInt64(byte))
        return ~(((difference & ~Self.highest) &+ ~Self.highest) | difference) & Self.highest
    }

    /// Bytes below 32.
    @inline(__always)
    var controls: UInt64 {
        // Adding 96 to the lower seven bits sets the highest for 32 and more.
        ~(((word & ~Self.highest) &+ Self.ones &* 96) | word) & Self.highest
    }

    /// The first of the bytes found; 8 if there are none.
    @inline(__always)
    static func first(_ found: UInt64) -> Int {
        found.trailingZeroBitCount >> 3
    }
}
