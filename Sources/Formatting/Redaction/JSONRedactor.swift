import Parsing

/// Copies JSON and redacts what its strings and numbers hold.
///
/// Total: bytes that are not JSON are copied as they are. Linear, and without a stack however deep the JSON is.
struct JSONRedactor {
    let wanted: Redaction
    private(set) var counts = RedactionCounts()

    init(_ wanted: Redaction) {
        self.wanted = wanted
    }

    /// Which values stay as they are, whatever they hold.
    enum Exception {
        case none
        /// The record's own SID, type and dates.
        case identity
        /// The names in `changes`, which say what the values next to them are.
        case fieldNames
    }

    /// Copies all of a piece of JSON.
    mutating func copy(_ json: Text, _ exception: Exception = .none, to writer: inout FormWriter) {
        var position = 0
        var depth = 0
        var key: SensitiveKey?
        var field: SensitiveKey?
        /// What a key says of all within its object or array, and how deep that is.
        var outer: (key: SensitiveKey, depth: Int)?
        var isException = false
        while position < json.count {
            switch json[position] {
            case JSONByte.quote:
                let end = Self.endOfString(json, position)
                let token = json.extracting(position..<end)
                if Self.isKey(json, end) {
                    let contents = token.contents ?? token.extracting(0..<0)
                    key = Self.withUnescaped(contents) { SensitiveKey($0) } ?? field
                    isException =
                        switch exception {
                        case .none: false
                        case .identity: depth == 1 && contents.isIdentityKey
                        case .fieldNames: contents.equals("field")
                        }
                    writer.append(token)
                } else if isException {
                    if case .fieldNames = exception, let contents = token.contents {
                        field = Self.withUnescaped(contents) { SensitiveKey($0) }
                    }
                    writer.append(token)
                } else {
                    copy(string: token, key: Self.prevailing(outer?.key, key), to: &writer)
                }
                position = end
            case UInt8(ascii: "-"), 48...57:
                let end = Self.endOfNumber(json, position)
                copy(number: json.extracting(position..<end), key: Self.prevailing(outer?.key, key), to: &writer)
                position = end
            case JSONByte.openBrace, JSONByte.openBracket:
                depth += 1
                if outer == nil, let inner = key, depth > 1 { outer = (inner, depth) }
                key = nil
                isException = false
                writer.append(json[position])
                position += 1
            case JSONByte.closeBrace, JSONByte.closeBracket:
                if outer?.depth == depth { outer = nil }
                depth -= 1
                key = nil
                isException = false
                writer.append(json[position])
                position += 1
            default:
                writer.append(json[position])
                position += 1
            }
        }
    }

    /// Everything in a secret object is secret; otherwise the nearest key counts.
    private static func prevailing(_ outer: SensitiveKey?, _ inner: SensitiveKey?) -> SensitiveKey? {
        outer == .secret ? outer : inner ?? outer
    }

    /// Copies a string with its quotes.
    mutating func copy(string token: Text, key: SensitiveKey? = nil, to writer: inout FormWriter) {
        guard let contents = token.contents else { return writer.append(token) }
        if JSONText.hasBackslash(contents.span) {
            JSONString.unescaped(Array(contents)[...]).withUnsafeBufferPointer {
                copy(string: token, standingFor: $0, key: key, to: &writer)
            }
        } else {
            copy(string: token, standingFor: contents, key: key, to: &writer)
        }
    }

    private mutating func copy(
        string token: Text, standingFor text: Text, key: SensitiveKey?, to writer: inout FormWriter
    ) {
        if let kind = kind(ofAll: text, key: key) { return put(kind, to: &writer) }
        let matches = SensitiveText(text, wanted).matches
        guard !matches.isEmpty else { return writer.append(token) }
        writer.append(JSONByte.quote)
        var copied = 0
        for match in matches {
            writer.append(escaping: text.extracting(copied..<match.range.lowerBound))
            writer.append(match.kind.mark)
            counts[match.kind] += 1
            copied = match.range.upperBound
        }
        writer.append(escaping: text.extracting(copied..<text.count))
        writer.append(JSONByte.quote)
    }

    private mutating func copy(number: Text, key: SensitiveKey?, to writer: inout FormWriter) {
        if let kind = kind(ofAll: number, key: key) { return put(kind, to: &writer) }
        // Of numbers without a key that tells, only those with a check digit are told from quantities.
        let matches = SensitiveText(number, wanted.intersection(.card)).matches
        guard matches.first?.range == 0..<number.count else { return writer.append(number) }
        put(.card, to: &writer)
    }

    /// What a value is because of its key.
    private func kind(ofAll text: Text, key: SensitiveKey?) -> RedactionKind? {
        switch key {
        case .secret where wanted.contains(.secret) && !text.isPlainValue,
            .token where wanted.contains(.secret) && !text.isPlainValue && text.count >= 8:
            .secret
        case .phone where wanted.contains(.phone) && text.count <= 32 && SensitiveText(text, []).isPhoneNumber:
            .phone
        default: nil
        }
    }

    private mutating func put(_ kind: RedactionKind, to writer: inout FormWriter) {
        writer.append(JSONByte.quote)
        writer.append(kind.mark)
        writer.append(JSONByte.quote)
        counts[kind] += 1
    }

    // MARK: - Tokens

    /// Behind the quote that ends the string which begins at `start`, or the end of everything.
    private static func endOfString(_ json: Text, _ start: Int) -> Int {
        var position = start + 1
        while position < json.count {
            switch json[position] {
            case JSONByte.quote: return position + 1
            case JSONByte.backslash: position += 2
            default: position += 1
            }
        }
        return json.count
    }

    private static func endOfNumber(_ json: Text, _ start: Int) -> Int {
        var position = start + 1
        while position < json.count {
            switch json[position] {
            case 48...57, UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"), UInt8(ascii: "+"), UInt8(ascii: "-"):
                position += 1
            default: return position
            }
        }
        return position
    }

    /// Whether a string that ends here is a key: a colon follows.
    private static func isKey(_ json: Text, _ end: Int) -> Bool {
        var position = end
        while position < json.count, json[position].isBlank { position += 1 }
        return position < json.count && json[position] == JSONByte.colon
    }

    private static func withUnescaped<Result>(_ contents: Text, _ body: (Text) -> Result) -> Result {
        guard JSONText.hasBackslash(contents.span) else { return body(contents) }
        return JSONString.unescaped(Array(contents)[...]).withUnsafeBufferPointer(body)
    }
}

extension Text {
    /// Of the record as Twilio sent it.
    fileprivate var isIdentityKey: Bool {
        equals("sid") || equals("account_sid") || equals("event_type") || equals("event_date")
            || equals("date_created") || equals("date_generated") || equals("date_updated")
    }
}
