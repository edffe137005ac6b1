/// Where the first run of a stream begins: some time back, or at an instant.
package enum StartPoint: Sendable, Hashable {
    case ago(Duration)
    case instant(Instant)

    /// An RFC 3339 instant, as written and in milliseconds since 1970 UTC; finer fractions are cut.
    package struct Instant: Sendable, Hashable {
        package let text: String
        package let millisecondsSinceEpoch: Int64
    }

    var text: String {
        switch self {
        case .ago(let duration): DurationText.text(duration)
        case .instant(let instant): instant.text
        }
    }
}

extension StartPoint.Instant {
    /// `2026-11-21T08:00:00Z`, `2026-11-21T08:00:00.5+01:00`; nil for anything else, and before 1970.
    init?(_ text: String) {
        let bytes = Array(text.utf8)
        func number(_ range: Range<Int>) -> Int64? {
            guard range.upperBound <= bytes.count else { return nil }
            var value: Int64 = 0
            for byte in bytes[range] {
                guard (0x30...0x39).contains(byte) else { return nil }
                value = value * 10 + Int64(byte - 0x30)
            }
            return value
        }
        func has(_ character: Unicode.Scalar, at index: Int) -> Bool {
            index < bytes.count && bytes[index] == UInt8(ascii: character)
        }
        guard bytes.count <= 40, let year = number(0..<4), has("-", at: 4), let month = number(5..<7),
            has("-", at: 7), let day = number(8..<10), has("T", at: 10), let hour = number(11..<13),
            has(":", at: 13), let minute = number(14..<16), has(":", at: 16), let second = number(17..<19),
            (1970...9999).contains(year), (1...12).contains(month), day >= 1,
            day <= Self.days(in: month, of: year), hour < 24, minute < 60, second < 61
        else { return nil }

        var index = 19
        var milliseconds: Int64 = 0
        if has(".", at: index) {
            index += 1
            let start = index
            while index < bytes.count, (0x30...0x39).contains(bytes[index]) { index += 1 }
            let digits = bytes[start..<index].prefix(3).map { Int64($0 - 0x30) }
            guard !digits.isEmpty else { return nil }
            milliseconds = (digits + [0, 0]).prefix(3).reduce(0) { $0 * 10 + $1 }
        }
        var offset: Int64 = 0
        if has("Z", at: index), index + 1 == bytes.count {
            offset = 0
        } else if index + 6 == bytes.count, has("+", at: index) || has("-", at: index), has(":", at: index + 3),
            let hours = number(index + 1..<index + 3), let minutes = number(index + 4..<index + 6), hours < 24,
            minutes < 60
        {
            offset = (hours * 60 + minutes) * (bytes[index] == UInt8(ascii: "-") ? -1 : 1)
        } else {
            return nil
        }
        let minutes = (Self.daysSinceEpoch(year, month, day) * 24 + hour) * 60 + minute - offset
        self.init(text: text, millisecondsSinceEpoch: (minutes * 60 + second) * 1_000 + milliseconds)
    }

    private static func days(in month: Int64, of year: Int64) -> Int64 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Howard Hinnant's days_from_civil, for years of our era.
    private static func daysSinceEpoch(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}
