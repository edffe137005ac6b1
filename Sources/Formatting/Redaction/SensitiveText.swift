/// Looks through one text for what is to be redacted.
///
/// Linear: each sign (`@`, `=`, `+`, a digit) has its neighbours looked at as far as a limit, or as far as what is
/// taken, which is not looked at again.
struct SensitiveText {
    struct Match {
        var range: Range<Int>
        let kind: RedactionKind
    }

    /// UTF-8 without escapes.
    let text: Text
    let wanted: Redaction
    /// In the order of the text, disjoint.
    private(set) var matches: [Match] = []

    init(_ text: Text, _ wanted: Redaction) {
        self.text = text
        self.wanted = wanted
        var position = 0
        while position < text.count {
            let next = look(at: position)
            position = max(position + 1, next)
        }
    }

    /// Looks at what the byte is a sign of, and returns where to go on; 0 if nothing was found.
    private mutating func look(at position: Int) -> Int {
        switch text[position] {
        case UInt8(ascii: "@"):
            // `user:password@host` is no address.
            if let last = matches.last, last.kind == .secret, last.range.upperBound == position { return 0 }
            return take(.email) { $0.email(atSign: position..<position + 1) }
        case UInt8(ascii: "%"):
            if isWord("%40", at: position) { return take(.email) { $0.email(atSign: position..<position + 3) } }
            if isWord("%2b", at: position) {
                return take(.phone) { $0.international(from: position, digits: position + 3) }
            }
            return isWord("%3d", at: position) ? lookAtPair(position..<position + 3) : 0
        case UInt8(ascii: "+"):
            return take(.phone) { $0.international(from: position, digits: position + 1) }
        case UInt8(ascii: "("):
            return take(.phone) { $0.northAmerican(from: position) }
        case 48...57:
            return lookAtDigits(position)
        case UInt8(ascii: "="), UInt8(ascii: ":"):
            return lookAtPair(position..<position + 1)
        case UInt8(ascii: "b"), UInt8(ascii: "B"):
            return take(.secret) { $0.credentials(from: position) }
        case UInt8(ascii: "e"):
            return take(.secret) { $0.webToken(from: position) }
        case UInt8(ascii: "-"):
            return take(.secret) { $0.privateKey(from: position) }
        case UInt8(ascii: "A"):
            return take(.secret) { $0.accessKey(from: position) }
        case UInt8(ascii: ","):
            return take(.secret) { $0.argument(behindSID: position) }
        default:
            return 0
        }
    }

    private mutating func lookAtDigits(_ position: Int) -> Int {
        guard !isAlphanumeric(position - 1) else { return 0 }
        let behindCard = take(.card) { $0.card(from: position) }
        return behindCard > 0 ? behindCard : take(.phone) { $0.northAmerican(from: position) }
    }

    private mutating func lookAtPair(_ sign: Range<Int>) -> Int {
        let behindSecret = take(.secret) { $0.afterSID(colon: sign) ?? $0.inURL(colon: sign) }
        if behindSecret > 0 { return behindSecret }
        guard let key = key(before: sign) else { return 0 }
        return switch key {
        case .phone: take(.phone) { $0.number(behind: sign) }
        case .secret, .token: take(.secret) { $0.secret(behind: sign, mustLookRandom: key == .token) }
        }
    }

    /// Adds a match, if its kind is wanted, and returns where to go on; what lies within it is forgotten.
    private mutating func take(_ kind: RedactionKind, _ find: (SensitiveText) -> Range<Int>?) -> Int {
        guard wanted.contains(kind.option), var range = find(self).map(wholeCharacters) else { return 0 }
        while let last = matches.last, last.range.lowerBound >= range.lowerBound { matches.removeLast() }
        if let last = matches.last, last.range.upperBound > range.lowerBound {
            range = last.range.upperBound..<max(range.upperBound, last.range.upperBound)
        }
        guard !range.isEmpty else { return 0 }
        matches.append(Match(range: range, kind: kind))
        return range.upperBound
    }

    /// A look has a limit, which may lie within a character.
    private func wholeCharacters(_ range: Range<Int>) -> Range<Int> {
        func isWithin(_ position: Int) -> Bool { text.indices.contains(position) && text[position] & 0xC0 == 0x80 }
        var (start, end) = (range.lowerBound, range.upperBound)
        while isWithin(start) { start += 1 }
        while isWithin(end) { end += 1 }
        return start..<max(start, end)
    }

    // MARK: - Looking around

    func isAlphanumeric(_ position: Int) -> Bool {
        text.indices.contains(position) && text[position].isAlphanumeric
    }

    func isDigit(_ position: Int) -> Bool {
        text.indices.contains(position) && text[position].isDigit
    }

    func isByte(_ byte: Unicode.Scalar, at position: Int) -> Bool {
        text.indices.contains(position) && text[position] == UInt8(ascii: byte)
    }

    /// - Precondition: letters of `word` are in lower case.
    func isWord(_ word: StaticString, at position: Int) -> Bool {
        guard position >= 0, text.count - position >= word.utf8CodeUnitCount else { return false }
        for index in 0..<word.utf8CodeUnitCount {
            let byte = text[position + index]
            guard (byte.lowercasedAlphanumeric ?? byte) == word.utf8Start[index] else { return false }
        }
        return true
    }

    /// The end of the run from `position` on of bytes that belong to it, at most `limit` of them.
    func end(from position: Int, limit: Int, _ belongs: (UInt8) -> Bool) -> Int {
        var end = position
        while end < text.count, end - position < limit, belongs(text[end]) { end += 1 }
        return end
    }

    /// The start of the run up to `position` of bytes that belong to it.
    func start(upTo position: Int, limit: Int, _ belongs: (UInt8) -> Bool) -> Int {
        var start = position
        while start > 0, position - start < limit, belongs(text[start - 1]) { start -= 1 }
        return start
    }
}
