/// Makes SIDs that are unique by construction and can be read back.
///
/// A SID's 32 hex digits are a Feistel permutation of (tag, number): no two things share one, they look random,
/// and a SID that was never given out decodes to a tag that fits nothing. So no table of SIDs is kept.
struct SIDs: Sendable {
    /// The 128 bits behind a SID's 32 hex digits.
    struct Digits: Hashable, Sendable {
        var high: UInt64
        var low: UInt64
    }

    /// What a SID names: the kind of thing and where it belongs.
    struct Tag: Hashable, Sendable {
        enum Kind: UInt8 {
            case event = 1
            case log, service, environment, function, build, deployment, request, user, resource, text, secret, key,
                alert
        }

        var kind: Kind
        var account: Int
        var service = 0
        var environment = 0

        /// Kind, account, service, environment and eight spare bits, so that SIDs of strangers decode to nothing.
        var packed: UInt64 {
            UInt64(kind.rawValue) << 56 | UInt64(UInt16(truncatingIfNeeded: account)) << 40
                | UInt64(UInt16(truncatingIfNeeded: service)) << 24
                | UInt64(UInt16(truncatingIfNeeded: environment)) << 8
        }
    }

    private let key: UInt64

    init(seed: UInt64) {
        key = mixed(seed)
    }

    func digits(_ tag: Tag, _ number: UInt64) -> Digits {
        var left = tag.packed
        var right = number
        left ^= mixed(right ^ key)
        right ^= mixed(left ^ key &+ 1)
        left ^= mixed(right ^ key &+ 2)
        right ^= mixed(left ^ key &+ 3)
        return Digits(high: left, low: right)
    }

    /// The number that `tag` was given for these digits, nil if they are not `tag`'s.
    func number(of digits: Digits, as tag: Tag) -> UInt64? {
        var left = digits.high
        var right = digits.low
        right ^= mixed(left ^ key &+ 3)
        left ^= mixed(right ^ key &+ 2)
        right ^= mixed(left ^ key &+ 1)
        left ^= mixed(right ^ key)
        return left == tag.packed ? right : nil
    }

    func text(_ prefix: String, _ tag: Tag, _ number: UInt64) -> String {
        prefix + digits(tag, number).text
    }
}

extension SIDs.Digits {
    /// Reads `prefix` and 32 lower-case hex digits.
    init?(_ text: some StringProtocol, prefix: String) {
        guard text.utf8.count == prefix.utf8.count + 32, text.hasPrefix(prefix) else { return nil }
        let hex = text.dropFirst(prefix.count)
        guard hex.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }),
            let high = UInt64(hex.prefix(16), radix: 16), let low = UInt64(hex.suffix(16), radix: 16)
        else { return nil }
        self.init(high: high, low: low)
    }

    var text: String {
        var bytes = [UInt8](repeating: 0, count: 32)
        bytes.withUnsafeMutableBytes { write(to: $0, at: 0) }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Writes 32 lower-case hex digits; the caller has made room for them.
    func write(to bytes: UnsafeMutableRawBufferPointer, at offset: Int) {
        Self.write(UInt32(truncatingIfNeeded: high >> 32), to: bytes, at: offset)
        Self.write(UInt32(truncatingIfNeeded: high), to: bytes, at: offset + 8)
        Self.write(UInt32(truncatingIfNeeded: low >> 32), to: bytes, at: offset + 16)
        Self.write(UInt32(truncatingIfNeeded: low), to: bytes, at: offset + 24)
    }

    /// Eight digits at once: one nibble per byte, then 0-9 and a-f by arithmetic (pages hold a thousand SIDs and more).
    private static func write(_ value: UInt32, to bytes: UnsafeMutableRawBufferPointer, at offset: Int) {
        var x = UInt64(value)
        x = (x << 16 | x) & 0x0000_FFFF_0000_FFFF
        x = (x << 8 | x) & 0x00FF_00FF_00FF_00FF
        x = (x << 4 | x) & 0x0F0F_0F0F_0F0F_0F0F
        let letters = ((x &+ 0x0606_0606_0606_0606) >> 4) & 0x0101_0101_0101_0101
        x = x &+ 0x3030_3030_3030_3030 &+ letters &* 0x27
        bytes.storeBytes(of: x.bigEndian, toByteOffset: offset, as: UInt64.self)
    }
}
