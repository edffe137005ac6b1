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
        self.init(reading: sid)
    }

    /// As above. Generic code is not specialised across modules, and without that costs two microseconds a SID.
    package init?(sid: ArraySlice<UInt8>) {
        self.init(reading: sid)
    }

    private init?(reading sid: some Collection<UInt8>) {
        guard sid.count == 34 else { return nil }
        var words: (UInt64, UInt64) = (0, 0)
        for (index, byte) in sid.enumerated() {
            if index < 2 {
                guard byte >= UInt8(ascii: "A"), byte <= UInt8(ascii: "Z") else { return nil }
                continue
            }
            let digit: UInt64
            switch byte {
            case 48...57: digit = UInt64(byte - 48)
            case 97...102: digit = UInt64(byte - 87)
            default: return nil
            }
            if index < 18 { words.0 = words.0 << 4 | digit } else { words.1 = words.1 << 4 | digit }
        }
        self.init(high: words.0, low: words.1)
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
