/// An instant in milliseconds since 1970-01-01T00:00:00Z, leap seconds ignored: the resolution of everything twilship orders by.
///
/// Parsing and formatting are by hand: Foundation's cost twenty times as much per record, and its millisecond formatting
/// was off by one.
package struct Timestamp: Hashable, Comparable, Sendable {
    package let milliseconds: Int64

    package init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    package static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.milliseconds < right.milliseconds
    }

    /// The instant `duration` later. Saturates instead of overflowing: instants come from outside.
    package static func + (left: Timestamp, duration: Duration) -> Timestamp {
        let (sum, overflow) = left.milliseconds.addingReportingOverflow(duration.wholeMilliseconds)
        return Timestamp(milliseconds: overflow ? (duration < .zero ? .min : .max) : sum)
    }

    package static func - (left: Timestamp, duration: Duration) -> Timestamp {
        left + (.zero - duration)
    }

    package static func - (left: Timestamp, right: Timestamp) -> Duration {
        let (difference, overflow) = left.milliseconds.subtractingReportingOverflow(right.milliseconds)
        return .milliseconds(overflow ? (left < right ? .min : .max) : difference)
    }

    /// The latest multiple of `tick` that is not after this instant.
    package func rounded(downTo tick: Duration) -> Timestamp {
        let step = max(1, tick.wholeMilliseconds)
        let remainder = ((milliseconds % step) + step) % step
        return Timestamp(milliseconds: milliseconds - remainder)
    }
}

extension Duration {
    /// Whole milliseconds, rounded towards zero; saturates.
    package var wholeMilliseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        if overflow { return seconds < 0 ? .min : .max }
        let (sum, carried) = product.addingReportingOverflow(attoseconds / 1_000_000_000_000_000)
        return carried ? (seconds < 0 ? .min : .max) : sum
    }

    /// Seconds with a fraction.
    package var inSeconds: Double {
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }
}

// MARK: - RFC 3339

extension Timestamp {
    /// Reads an RFC 3339 date-time (section 5.6): `2014-10-03T16:48:25Z`, any number of fraction digits, `Z` or an offset.
    ///
    /// More than three fraction digits are cut, not rounded. A leap second counts as the second after it. Nil when the
    /// bytes are anything else.
    package init?(rfc3339 bytes: some Sequence<UInt8>) {
        self.init(reading: bytes)
    }

    /// As above. Generic code is not specialised across modules, and without that costs two microseconds a date.
    package init?(rfc3339 bytes: ArraySlice<UInt8>) {
        self.init(reading: bytes)
    }

    private init?(reading bytes: some Sequence<UInt8>) {
        var reader = DigitReader(bytes.makeIterator())
        guard let year = reader.number(4), reader.take("-"), let month = reader.number(2), reader.take("-"),
            let day = reader.number(2), reader.take("T", or: "t", or: " "), let hour = reader.number(2),
            reader.take(":"),
            let minute = reader.number(2), reader.take(":"), let second = reader.number(2),
            (1...12).contains(month), (1...Self.days(inMonth: month, of: year)).contains(day),
            hour < 24, minute < 60, second < 61
        else { return nil }
        var fraction = 0
        if reader.take(".") {
            guard let milliseconds = reader.fraction() else { return nil }
            fraction = milliseconds
        }
        var offsetMinutes = 0
        if !reader.take("Z", or: "z") {
            let east = reader.take("+")
            guard east || reader.take("-"), let hours = reader.number(2), reader.take(":"),
                let minutes = reader.number(2), hours < 24, minutes < 60
            else { return nil }
            offsetMinutes = (hours * 60 + minutes) * (east ? 1 : -1)
        }
        guard reader.atEnd else { return nil }
        let minutes = (Self.daysSince1970(year, month, day) * 24 + hour) * 60 + minute - offsetMinutes
        self.init(milliseconds: Int64((minutes * 60 + second) * 1000 + fraction))
    }

