extension SensitiveText {
    /// An e-mail address around its at sign (RFC 5321 without quoted names; RFC 6531 allows letters of all scripts).
    func email(atSign: Range<Int>) -> Range<Int>? {
        var start = start(upTo: atSign.lowerBound, limit: 64, Self.isNameByte)
        // A quote may stand in a name, but does not begin one.
        while isByte("'", at: start) { start += 1 }
        guard start < atSign.lowerBound, text[start] != UInt8(ascii: ".") else { return nil }
        var end = end(from: atSign.upperBound, limit: 255) {
            $0.isAlphanumeric || $0 >= 0x80 || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".")
        }
        // The end of a sentence is not part of the address.
        while end > atSign.upperBound, !text[end - 1].isAlphanumeric, text[end - 1] < 0x80 { end -= 1 }
        let domain = text.extracting(atSign.upperBound..<end)
        guard let dot = domain.lastIndex(of: UInt8(ascii: ".")), dot > 0, domain.count - dot > 2,
            domain.extracting(dot + 1..<domain.count).allSatisfy({ !$0.isDigit })
        else { return nil }
        return start..<end
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "'"),
            UInt8(ascii: "~"), UInt8(ascii: "!"), UInt8(ascii: "#"), UInt8(ascii: "$"), UInt8(ascii: "*"):
            true
        default: byte.isAlphanumeric || byte >= 0x80
        }
    }

    // MARK: - Secrets

    /// What follows `Bearer` or `Basic` (RFC 6750, RFC 7617).
    func credentials(from start: Int) -> Range<Int>? {
        guard !isAlphanumeric(start - 1) else { return nil }
        let word = isWord("bearer", at: start) ? 6 : isWord("basic", at: start) ? 5 : 0
        guard word > 0 else { return nil }
        var position = start + word
        if isWord("%20", at: position) {
            position += 3
        } else {
            position = end(from: position, limit: 8) { $0 == 32 || $0 == UInt8(ascii: "+") }
        }
        guard position > start + word else { return nil }
        let end = end(from: position, limit: .max, Self.isTokenByte)
        return end - position >= 8 && Self.looksRandom(text.extracting(position..<end)) ? position..<end : nil
    }

    /// A JSON web token (RFC 7519): `eyJ…`, a dot, more, a dot, more.
    func webToken(from start: Int) -> Range<Int>? {
        guard !isAlphanumeric(start - 1), !isByte("-", at: start - 1), !isByte("_", at: start - 1),
            !isByte(".", at: start - 1), isWord("eyj", at: start)
        else { return nil }
        let end = end(from: start, limit: .max) {
            $0.isAlphanumeric || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: ".")
        }
        let dots = text.extracting(start..<end).count { $0 == UInt8(ascii: ".") }
        return end - start >= 20 && (1...4).contains(dots) ? start..<end : nil
    }

    /// `-----BEGIN … PRIVATE KEY-----` and all up to its end (RFC 7468).
    func privateKey(from start: Int) -> Range<Int>? {
        guard !isByte("-", at: start - 1), isWord("-----begin ", at: start) else { return nil }
        let label = end(from: start + 11, limit: 64) { $0 != UInt8(ascii: "-") }
        guard text.extracting(start..<label).hasSuffix("PRIVATE KEY") else { return nil }
        var position = label
        while position < text.count, !isWord("-----end ", at: position) { position += 1 }
        guard position < text.count else { return start..<text.count }
        let last = end(from: position + 9, limit: 64) { $0 != UInt8(ascii: "-") }
        return start..<end(from: last, limit: 5) { $0 == UInt8(ascii: "-") }
    }

    /// The password in `AC…:password` or `SK…:password`.
    func afterSID(colon: Range<Int>) -> Range<Int>? {
        guard isByte(":", at: colon.lowerBound), colon.lowerBound >= 34,
            text.extracting(colon.lowerBound - 34..<colon.lowerBound).isSID
        else { return nil }
        let end = end(from: colon.upperBound, limit: .max) { $0.isAlphanumeric }
        return end - colon.upperBound >= 16 ? colon.upperBound..<end : nil
    }

    /// The token or secret in `twilio('AC…', '…')`: in quotes, right behind a SID in quotes.
    func argument(behindSID comma: Int) -> Range<Int>? {
        let quotes = start(upTo: comma, limit: 2) { Self.isQuote($0) || $0 == JSONByte.backslash }
        guard quotes < comma, quotes >= 34, text.extracting(quotes - 34..<quotes).isSID else { return nil }
        let start = end(from: comma + 1, limit: 4, Self.isQuoteOrBlank)
        let end = end(from: start, limit: .max) { $0.isAlphanumeric }
        let value = text.extracting(start..<end)
        return value.count >= 16 && !value.isSID && end < text.count && !text[end].isBlank ? start..<end : nil
    }

    /// The id of a key of AWS, lasting or temporary: `AKIA…`, `ASIA…`, 20 letters and digits in all.
    func accessKey(from start: Int) -> Range<Int>? {
        guard !isAlphanumeric(start - 1), isWord("akia", at: start) || isWord("asia", at: start) else { return nil }
        let end = end(from: start, limit: 21) { $0.isDigit || 65...90 ~= $0 }
        return end - start == 20 && !isAlphanumeric(end) ? start..<end : nil
    }

    /// The password in `https://user:password@host`.
    func inURL(colon: Range<Int>) -> Range<Int>? {
        func isUserByte(_ byte: UInt8) -> Bool {
            !byte.isBlank && byte != UInt8(ascii: "/") && byte != UInt8(ascii: "@") && byte != UInt8(ascii: "?")
                && byte != UInt8(ascii: "#") && byte != JSONByte.quote
        }
        guard isByte(":", at: colon.lowerBound), !isByte("/", at: colon.upperBound) else { return nil }
        let user = start(upTo: colon.lowerBound, limit: 64, isUserByte)
        guard isByte("/", at: user - 1), isByte("/", at: user - 2), isByte(":", at: user - 3) else { return nil }
        let end = end(from: colon.upperBound, limit: 128, isUserByte)
        return isByte("@", at: end) && end > colon.upperBound ? colon.upperBound..<end : nil
    }

    /// What the key in front of `=`, `:` or `%3D` says about its value, if anything: of `password=…`, `"authToken": "…"`.
    func key(before sign: Range<Int>) -> SensitiveKey? {
        let nameEnd = start(upTo: sign.lowerBound, limit: 4, Self.isQuoteOrBlank)
        let nameStart = start(upTo: nameEnd, limit: 64) {
            $0.isAlphanumeric || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-")
        }
        return nameStart < nameEnd ? SensitiveKey(text.extracting(nameStart..<nameEnd)) : nil
    }

    /// The value of a key that holds a secret.
    ///
    /// - Parameter mustLookRandom: the key's name is a word that sentences have, too.
    func secret(behind sign: Range<Int>, mustLookRandom: Bool) -> Range<Int>? {
        let start = end(from: sign.upperBound, limit: 4) { $0 == 32 || $0 == UInt8(ascii: ">") }
        // Objects have members of their own, and what was redacted is.
        guard !isByte("{", at: start), !isByte("[", at: start) else { return nil }
        var value = value(from: start)
        let contents = text.extracting(value)
        guard !contents.isPlainValue else { return nil }
        if mustLookRandom, contents.count < 8 || !Self.looksRandom(contents) { return nil }
        let isScheme = ["bearer", "basic", "digest", "token"].contains {
            contents.count == $0.utf8CodeUnitCount && isWord($0, at: value.lowerBound)
        }
        if isScheme, isByte(" ", at: value.upperBound) {
            value = value.lowerBound..<self.value(from: value.upperBound + 1).upperBound
        }
        return value
    }

    private static func isQuoteOrBlank(_ byte: UInt8) -> Bool {
        byte == 32 || isQuote(byte) || byte == JSONByte.backslash
    }

    private static func isQuote(_ byte: UInt8) -> Bool {
        byte == JSONByte.quote || byte == UInt8(ascii: "'")
    }

    /// A value in quotes, escaped ones too, or up to what ends one.
    private func value(from start: Int) -> Range<Int> {
        let first = end(from: start, limit: 3) { $0 == JSONByte.backslash }
        if first < text.count, Self.isQuote(text[first]) {
            let quote = text[first]
            let end = end(from: first + 1, limit: .max) { $0 != quote && $0 != JSONByte.backslash && $0 != 10 }
            return first + 1..<end
        }
        return
            start..<end(from: start, limit: .max) {
                switch $0 {
                case UInt8(ascii: "&"), UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: ")"), UInt8(ascii: "}"),
                    UInt8(ascii: "]"), UInt8(ascii: "<"), JSONByte.quote, UInt8(ascii: "'"), JSONByte.backslash:
                    false
                default: !$0.isBlank
                }
            }
    }

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"), UInt8(ascii: "+"),
            UInt8(ascii: "/"), UInt8(ascii: "="):
            true
        default: byte.isAlphanumeric
        }
    }

    /// Whether it can be more than a word of a sentence: it has a digit, or letters of both cases, or is long.
    private static func looksRandom(_ value: Text) -> Bool {
        let hasDigit = value.contains { $0.isDigit }
        let hasUpper = value.dropFirst().contains { 65...90 ~= $0 }
        let hasLower = value.contains { 97...122 ~= $0 }
        return hasDigit || hasUpper && hasLower || value.count >= 24
    }
}

extension Text {
    /// Two letters in upper case and 32 hexadecimal digits.
    var isSID: Bool {
        guard count == 34, 65...90 ~= self[0], 65...90 ~= self[1] else { return false }
        return extracting(2..<34).allSatisfy { $0.isHexDigit }
    }

    /// What a key of a secret may hold without being one: nothing, a SID, a word of JSON, a mark of redaction.
    var isPlainValue: Bool {
        isEmpty || isSID || hasPrefix("[redacted") || hasPrefix("[REDACTED") || equals("null") || equals("true")
            || equals("false") || equals("undefined")
    }
}
