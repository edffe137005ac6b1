/// Checks a file's bytes before the parser sees them.
///
/// - They are UTF-8 without NUL. A byte order mark at the beginning is skipped.
/// - No key has more dotted segments than `maximumSegments`: each is a table within the one before, and the parser
///   takes tables apart recursively.
enum TOMLBounds {
    /// The deepest key of the configuration, `account.events.rate_limit.burst`, has four.
    static let maximumSegments = 16

    /// The text without its byte order mark.
    static func check(_ bytes: [UInt8], file: String) throws(Fault) -> ArraySlice<UInt8> {
        let text = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes[3...] : bytes[...]
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
            throw Fault(at: SourceLocation(file: file, line: 1, column: 1), "the file is UTF-16; save it as UTF-8")
        }
        if let zero = text.firstIndex(of: 0) {
            throw Fault(at: location(of: zero, in: text, file: file), "a NUL byte; the file is not a text file")
        }
        do {
            _ = try UTF8Span(validating: text.span)
        } catch {
            let place = text.startIndex + error.byteOffsets.lowerBound
            throw Fault(
                at: location(of: place, in: text, file: file),
                "bytes that are not UTF-8; save the file with UTF-8 encoding")
        }
        var scanner = KeyScanner(text: text)
        if let place = scanner.firstKeyWithTooManySegments() {
            throw Fault(
                at: location(of: place, in: text, file: file),
                "a key with more than \(maximumSegments) dotted parts; the configuration has at most four")
        }
        return text
    }

    private static func location(of index: Int, in text: ArraySlice<UInt8>, file: String) -> SourceLocation {
        let before = text[..<index]
        let line = before.count { $0 == UInt8(ascii: "\n") } + 1
        let start = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? text.startIndex
        // Code points, as the parser counts them: every byte that does not continue one.
        let column = before[start...].count { $0 & 0xC0 != 0x80 } + 1
        return SourceLocation(file: file, line: line, column: column)
    }
}

/// Counts dots outside of strings and comments since the last byte that ends a key.
private struct KeyScanner {
    let text: ArraySlice<UInt8>
    private var index: Int

    init(text: ArraySlice<UInt8>) {
        self.text = text
        self.index = text.startIndex
    }

    mutating func firstKeyWithTooManySegments() -> Int? {
        var dots = 0
        while index < text.endIndex {
            let byte = text[index]
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "'"):
                skipString(quote: byte)
                continue
            case UInt8(ascii: "#"):
                index = text[index...].firstIndex(of: UInt8(ascii: "\n")) ?? text.endIndex
                continue
            case UInt8(ascii: "."):
                dots += 1
                if dots >= TOMLBounds.maximumSegments { return index }
            case UInt8(ascii: "\n"), UInt8(ascii: "="), UInt8(ascii: ","), UInt8(ascii: "{"), UInt8(ascii: "["):
                dots = 0
            default:
                break
            }
            index += 1
        }
        return nil
    }

    /// Leaves `index` behind the string; a string of one line ends at the line's end even without its quote.
    private mutating func skipString(quote: UInt8) {
        let isLong = text[index...].starts(with: [quote, quote, quote])
        index += isLong ? 3 : 1
        while index < text.endIndex {
            let byte = text[index]
            if byte == UInt8(ascii: "\\"), quote == UInt8(ascii: "\"") {
                index = min(index + 2, text.endIndex)
            } else if byte == quote {
                if !isLong {
                    index += 1
                    return
                }
                if text[index...].starts(with: [quote, quote, quote]) {
                    index += 3
                    // Up to two more quotes may belong to the string's end.
                    while index < text.endIndex, text[index] == quote { index += 1 }
                    return
                }
                index += 1
            } else if byte == UInt8(ascii: "\n"), !isLong {
                return
            } else {
                index += 1
            }
        }
    }
}
