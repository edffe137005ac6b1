import Parsing

/// One record being written, one small piece after the other.
///
/// An array asks with every piece whether it is shared, which takes as long as the rest.
struct FormWriter: ~Copyable {
    /// Enough for most records in any format.
    private static let usualCapacity = 4080

    private var start = UnsafeMutablePointer<UInt8>.allocate(capacity: Self.usualCapacity)
    private var capacity = Self.usualCapacity
    private(set) var count = 0
    /// How many of the bytes are the record's `message`; what is left is what shortening it cannot spare.
    private(set) var messageBytes = 0

    deinit {
        start.deallocate()
    }

    var written: Text {
        Text(start: start, count: count)
    }

    mutating func removeAll() {
        count = 0
        messageBytes = 0
    }

    @inline(__always)
    mutating func append(_ bytes: Text) {
        guard let source = bytes.baseAddress else { return }
        if capacity - count < bytes.count { grow(by: bytes.count) }
        (start + count).initialize(from: source, count: bytes.count)
        count += bytes.count
    }

    @inline(__always)
    mutating func append(_ bytes: [UInt8]) {
        bytes.withUnsafeBufferPointer { append($0) }
    }

    mutating func append(_ word: StaticString) {
        append(word.text)
    }

    @inline(__always)
    mutating func append(_ byte: UInt8) {
        if capacity - count < 1 { grow(by: 1) }
        (start + count).initialize(to: byte)
        count += 1
    }

    mutating func append(number: Int64) {
        if number < 0 { append(UInt8(ascii: "-")) }
        var rest = number.magnitude
        var digits = InlineArray<20, UInt8>(repeating: 0)
        var first = 20
        repeat {
            first -= 1
            digits[first] = UInt8(truncatingIfNeeded: 48 + rest % 10)
            rest /= 10
        } while rest > 0
        for place in first..<20 { append(digits[place]) }
    }

    /// Appends what `write` writes, and counts it as the record's `message`.
    mutating func appendMessage(_ write: (inout FormWriter) -> Void) {
        let before = count
        write(&self)
        messageBytes += count - before
    }

    /// Takes bytes back, such as the comma behind a list's last member.
    mutating func removeLast(_ bytes: Int = 1) {
        precondition(count >= bytes)
        count -= bytes
    }

    /// Puts another byte in the place of each from `offset` on.
    mutating func replace(from offset: Int, _ replacement: (UInt8) -> UInt8) {
        precondition(offset <= count)
        for index in offset..<count { start[index] = replacement(start[index]) }
    }

    var last: UInt8? {
        count > 0 ? start[count - 1] : nil
    }

    /// Appends UTF-8 as a JSON string.
    mutating func append(string bytes: Text) {
        append(JSONByte.quote)
        append(escaping: bytes)
        append(JSONByte.quote)
    }

    /// Appends UTF-8 as contents of a JSON string (RFC 8259, section 7).
    mutating func append(escaping bytes: Text) {
        // Six bytes (`\u001f`) are the most that one can become.
        let longest = bytes.count * 6
        if capacity - count < longest { grow(by: longest) }
        var end = start + count
        var position = 0
        while position + EightBytes.count <= bytes.count {
            let eight = EightBytes(bytes, at: position)
            if eight.matches(JSONByte.quote) | eight.matches(JSONByte.backslash) | eight.controls == 0 {
                UnsafeMutableRawPointer(end).storeBytes(of: eight.word.littleEndian, as: UInt64.self)
                end += EightBytes.count
            } else {
                for index in position..<position + EightBytes.count {
                    end = Self.write(escaping: bytes[index], at: end)
                }
            }
            position += EightBytes.count
        }
        for index in position..<bytes.count { end = Self.write(escaping: bytes[index], at: end) }
        count = end - start
    }

    @inline(__always)
    private static func write(
        escaping byte: UInt8, at place: UnsafeMutablePointer<UInt8>
    ) -> UnsafeMutablePointer<UInt8> {
        if byte < 0x20 { return write(control: byte, at: place) }
        // Without a branch: every tenth byte of JSON is a quote, which no processor can foresee.
        let escapes = (byte == JSONByte.quote ? 1 : 0) | (byte == JSONByte.backslash ? 1 : 0)
        place[0] = JSONByte.backslash
        place[escapes] = byte
        return place + 1 + escapes
    }

    private static func write(control byte: UInt8, at place: UnsafeMutablePointer<UInt8>) -> UnsafeMutablePointer<UInt8>
    {
        place[0] = JSONByte.backslash
        let letter: UInt8? =
            switch byte {
            case 8: UInt8(ascii: "b")
            case 9: UInt8(ascii: "t")
            case 10: UInt8(ascii: "n")
            case 12: UInt8(ascii: "f")
            case 13: UInt8(ascii: "r")
            default: nil
            }
        if let letter {
            place[1] = letter
            return place + 2
        }
        place[1] = UInt8(ascii: "u")
        place[2] = UInt8(ascii: "0")
        place[3] = UInt8(ascii: "0")
        place[4] = JSONString.hexDigit(byte >> 4)
        place[5] = JSONString.hexDigit(byte & 15)
        return place + 6
    }

    private mutating func grow(by more: Int) {
        capacity = max(capacity * 2, count + more)
        let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
        larger.initialize(from: start, count: count)
        start.deallocate()
        start = larger
    }
}
