extension TableReader {
    func boolean(_ key: String) -> Bool? {
        guard let value = value(key) else { return nil }
        if case .boolean(let boolean) = value.content { return boolean }
        mismatch(key, "true or false, without quotes", value)
        return nil
    }

    /// - Parameter refuse: why a text is not good, as the end of a sentence; nil if it is.
    func string(_ key: String, refuse: (String) -> String? = { _ in nil }) -> String? {
        guard let value = value(key) else { return nil }
        guard case .string(let string) = value.content else {
            mismatch(key, "a text in quotes", value)
            return nil
        }
        if let reason = refuse(string) ?? Self.oddity(string) {
            context.faults.add(value.location, "`\(key)` \(reason)")
            return nil
        }
        return string
    }

    private static func oddity(_ string: String) -> String? {
        if string.isEmpty { return "is empty; leave the key out for its default" }
        if string.utf8.count > 4_096 { return "is longer than 4096 bytes" }
        return string.isPlainText ? nil : "contains control characters"
    }

    func integer(_ key: String, in range: ClosedRange<Int>) -> Int? {
        guard let value = value(key) else { return nil }
        guard case .integer(let integer) = value.content else {
            mismatch(key, "an integer without quotes, from \(range.lowerBound) to \(range.upperBound)", value)
            return nil
        }
        guard let number = Int(exactly: integer), range.contains(number) else {
            context.faults.add(
                value.location, "`\(key)` must be from \(range.lowerBound) to \(range.upperBound), not \(integer)")
            return nil
        }
        return number
    }

    func number(_ key: String, in range: ClosedRange<Double>) -> Double? {
        guard let value = value(key) else { return nil }
        let number: Double
        switch value.content {
        case .integer(let integer): number = Double(integer)
        case .float(let float): number = float
        default:
            mismatch(key, "a number without quotes", value)
            return nil
        }
        guard range.contains(number) else {
            context.faults.add(
                value.location,
                "`\(key)` must be from \(range.lowerBound.shown) to \(range.upperBound.shown), not \(number.shown)")
            return nil
        }
        return number
    }

    /// - Parameter zeroIsOff: 0 is allowed below the range too.
    func size(_ key: String, in range: ClosedRange<Int>, zeroIsOff: Bool = false) -> Int? {
        guard let value = value(key) else { return nil }
        let bytes: Int
        switch value.content {
        case .integer(let integer): bytes = Int(integer)
        case .string(let string):
            guard let parsed = ByteSize.bytes(string) else {
                context.faults.add(value.location, "`\(key)` is no size: \(string.quoted); write \(ByteSize.example)")
                return nil
            }
            bytes = parsed
        default:
            mismatch(key, "a size, \(ByteSize.example)", value)
            return nil
        }
        guard range.contains(bytes) || zeroIsOff && bytes == 0 else {
            let bounds = "from \(ByteSize.text(range.lowerBound)) to \(ByteSize.text(range.upperBound))"
            context.faults.add(value.location, "`\(key)` must be \(bounds)\(zeroIsOff ? ", or 0 for off" : "")")
            return nil
        }
        return bytes
    }

    /// - Parameter zeroIsOff: 0, with or without a unit, is allowed below the range too.
    func duration(_ key: String, in range: ClosedRange<Duration>, zeroIsOff: Bool = false) -> Duration? {
        guard let value = value(key) else { return nil }
        return duration(value, called: key, in: range, zeroIsOff: zeroIsOff)
    }

    func durations(_ key: String, in range: ClosedRange<Duration>, atMost maximum: Int) -> [Duration]? {
        guard let elements = elements(key, "an array of durations, like [\"1h\", \"24h\"]", atMost: maximum) else {
            return nil
        }
        return elements.compactMap { duration($0, called: key, in: range, zeroIsOff: false) }
    }

    private func duration(
        _ value: TOMLValue, called key: String, in range: ClosedRange<Duration>, zeroIsOff: Bool
    ) -> Duration? {
        let duration: Duration
        switch value.content {
        case .integer(0) where zeroIsOff: duration = .zero
        case .string(let string):
            guard let parsed = DurationText.duration(string) else {
                context.faults.add(
                    value.location, "`\(key)` is no duration: \(string.quoted); write \(DurationText.example)")
                return nil
            }
            duration = parsed
        default:
            mismatch(key, "a duration, \(DurationText.example)", value)
            return nil
        }
        guard range.contains(duration) || zeroIsOff && duration == .zero else {
            let bounds = "from \(DurationText.text(range.lowerBound)) to \(DurationText.text(range.upperBound))"
            context.faults.add(value.location, "`\(key)` must be \(bounds)\(zeroIsOff ? ", or 0 for off" : "")")
            return nil
        }
        return duration
    }

    /// One of the words that an enumeration lists.
    func choice<Choice: RawRepresentable<String> & CaseIterable>(_ key: String, of type: Choice.Type) -> Choice? {
        guard let value = value(key) else { return nil }
        return choice(value, called: key, of: type)
    }

    func choices<Choice: RawRepresentable<String> & CaseIterable>(
        _ key: String, of type: Choice.Type
    ) -> [Choice]? {
        guard let elements = elements(key, "an array of texts", atMost: Choice.allCases.count) else { return nil }
        return elements.compactMap { choice($0, called: key, of: type) }
    }

    private func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ value: TOMLValue, called key: String, of type: Choice.Type
    ) -> Choice? {
        let words = Choice.allCases.map(\.rawValue)
        guard case .string(let string) = value.content else {
            mismatch(key, "one of \(words.map(\.quoted).joined(separator: ", "))", value)
            return nil
        }
        if let choice = Choice(rawValue: string) { return choice }
        let advice = Suggestion.phrase(for: string, among: words)
        context.faults.add(
            value.location,
            "`\(key)` must be one of \(words.joined(separator: ", ")), not \(string.quoted)\(advice)")
        return nil
    }

    /// An array of texts, each with its place.
    func strings(_ key: String, atMost maximum: Int = 1_000) -> [(text: String, location: SourceLocation)]? {
        guard let elements = elements(key, "an array of texts, like [\"a\", \"b\"]", atMost: maximum) else {
            return nil
        }
        return elements.compactMap { element in
            guard case .string(let text) = element.content else {
                context.faults.add(element.location, "`\(key)` must hold texts in quotes only, not \(element.kindName)")
                return nil
            }
            if let reason = Self.oddity(text) {
                context.faults.add(element.location, "an element of `\(key)` \(reason)")
                return nil
            }
            return (text, element.location)
        }
    }

    private func elements(_ key: String, _ expected: String, atMost maximum: Int) -> [TOMLValue]? {
        guard let value = value(key) else { return nil }
        guard case .array(let elements) = value.content else {
            mismatch(key, expected, value)
            return nil
        }
        guard elements.count <= maximum else {
            context.faults.add(value.location, "`\(key)` has \(elements.count) elements; at most \(maximum) make sense")
            return nil
        }
        return elements
    }
}
