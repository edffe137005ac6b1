/// JSON strings as bytes: read out of a token, and written into JSON.
package enum JSONString {
    /// What is between the quotes, escapes and all; nil if the token is not a string.
    package static func contents(_ token: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard token.count >= 2, token.first == quote, token.last == quote else { return nil }
        return token.dropFirst().dropLast()
    }

    /// The string a token stands for, nil if it stands for anything else.
    package static func text(_ token: ArraySlice<UInt8>) -> String? {
        contents(token).map { String(decoding: unescaped($0), as: UTF8.self) }
    }

    /// The UTF-8 that contents of a string stand for. Half a surrogate pair becomes U+FFFD, an unknown escape itself.
    package static func unescaped(_ contents: ArraySlice<UInt8>) -> [UInt8] {
        guard contents.contains(backslash) else { return Array(contents) }
        let contents = contents.span
        var result: [UInt8] = []
        result.reserveCapacity(contents.count)
        var position = 0
        while position < contents.count {
            guard contents[position] == backslash, position + 1 < contents.count else {
                result.append(contents[position])
                position += 1
                continue
            }
            if let unit = codeUnit(at: position, in: contents) {
                position += 6
                var units = [unit]
                if UTF16.isLeadSurrogate(unit), let trail = codeUnit(at: position, in: contents),
                    UTF16.isTrailSurrogate(trail)
                {
                    units.append(trail)
                    position += 6
                }
                result.append(contentsOf: String(decoding: units, as: UTF16.self).utf8)
            } else {
                result.append(character(afterBackslash: contents[position + 1]))
                position += 2
            }
        }
        return result
    }

    private static func character(afterBackslash letter: UInt8) -> UInt8 {
        switch letter {
        case UInt8(ascii: "b"): 8
        case UInt8(ascii: "f"): 12
        case UInt8(ascii: "n"): 10
        case UInt8(ascii: "r"): 13
        case UInt8(ascii: "t"): 9
        default: letter
        }
    }

    /// Writes bytes that are UTF-8 as a JSON string, with its quotes.
    package static func append(_ text: some Sequence<UInt8>, to bytes: inout [UInt8]) {
        bytes.append(quote)
        for byte in text {
            appendEscaped(byte, to: &bytes)
        }
        bytes.append(quote)
    }

    package static func append(_ text: String, to bytes: inout [UInt8]) {
        append(text.utf8, to: &bytes)
    }

    /// Writes one byte of a string's contents, escaped if it must be (RFC 8259, section 7).
    package static func appendEscaped(_ byte: UInt8, to bytes: inout [UInt8]) {
        switch byte {
        case quote, backslash:
            bytes.append(backslash)
            bytes.append(byte)
        case 8: bytes.append(contentsOf: "\\b".utf8)
        case 9: bytes.append(contentsOf: "\\t".utf8)
        case 10: bytes.append(contentsOf: "\\n".utf8)
        case 12: bytes.append(contentsOf: "\\f".utf8)
        case 13: bytes.append(contentsOf: "\\r".utf8)
        case 0..<0x20:
            bytes.append(contentsOf: byte < 0x10 ? "\\u000".utf8 : "\\u001".utf8)
            bytes.append(hexDigit(byte & 15))
        default: bytes.append(byte)
        }
    }

    package static func hexDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? 48 + value : 87 + value
    }

    static let quote = UInt8(ascii: "\"")
    static let backslash = UInt8(ascii: "\\")
}
