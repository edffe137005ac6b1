import Parsing

/// Bytes of a page or of a word, borrowed while one envelope is written: never kept, never freed.
///
/// Array slices are safer, but pay for a reference count with every step: twice the time of a whole envelope.
/// Ranges are checked where they enter, in `extracting`.
typealias Text = UnsafeBufferPointer<UInt8>

extension Text {
    /// What a token says as contents of a JSON string: of a string, a number or a boolean. Nil for null, arrays and
    /// objects, and when there is no token.
    var contents: Text? {
        switch first {
        case UInt8(ascii: "\""): count < 2 ? nil : extracting(1..<count - 1)
        case nil, UInt8(ascii: "n"), UInt8(ascii: "{"), UInt8(ascii: "["): nil
        default: self
        }
    }

    /// The longest beginning of a string's contents within `limit` that ends between two characters.
    func prefix(limit: Int) -> Text {
        extracting(0..<JSONString.prefixLength(of: span, limit: limit))
    }

    // MARK: - Comparing with ASCII words

    func equals(_ word: StaticString) -> Bool {
        guard count == word.utf8CodeUnitCount else { return false }
        let letters = word.utf8Start
        for index in 0..<count where self[index] != letters[index] { return false }
        return true
    }

    /// - Precondition: `word` is in lower case.
    func equalsIgnoringCase(_ word: StaticString) -> Bool {
        guard count == word.utf8CodeUnitCount else { return false }
        let letters = word.utf8Start
        for index in 0..<count where self[index].lowercased != letters[index] { return false }
        return true
    }

    /// - Precondition: `word` is in lower case.
    func containsIgnoringCase(_ word: [UInt8]) -> Bool {
        guard count >= word.count else { return false }
        return (0...count - word.count).contains { start in
            word.indices.allSatisfy { self[start + $0].lowercased == word[$0] }
        }
    }
}

extension StaticString {
    /// The word's bytes, which live as long as the program.
    var text: Text {
        Text(start: utf8Start, count: utf8CodeUnitCount)
    }
}

extension UInt8 {
    fileprivate var lowercased: UInt8 {
        65...90 ~= self ? self | 0x20 : self
    }
}
