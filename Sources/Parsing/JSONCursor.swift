/// Walks through JSON from left to right, entering the objects that are of interest and passing over everything else.
///
/// Made for tokens that were checked when their page was parsed, but total: where something is not as it should be, the
/// walk ends. It takes linear time and no memory.
package struct JSONCursor {
    /// The next byte to look at.
    package private(set) var position: Int
    private let end: Int

    /// - Parameter range: lies within the bytes that the other functions are given.
    package init(_ range: Range<Int>) {
        position = range.lowerBound
        end = range.upperBound
    }

    /// Goes into the object that begins here; false, and no step, if none does.
    package mutating func enterObject(in bytes: Span<UInt8>) -> Bool {
        skipBlanks(bytes)
        guard position < end, bytes[position] == UInt8(ascii: "{") else { return false }
        position += 1
        return true
    }

    /// Goes to the value of the object's next member and returns where its key's contents lie. Nil behind the last one:
    /// the object is left.
    package mutating func nextKey(in bytes: Span<UInt8>) -> Range<Int>? {
        skipBlanks(bytes)
        if position < end, bytes[position] == UInt8(ascii: ",") {
            position += 1
            skipBlanks(bytes)
        }
        guard position < end else { return nil }
        if bytes[position] == UInt8(ascii: "}") {
            position += 1
            return nil
        }
        let key = position
        guard bytes[position] == JSONString.quote, skipString(bytes) else { return stop() }
        let keyEnd = position
        skipBlanks(bytes)
        guard position < end, bytes[position] == UInt8(ascii: ":") else { return stop() }
        position += 1
        skipBlanks(bytes)
        return key + 1..<keyEnd - 1
    }

    /// Goes behind the value that begins here and returns its token; empty when there is none.
    package mutating func skipValue(in bytes: Span<UInt8>) -> Range<Int> {
        let start = position
        var depth = 0
        while position < end {
            switch bytes[position] {
            case JSONString.quote:
                guard skipString(bytes) else { return start..<end }
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                position += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                guard depth > 0 else { return start..<position }
                depth -= 1
                position += 1
            case UInt8(ascii: ","), UInt8(ascii: ":"), 9, 10, 13, 32:
                guard depth > 0 else { return start..<position }
                position += 1
                continue
            default:
                skipWord(bytes)
            }
            if depth == 0 { break }
        }
        return start..<position
    }

    private mutating func stop() -> Range<Int>? {
        position = end
        return nil
    }

    private mutating func skipBlanks(_ bytes: Span<UInt8>) {
        while position < end {
            switch bytes[position] {
            case 9, 10, 13, 32: position += 1
            default: return
            }
        }
    }

    /// Goes behind a number, a boolean or null.
    private mutating func skipWord(_ bytes: Span<UInt8>) {
        while position < end {
            switch bytes[position] {
            case 9, 10, 13, 32, UInt8(ascii: ","), UInt8(ascii: ":"), UInt8(ascii: "}"), UInt8(ascii: "]"): return
            default: position += 1
            }
        }
    }

    /// Goes behind the string that begins here; to the end, and false, if it does not end.
    private mutating func skipString(_ bytes: Span<UInt8>) -> Bool {
        let start = position + 1
        var index = start
        while let quote = JSONText.firstIndex(of: JSONString.quote, in: bytes, from: index), quote < end {
            var letter = quote
            while letter > start, bytes[letter - 1] == JSONString.backslash { letter -= 1 }
            index = quote + 1
            // Behind an odd number of backslashes it is the last of them that escapes the quote.
            if (quote - letter).isMultiple(of: 2) {
                position = index
                return true
            }
        }
        position = end
        return false
    }
}
