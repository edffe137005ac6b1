import Parsing

/// Bytes of a record's line or of a word, borrowed while one record is written: never kept, never freed.
///
/// Array slices are safer, but pay for a reference count with every step, and a record has some fifty pieces.
/// Ranges are checked where they enter, in `extracting`.
typealias Text = UnsafeBufferPointer<UInt8>

extension Text {
    /// What is between a string token's quotes, escapes and all; nil if the token is not a string, or empty.
    var contents: Text? {
        guard count > 2, first == JSONByte.quote else { return nil }
        return extracting(1..<count - 1)
    }

    /// The longest beginning of a string's contents within `limit` bytes that ends between two characters.
    func prefix(limit: Int) -> Text {
        count <= limit ? self : extracting(0..<JSONString.prefixLength(of: span, limit: limit))
    }

    // MARK: - Comparing with ASCII words

    func equals(_ word: StaticString) -> Bool {
        count == word.utf8CodeUnitCount && hasPrefix(word)
    }

    func hasPrefix(_ word: StaticString) -> Bool {
        guard count >= word.utf8CodeUnitCount else { return false }
        let letters = word.utf8Start
        for index in 0..<word.utf8CodeUnitCount where self[index] != letters[index] { return false }
        return true
    }

    func hasSuffix(_ word: StaticString) -> Bool {
        count >= word.utf8CodeUnitCount && extracting(count - word.utf8CodeUnitCount..<count).equals(word)
    }

    func contains(_ word: StaticString) -> Bool {
        let length = word.utf8CodeUnitCount
        guard count >= length else { return false }
        return (0...count - length).contains { extracting($0..<$0 + length).equals(word) }
    }
}

extension StaticString {
    /// The word's bytes, which live as long as the program.
    var text: Text {
        Text(start: utf8Start, count: utf8CodeUnitCount)
    }
}

/// The bytes JSON is made of.
enum JSONByte {
    static let quote = UInt8(ascii: "\"")
    static let backslash = UInt8(ascii: "\\")
    static let comma = UInt8(ascii: ",")
    static let colon = UInt8(ascii: ":")
    static let openBrace = UInt8(ascii: "{")
    static let closeBrace = UInt8(ascii: "}")
    static let openBracket = UInt8(ascii: "[")
    static let closeBracket = UInt8(ascii: "]")
}
