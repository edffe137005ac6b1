/// Dates as Twilio reads and writes them; a time is milliseconds since 1970.
enum TwilioDate {
    /// Reads RFC 3339 with or without fraction, `Z`, an offset or no zone (then GMT), and plain dates; nil for anything else.
    ///
    /// Digits past milliseconds are cut off. A `+` that came undecoded in a query has become a space and is refused.
    static func milliseconds(_ text: String) -> Int64? {
        var scan = Scanner(bytes: Array(text.utf8))
        guard let year = scan.digits(4), scan.take("-"), let month = scan.digits(2), scan.take("-"),
            let day = scan.digits(2), (1...12).contains(month), (1...lastDay(ofMonth: month, year: year)).contains(day)
        else { return nil }
        let midnight = CivilTime.days(year: year, month: month, day: day) * 86_400_000
        if scan.isAtEnd { return midnight }
        guard scan.take("T") || scan.take("t"), let hour = scan.digits(2), scan.take(":"), let minute = scan.digits(2),
            scan.take(":"), let second = scan.digits(2), hour < 24, minute < 60, second < 61
        else { return nil }
        var time = midnight + (hour * 60 + minute) * 60_000 + min(second, 59) * 1_000
        if scan.take(".") {
            guard let fraction = scan.fraction() else { return nil }
            time += fraction
        }
        if scan.isAtEnd { return time }
        if scan.take("Z") || scan.take("z") { return scan.isAtEnd ? time : nil }
        let sign: Int64
        if scan.take("+") { sign = 1 } else if scan.take("-") { sign = -1 } else { return nil }
        guard let hours = scan.digits(2),
            let minutes = {
                _ = scan.take(":"); return scan.digits(2)
            }(), hours < 24,
            minutes < 60, scan.isAtEnd
        else { return nil }
        return time - sign * (hours * 60 + minutes) * 60_000
    }

    /// `2026-11-21T08:00:00Z`, or `2026-11-21T08:00:00.123Z`.
    static func text(_ time: Int64, fraction: Bool) -> String {
        var bytes = [UInt8](repeating: 0, count: fraction ? 24 : 20)
        bytes.withUnsafeMutableBytes { CivilTime(time).write(to: $0, at: 0, fraction: fraction) }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// When things were made that were always there: in 2018.
    static let longAgo: Int64 = 1_541_880_000_000

    /// The `Date` header's form, RFC 9110 section 5.6.7.
    static func httpDate(_ time: Int64) -> String { words(time) + " GMT" }

    /// The form of older APIs: always 31 bytes for years of four digits.
    static func rfc2822(_ time: Int64) -> String { words(time) + " +0000" }

    private static func words(_ time: Int64) -> String {
        let civil = CivilTime(time)
        let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let clock = [civil.hour, civil.minute, civil.second].map { $0 < 10 ? "0\($0)" : "\($0)" }
            .joined(separator: ":")
        let day = civil.day < 10 ? "0\(civil.day)" : "\(civil.day)"
        return "\(weekdays[Int(civil.weekday)]), \(day) \(months[Int(civil.month) - 1]) \(civil.year) \(clock)"
    }

    private static func lastDay(ofMonth month: Int64, year: Int64) -> Int64 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    private struct Scanner {
        let bytes: [UInt8]
        var at = 0

        var isAtEnd: Bool { at == bytes.count }

        mutating func take(_ character: Unicode.Scalar) -> Bool {
            guard at < bytes.count, UInt32(bytes[at]) == character.value else { return false }
            at += 1
            return true
        }

        mutating func digits(_ count: Int) -> Int64? {
            guard at + count <= bytes.count else { return nil }
            var value: Int64 = 0
            for byte in bytes[at..<at + count] {
                guard (0x30...0x39).contains(byte) else { return nil }
                value = value * 10 + Int64(byte - 0x30)
            }
            at += count
            return value
        }

        /// Milliseconds of a fraction of any length from one digit on.
        mutating func fraction() -> Int64? {
            var value: Int64 = 0
            var scale: Int64 = 100
            let begin = at
            while at < bytes.count, (0x30...0x39).contains(bytes[at]) {
                value += Int64(bytes[at] - 0x30) * scale
                scale /= 10
                at += 1
            }
            return at > begin ? value : nil
        }
    }
}
