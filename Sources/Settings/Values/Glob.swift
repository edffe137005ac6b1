/// A pattern in which `*` stands for any characters, dots too, and `?` for exactly one. It matches whole strings and
/// minds upper and lower case.
package struct Glob: Sendable, Hashable, CustomStringConvertible {
    /// Patterns are short labels; the limit keeps the matching time bounded.
    static let maximumLength = 256

    package let pattern: String
    private let bytes: [UInt8]

    /// Why a text is no pattern, as the end of a sentence.
    struct Malformed: Error { let reason: String }

    package init?(_ pattern: String) {
        guard let glob = try? Glob(checking: pattern) else { return nil }
        self = glob
    }

    init(checking pattern: String) throws(Malformed) {
        if pattern.isEmpty { throw Malformed(reason: "is empty; write \"*\" for everything") }
        if pattern.utf8.count > Self.maximumLength {
            throw Malformed(reason: "is longer than \(Self.maximumLength) bytes")
        }
        if !pattern.isPlainText { throw Malformed(reason: "contains control characters") }
        if let odd = pattern.first(where: { "[]{}!\\".contains($0) }) {
            throw Malformed(reason: "contains '\(odd)'; only * and ? have a meaning in patterns")
        }
        self.pattern = pattern
        self.bytes = Array(pattern.utf8)
    }

    package var description: String { pattern }

    package func matches(_ text: String) -> Bool {
        matches(text.utf8.span)
    }

    /// Takes time in the product of both lengths at worst: only the last `*` is ever tried again.
    package func matches(_ text: Span<UInt8>) -> Bool {
        var position = 0
        var index = 0
        var star: (index: Int, position: Int)?
        while position < text.count {
            if index < bytes.count, bytes[index] == UInt8(ascii: "*") {
                star = (index, position)
                index += 1
            } else if index < bytes.count, bytes[index] == UInt8(ascii: "?") {
                position = Self.afterCharacter(at: position, in: text)
                index += 1
            } else if index < bytes.count, bytes[index] == text[position] {
                position += 1
                index += 1
            } else if let last = star {
                star = (last.index, last.position + 1)
                position = last.position + 1
                index = last.index + 1
            } else {
                return false
            }
        }
        return bytes[index...].allSatisfy { $0 == UInt8(ascii: "*") }
    }

    /// `?` takes a whole code point, not one byte of it.
    private static func afterCharacter(at position: Int, in text: Span<UInt8>) -> Int {
        var next = position + 1
        while next < text.count, text[next] & 0xC0 == 0x80 { next += 1 }
        return next
    }
}

/// Patterns of which at least one must match, and patterns of which none may (written with a leading `!`).
package struct GlobSelection: Sendable, Hashable {
    /// Empty means everything.
    package let include: [Glob]
    package let exclude: [Glob]

    package init(include: [Glob], exclude: [Glob]) {
        self.include = include
        self.exclude = exclude
    }

    package static let everything = GlobSelection(include: [], exclude: [])

    /// Whether a thing with these names (its SID and its unique name, say) is selected: an exclusion of one name
    /// excludes it under all.
    package func selects(_ names: String...) -> Bool {
        if exclude.contains(where: { glob in names.contains(where: glob.matches) }) { return false }
        return include.isEmpty || include.contains { glob in names.contains(where: glob.matches) }
    }

    /// As it is written in the configuration.
    var patterns: [String] {
        let included = include.isEmpty ? ["*"] : include.map(\.pattern)
        return included + exclude.map { "!" + $0.pattern }
    }
}
