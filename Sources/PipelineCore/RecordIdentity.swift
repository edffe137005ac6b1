/// What makes a record of a stream the same record when it is read again: 128 bits.
///
/// Of a record with a SID it is the SID's 32 hexadecimal digits; the two-letter prefix is the same for all of a stream.
/// Otherwise it is the first half of a SHA-256, of the odd SID or of the raw bytes.
package struct RecordIdentity: Hashable, Comparable, Sendable {
    package let high: UInt64
    package let low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// The identity of a Twilio SID: two upper-case letters and 32 lower-case hexadecimal digits. Nil for anything else.
    package init?(sid: some Collection<UInt8>) {
        self.init(sid: Array(sid)[...])
    }

    /// As above. Generic code is not specialised across modules, and without that costs two microseconds a SID.
    package init?(sid: ArraySlice<UInt8>) {
        let words = sid.withUnsafeBufferPointer { bytes -> (UInt64, UInt64)? in
            guard bytes.count == 34, Self.isCapital(bytes[0]), Self.isCapital(bytes[1]),
                let high = Self.word(bytes, from: 2), let low = Self.word(bytes, from: 18)
            else { return nil }
            return (high, low)
        }
        guard let words else { return nil }
        self.init(high: words.0, low: words.1)
    }

    private static func isCapital(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") }

    /// What 16 digits from `start` on stand for.
    private static func word(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> UInt64? {
        var word: UInt64 = 0
        for byte in bytes[start..<start + 16] {
            switch byte {
            case 48...57: word = word << 4 | UInt64(byte - 48)
            case 97...102: word = word << 4 | UInt64(byte - 87)
            default: return nil
            }
        }
        return word
    }

    /// The identity made of a digest's first 16 bytes.
    /// - Precondition: `digest` has at least 16 bytes.
    package init(digest: some Sequence<UInt8>) {
        var words: (UInt64, UInt64) = (0, 0)
        for (index, byte) in digest.prefix(16).enumerated() {
            if index < 8 { words.0 = words.0 << 8 | UInt64(byte) } else { words.1 = words.1 << 8 | UInt64(byte) }
        }
        self.init(high: words.0, low: words.1)
    }

    package static func < (left: RecordIdentity, right: RecordIdentity) -> Bool {
        left.high != right.high ? left.high < right.high : left.low < right.low
    }
}