    /// `2014-10-03T16:48:25.000Z`: always UTC, always three fraction digits. Years outside 0...9999 are clamped to them.
    package var rfc3339: String {
        var bytes: [UInt8] = []
        appendRFC3339(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// `2014-10-03T16:48:25Z`, as Twilio's date filters take it; the fraction is cut.
    package var rfc3339Seconds: String {
        String(rounded(downTo: .seconds(1)).rfc3339.dropLast(5)) + "Z"
    }

    package func appendRFC3339(to bytes: inout [UInt8]) {
        // 0000-01-01 and 9999-12-31T23:59:59.999, all that four digits can say.
        let clamped = min(max(milliseconds, -62_167_219_200_000), 253_402_300_799_999)
        let day = clamped.flooredQuotient(86_400_000)
        let (year, month, date) = Self.civil(daysSince1970: Int(day))
        var rest = Int(clamped - day * 86_400_000)
        let fraction = rest % 1000
        rest /= 1000
        var text = InlineArray<24, UInt8>(repeating: 0)
        var end = 0
        func put(_ value: Int, _ digits: Int, _ after: Unicode.Scalar) {
            var rest = value
            for place in (end..<end + digits).reversed() {
                text[place] = UInt8(truncatingIfNeeded: 48 + rest % 10)
                rest /= 10
            }
            end += digits + 1
            text[end - 1] = UInt8(ascii: after)
        }
        put(year, 4, "-")
        put(month, 2, "-")
        put(date, 2, "T")
        put(rest / 3600, 2, ":")
        put(rest / 60 % 60, 2, ":")
        put(rest % 60, 2, ".")
        put(fraction, 3, "Z")
        text.span.withUnsafeBufferPointer { bytes.append(contentsOf: $0) }
    }

    // Both conversions are Howard Hinnant's civil calendar algorithms, https://howardhinnant.github.io/date_algorithms.html

    static func daysSince1970(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let shifted = month <= 2 ? year - 1 : year
        let era = Int64(shifted).flooredQuotient(400)
        let yearOfEra = shifted - Int(era) * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return Int(era) * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func civil(daysSince1970 days: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = Int(Int64(shifted).flooredQuotient(146_097))
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth + (shiftedMonth < 10 ? 3 : -9)
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }

    static func days(inMonth month: Int, of year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}

extension Int64 {
    fileprivate func flooredQuotient(_ divisor: Int64) -> Int64 {
        let quotient = self / divisor
        return self % divisor < 0 ? quotient - 1 : quotient
    }
}

private struct DigitReader<Bytes: IteratorProtocol<UInt8>> {
    private var bytes: Bytes
    private var next: UInt8?

    init(_ bytes: Bytes) {
        self.bytes = bytes
        next = self.bytes.next()
    }

    var atEnd: Bool { next == nil }

    mutating func take(_ first: Unicode.Scalar, or second: Unicode.Scalar? = nil, or third: Unicode.Scalar? = nil)
        -> Bool
    {
        guard let byte = next.map(Unicode.Scalar.init), byte == first || byte == second || byte == third else {
            return false
        }
        next = bytes.next()
        return true
    }

    private mutating func digit() -> Int? {
        guard let byte = next, byte >= 48, byte <= 57 else { return nil }
        next = bytes.next()
        return Int(byte) - 48
    }

    mutating func number(_ digits: Int) -> Int? {
        var value = 0
        for _ in 0..<digits {
            guard let digit = digit() else { return nil }
            value = value * 10 + digit
        }
        return value
    }

    /// The digits after the point as milliseconds; at least one digit, at most 32.
    mutating func fraction() -> Int? {
        guard let first = digit() else { return nil }
        var value = first * 100
        var weight = 10
        for _ in 1..<32 {
            guard let digit = digit() else { break }
            value += digit * weight
            weight /= 10
        }
        return value
    }
}

extension Timestamp: Codable {
    /// From an RFC 3339 string.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let timestamp = Timestamp(rfc3339: text.utf8) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not an RFC 3339 date: \(text)")
        }
        self = timestamp
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rfc3339)
    }
}
