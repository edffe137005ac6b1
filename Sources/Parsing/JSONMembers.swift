/// Steps through the members of a JSON object without reading what they hold.
///
/// Made for tokens that were checked when their page was parsed, but total: whatever is not as it should be ends the
/// iteration. Time grows with the bytes passed, memory does not grow.
package struct JSONMembers {
    private var position: Int
    private let end: Int

    /// Where a member lies in the bytes: the key without its quotes, escapes as they stand, and the value's token.
    package struct Member {
        package let key: Range<Int>
        package let value: Range<Int>
    }

    /// - Parameter object: the token's range; if it is no object there are no members.
    package init(of object: Range<Int>, in bytes: Span<UInt8>) {
        precondition(object.upperBound <= bytes.count)
        end = object.upperBound
        position = object.lowerBound
        if !take("{", bytes) { position = end }
    }

    package mutating func next(in bytes: Span<UInt8>) -> Member? {
        skipBlanks(bytes)
        let key = position
        guard skipString(bytes) else { return finish() }
        let keyEnd = position
        skipBlanks(bytes)
        guard take(":", bytes) else { return finish() }
        skipBlanks(bytes)
        let value = position
        guard skipValue(bytes) else { return finish() }
        let valueEnd = position
        skipBlanks(bytes)
        if !take(",", bytes) { position = end }
        return Member(key: key + 1..<keyEnd - 1, value: value..<valueEnd)
    }

    private mutating func finish() -> Member? {
        position = end
        return nil
    }

    private mutating func take(_ scalar: Unicode.Scalar, _ bytes: Span<UInt8>) -> Bool {
        guard position < end, bytes[position] == UInt8(ascii: scalar) else { return false }
        position += 1
        return true
    }

    private mutating func skipBlanks(_ bytes: Span<UInt8>) {
        while position < end, [9, 10, 13, 32].contains(bytes[position]) { position += 1 }
    }

    private mutating func skipString(_ bytes: Span<UInt8>) -> Bool {
        guard take("\"", bytes) else { return false }
        while position < end {
            let byte = bytes[position]
            position += 1
            if byte == JSONString.quote { return true }
            if byte == JSONString.backslash, position < end { position += 1 }
        }
        return false
    }

    private mutating func skipValue(_ bytes: Span<UInt8>) -> Bool {
        let start = position
        var depth = 0
        while position < end {
            switch bytes[position] {
            case JSONString.quote:
                guard skipString(bytes) else { return false }
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                position += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                guard depth > 0 else { return position > start }
                depth -= 1
                position += 1
            case UInt8(ascii: ","), 9, 10, 13, 32:
                guard depth > 0 else { return position > start }
                position += 1
                continue
            default:
                position += 1
                continue
            }
            if depth == 0 { return true }
        }
        return depth == 0 && position > start
    }
}
