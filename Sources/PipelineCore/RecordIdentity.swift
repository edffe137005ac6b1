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
        let raw = UnsafeRawBufferPointer(bytes)
        guard let first = half(UInt64(bigEndian: raw.loadUnaligned(fromByteOffset: start, as: UInt64.self))),
            let second = half(UInt64(bigEndian: raw.loadUnaligned(fromByteOffset: start + 8, as: UInt64.self)))
        else { return nil }
        return first << 32 | second
    }

    /// What eight digits stand for, all at once: byte by byte, it took as long as parsing the record.
    private static func half(_ digits: UInt64) -> UInt64? {
        let ones: UInt64 = 0x0101_0101_0101_0101
        // 1 in each byte that may be a letter, 0x61 to 0x66, and not a figure, 0x30 to 0x39.
        let letters = digits >> 6 & ones
        let low = digits & (ones * 0x0f)
        guard digits & (ones * 0xf0) == ones * 0x30 + letters * 0x30,
            // Of figures up to 9, of letters up to 6: beyond, the fifth bit is set.
            (low + ones * 6 + letters * 3) & (ones * 0x10) == 0,
            // Of letters from 1 on.
            (low + ones * 0x0f) >> 4 & letters == letters
        else { return nil }
        var value = low + letters * 9
        value = (value | value >> 4) & 0x00ff_00ff_00ff_00ff
        value = (value | value >> 8) & 0x0000_ffff_0000_ffff
        return (value | value >> 16) & 0xffff_ffff
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
