// RFC 2822, sections 3.3 and 4.3: the dates of Twilio's older APIs.

extension Timestamp {
    /// Longer ones are no dates: with two spaces everywhere they have some 40 bytes.
    private static let longest = 64

    /// Reads an RFC 2822 date-time: `Thu, 30 Jul 2015 20:00:00 +0000`.
    ///
    /// - The day of the week and the seconds may be missing. That the day of the week fits is not checked: the date
    ///   itself says when it was.
    /// - Years of two and three digits count as section 4.3 says: 49 is 2049, 50 is 1950, 115 is 2015.
    /// - Zones are `+HHMM` and `-HHMM`, `UT`, `GMT`, the eight names of North America, and single letters, which
    ///   section 4.3 reads as UTC. `UTC` is read as well. Other names are refused: a date hours off is worse than none.
    /// - A leap second counts as the second after it. Comments in parentheses are not read.
    ///
    /// Nil when the bytes are anything else, or more than 64.
    package init?(rfc2822 bytes: ArraySlice<UInt8>) {
        guard bytes.count <= Self.longest else { return nil }
        var reader = DateReader(rest: bytes)
        reader.skipBlanks()
        if let day = reader.word() {
            guard Self.dayNames.contains(day) else { return nil }
            reader.skipBlanks()
            guard reader.take(",") else { return nil }
            reader.skipBlanks()
        }
        guard let day = reader.number(digits: 1...2), reader.skipBlanks(),
            let month = reader.word().flatMap({ Self.monthNames.firstIndex(of: $0) }).map({ $0 + 1 }),
            reader.skipBlanks(),
            let year = reader.year(), reader.skipBlanks(),
            let hour = reader.number(digits: 2...2), reader.take(":"), let minute = reader.number(digits: 2...2),
            (1...Self.days(inMonth: month, of: year)).contains(day), hour < 24, minute < 60
        else { return nil }
        var second = 0
        if reader.take(":") {
            guard let seconds = reader.number(digits: 2...2), seconds < 61 else { return nil }
            second = seconds
        }
        guard reader.skipBlanks(), let offset = reader.zone() else { return nil }
        reader.skipBlanks()
        guard reader.rest.isEmpty else { return nil }
        let minutes = (Self.daysSince1970(year, month, day) * 24 + hour) * 60 + minute - offset
        self.init(milliseconds: Int64((minutes * 60 + second) * 1000))
    }

    private static let dayNames = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    private static let monthNames = [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ]
}

private struct DateReader {
    var rest: ArraySlice<UInt8>

    /// - Returns: whether there were any.
    @discardableResult
    mutating func skipBlanks() -> Bool {
        let length = rest.prefix { $0 == 32 || $0 == 9 }.count
        rest = rest.dropFirst(length)
        return length > 0
    }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard rest.first == UInt8(ascii: character) else { return false }
        rest = rest.dropFirst()
        return true
    }

    /// ASCII letters, in lower case; nil if none begins here.
    mutating func word() -> String? {
        let letters = rest.prefix { 97...122 ~= $0 | 0x20 }
        rest = rest.dropFirst(letters.count)
        return letters.isEmpty ? nil : String(decoding: letters.map { $0 | 0x20 }, as: UTF8.self)
    }

    /// All digits that stand here, if they are as many as that.
    mutating func number(digits: ClosedRange<Int>) -> Int? {
        let number = rest.prefix { 48...57 ~= $0 }
        guard digits.contains(number.count) else { return nil }
        rest = rest.dropFirst(number.count)
        return number.reduce(0) { $0 * 10 + Int($1) - 48 }
    }

    mutating func year() -> Int? {
        let before = rest.count
        guard let number = number(digits: 2...4) else { return nil }
        switch before - rest.count {
        case 2: return number + (number < 50 ? 2000 : 1900)
        case 3: return number + 1900
        default: return number < 1900 ? nil : number
        }
    }

    /// Minutes east of UTC.
    mutating func zone() -> Int? {
        let east = take("+")
        if east || take("-") {
            guard let number = number(digits: 4...4), number % 100 < 60 else { return nil }
            return (number / 100 * 60 + number % 100) * (east ? 1 : -1)
        }
        switch word() {
        case "ut", "gmt", "utc": return 0
        case "edt": return -4 * 60
        case "est", "cdt": return -5 * 60
        case "cst", "mdt": return -6 * 60
        case "mst", "pdt": return -7 * 60
        case "pst": return -8 * 60
        case let letter? where letter.utf8.count == 1 && letter != "j": return 0
        default: return nil
        }
    }
}
