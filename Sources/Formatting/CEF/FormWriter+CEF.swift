import Parsing

// Text in a line of the Common Event Format (ArcSight's Implementation Standard, version 25, "Character Encoding").
// In the header a backslash and a bar are escaped, in the extension a backslash, an equals sign and line ends. What
// cannot be escaped, other control characters and line ends in the header, becomes a blank.

extension FormWriter {
    /// Appends a field of the header without the bars around it.
    ///
    /// - Parameter contents: of a JSON string.
    mutating func append(cefHeader contents: Text) {
        withText(of: contents) { text, writer in
            for byte in text {
                switch byte {
                case 0..<0x20, 0x7F: writer.append(CEFByte.blank)
                case JSONByte.backslash, CEFByte.bar:
                    writer.append(JSONByte.backslash)
                    writer.append(byte)
                default: writer.append(byte)
                }
            }
        }
    }

    /// Appends ` key=value` if there is a value.
    ///
    /// - Parameters:
    ///   - opening: the blank, the key and the equals sign.
    ///   - contents: of a JSON string.
    mutating func extensionField(_ opening: StaticString, _ contents: Text?) {
        guard let contents else { return }
        append(opening)
        append(cefValue: contents)
    }

    /// Appends a field of which the standard leaves the meaning open, with its label.
    mutating func customField(_ opening: StaticString, _ contents: Text?, _ label: StaticString) {
        guard contents != nil else { return }
        extensionField(opening, contents)
        append(label)
    }

    /// Appends a token of JSON as a value: a string without its quotes, anything else as it stands.
    mutating func append(cefToken token: Text) {
        if let contents = token.contents {
            append(cefValue: contents)
        } else {
            append(cefText: token)
        }
    }

    /// Appends a value, in at most `limit` bytes, cut between two characters.
    ///
    /// - Parameter contents: of a JSON string.
    mutating func append(cefValue contents: Text, limit: Int = .max) {
        withText(of: contents) { text, writer in
            // Each byte becomes two at most.
            guard limit < 2 * text.count else {
                writer.append(cefText: text)
                return
            }
            let end = writer.count + limit
            var start = 0
            while start < text.count {
                var next = start + 1
                while next < text.count, text[next] & 0xC0 == 0x80 { next += 1 }
                let before = writer.count
                for byte in text[start..<next] { writer.append(cefValue: byte) }
                if writer.count > end {
                    writer.removeLast(writer.count - before)
                    return
                }
                start = next
            }
        }
    }

    /// Copies eight bytes at a time where none of them needs to be escaped.
    private mutating func append(cefText text: Text) {
        var plainStart = 0
        var position = 0
        while position < text.count {
            if position + EightBytes.count <= text.count {
                let eight = EightBytes(text, at: position)
                let special =
                    eight.controls | eight.matches(0x7F) | eight.matches(JSONByte.backslash)
                    | eight.matches(CEFByte.equals)
                position += EightBytes.first(special)
                if special == 0 { continue }
            } else if !Self.isSpecial(cefValue: text[position]) {
                position += 1
                continue
            }
            append(text.extracting(plainStart..<position))
            append(cefValue: text[position])
            position += 1
            plainStart = position
        }
        append(text.extracting(plainStart..<text.count))
    }

    private static func isSpecial(cefValue byte: UInt8) -> Bool {
        byte < 0x20 || byte == 0x7F || byte == JSONByte.backslash || byte == CEFByte.equals
    }

    private mutating func append(cefValue byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\n"): append(#"\n"#)
        case UInt8(ascii: "\r"): append(#"\r"#)
        case 0..<0x20, 0x7F: append(CEFByte.blank)
        case JSONByte.backslash, CEFByte.equals:
            append(JSONByte.backslash)
            append(byte)
        default: append(byte)
        }
    }

    /// Runs `body` with what a JSON string's contents stand for.
    private mutating func withText(of contents: Text, _ body: (Text, inout FormWriter) -> Void) {
        if JSONText.hasBackslash(contents.span) {
            JSONString.unescaped(Array(contents)[...]).withUnsafeBufferPointer { body($0, &self) }
        } else {
            body(contents, &self)
        }
    }
}

enum CEFByte {
    static let bar = UInt8(ascii: "|")
    static let equals = UInt8(ascii: "=")
    static let blank = UInt8(ascii: " ")
}
