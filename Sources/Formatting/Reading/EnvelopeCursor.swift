/// Walks through an envelope's metadata from left to right.
///
/// Made for lines that the normaliser wrote: strings of some twenty bytes, which are passed over byte by byte faster than
/// by calls, and no white space between tokens. But total: where something is not as it should be, the walk ends. It
/// takes linear time and no memory.
struct EnvelopeCursor {
    private let text: Text
    /// The next byte to look at.
    private(set) var position = 0

    init(_ text: Text) {
        self.text = text
    }

    /// Goes into the object or array that begins here; false, and no step, if none does.
    @inline(__always)
    mutating func enter(_ bracket: UInt8) -> Bool {
        guard position < text.count, text[position] == bracket else { return false }
        position += 1
        return true
    }

    /// Goes to the value of the object's next member and returns its key's contents. Nil behind the last one: the object
    /// is left.
    mutating func nextKey() -> Text? {
        if position < text.count, text[position] == JSONByte.comma { position += 1 }
        guard position < text.count else { return nil }
        guard text[position] == JSONByte.quote else { return leave() }
        let start = position
        skipString()
        guard position < text.count, text[position] == JSONByte.colon else { return leave() }
        position += 1
        return text.extracting(start + 1..<position - 2)
    }

    /// Goes to the array's next element. False behind the last one: the array is left.
    mutating func reachNextElement() -> Bool {
        if position < text.count, text[position] == JSONByte.comma { position += 1 }
        guard position < text.count else { return false }
        switch text[position] {
        case JSONByte.closeBracket, JSONByte.closeBrace, JSONByte.comma, JSONByte.colon: return leave() != nil
        default: return true
        }
    }

    /// Goes behind the value that begins here and returns its token; empty when there is none.
    mutating func skipValue() -> Text {
        let start = position
        var depth = 0
        while position < text.count {
            switch text[position] {
            case JSONByte.quote:
                skipString()
            case JSONByte.openBrace, JSONByte.openBracket:
                depth += 1
                position += 1
            case JSONByte.closeBrace, JSONByte.closeBracket:
                guard depth > 0 else { return text.extracting(start..<position) }
                depth -= 1
                position += 1
            case JSONByte.comma, JSONByte.colon:
                guard depth > 0 else { return text.extracting(start..<position) }
                position += 1
                continue
            default:
                position += 1
                // Goes on to the end of a number or word.
                if depth == 0 { continue }
            }
            if depth == 0 { break }
        }
        return text.extracting(start..<position)
    }

    /// What lies between an earlier position and this one.
    func token(from start: Int) -> Text {
        text.extracting(start..<position)
    }

    /// Goes behind the end of an object or array, or to the end of the text if there is none here.
    private mutating func leave() -> Text? {
        let isEnd =
            position < text.count && (text[position] == JSONByte.closeBrace || text[position] == JSONByte.closeBracket)
        position = isEnd ? position + 1 : text.count
        return nil
    }

    /// Goes behind the string that begins here, or to the end of the text if it has none.
    @inline(__always)
    private mutating func skipString() {
        var index = position + 1
        while index < text.count {
            let byte = text[index]
            if byte == JSONByte.quote {
                position = index + 1
                return
            }
            index += byte == JSONByte.backslash ? 2 : 1
        }
        position = text.count
    }
}
