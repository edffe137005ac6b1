extension SensitiveText {
    /// A number of E.164: a plus sign and 8 to 15 digits, with blanks, hyphens, dots and brackets between them at most.
    ///
    /// - Parameters:
    ///   - start: of the plus sign, in whichever form.
    ///   - digits: where the digits begin.
    func international(from start: Int, digits: Int) -> Range<Int>? {
        guard !isAlphanumeric(start - 1), isDigit(digits), !isByte("0", at: digits) else { return nil }
        return number(from: start, digits: digits, count: 8...15)
    }

    /// A number of the North American plan: `(555) 010-0451`, `555-010-0451`, `1.555.010.0451`, `15552010451`. Ten digits
    /// without anything between them are too often something else.
    func northAmerican(from start: Int) -> Range<Int>? {
        guard !isAlphanumeric(start - 1), !isByte("-", at: start - 1), !isByte(".", at: start - 1) else { return nil }
        var position = start
        let hasCountry = isByte("1", at: position)
        if hasCountry { position += 1 }
        let isBare = hasCountry && isDigit(position)
        if hasCountry, !isBare { position += isSeparator(position) ? 1 : 0 }
        let hasBracket = isByte("(", at: position)
        if hasBracket { position += 1 }
        guard let area = group(3, at: position), text[position] >= UInt8(ascii: "2") else { return nil }
        position = area
        if hasBracket {
            guard isByte(")", at: position) else { return nil }
            position += 1
        }
        if isBare {
            guard let end = group(7, at: position), text[position] >= UInt8(ascii: "2") else { return nil }
            return isAlphanumeric(end) ? nil : start..<end
        }
        guard hasBracket || isSeparator(position) else { return nil }
        if isSeparator(position) { position += 1 }
        guard let exchange = group(3, at: position), isSeparator(exchange), let end = group(4, at: exchange + 1) else {
            return nil
        }
        let goesOn = isAlphanumeric(end) || isByte("-", at: end) && isDigit(end + 1)
        return goesOn ? nil : start..<end
    }

    /// A number in digits only, behind the sign of a key that is said to hold one.
    func number(behind sign: Range<Int>) -> Range<Int>? {
        let start = end(from: sign.upperBound, limit: 4) {
            $0 == 32 || $0 == JSONByte.backslash || $0 == JSONByte.quote || $0 == UInt8(ascii: "'")
        }
        guard let range = number(from: start, digits: start, count: 10...15) else { return nil }
        return isAlphanumeric(range.upperBound) ? nil : range
    }

    /// Whether all of the text is a number such as a key is said to hold.
    var isPhoneNumber: Bool {
        let digits = isByte("+", at: 0) ? 1 : isByte("(", at: 0) ? 1 : 0
        return number(from: 0, digits: digits, count: 7...15) == 0..<text.count
    }

    /// A payment card's number, in one run or in groups with a blank or hyphen between them.
    func card(from start: Int) -> Range<Int>? {
        guard !isAlphanumeric(start - 1), !isByte("-", at: start - 1), isByte(at: start, in: 50...54) else {
            return nil
        }
        var digits = InlineArray<19, UInt8>(repeating: 0)
        var count = 0
        var group = 0
        var position = start
        var best: Range<Int>?
        while count < digits.count, isDigit(position) {
            digits[count] = text[position] - 48
            count += 1
            group += 1
            position += 1
            if isDigit(position) { continue }
            let hyphen = isByte("-", at: position)
            let goesOn = isAlphanumeric(position) || hyphen && isAlphanumeric(position + 1) && !isDigit(position + 1)
            if count >= 13, !goesOn, Self.hasCheckDigit(digits, count) { best = start..<position }
            // Cards are written in groups of four to six.
            guard hyphen || isByte(" ", at: position), isDigit(position + 1), 4...6 ~= group else { break }
            position += 1
            group = 0
        }
        return best
    }

    /// The algorithm of Luhn (ISO/IEC 7812-1, annex B).
    private static func hasCheckDigit(_ digits: borrowing InlineArray<19, UInt8>, _ count: Int) -> Bool {
        var sum = 0
        for index in 0..<count {
            let digit = Int(digits[count - 1 - index])
            let doubled = digit * 2
            sum += index.isMultiple(of: 2) ? digit : doubled > 9 ? doubled - 9 : doubled
        }
        return sum.isMultiple(of: 10)
    }

    private func number(from start: Int, digits: Int, count allowed: ClosedRange<Int>) -> Range<Int>? {
        var position = digits
        var end = digits
        var count = 0
        while position < text.count, count <= allowed.upperBound {
            if text[position].isDigit {
                count += 1
                position += 1
                end = position
            } else if count < 10, position == end ? isBetween(position) : isBracket(position - 1) || isBracket(position)
            {
                position += 1
            } else {
                break
            }
        }
        guard allowed.contains(count), !isDigit(end) else { return nil }
        return start..<end
    }

    private func isBetween(_ position: Int) -> Bool {
        isSeparator(position) || isBracket(position)
    }

    private func isBracket(_ position: Int) -> Bool {
        isByte("(", at: position) || isByte(")", at: position)
    }

    private func isSeparator(_ position: Int) -> Bool {
        isByte(" ", at: position) || isByte("-", at: position) || isByte(".", at: position)
    }

    private func isByte(at position: Int, in range: ClosedRange<UInt8>) -> Bool {
        text.indices.contains(position) && range.contains(text[position])
    }

    /// The end of so many digits.
    private func group(_ count: Int, at position: Int) -> Int? {
        let end = end(from: position, limit: count) { $0.isDigit }
        return end - position == count ? end : nil
    }
}
