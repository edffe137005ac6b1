/// A time taken apart into the fields of the Gregorian calendar in UTC.
///
/// Source: Howard Hinnant, "chrono-compatible low-level date algorithms".
struct CivilTime {
    let year: Int64
    let month: Int64
    let day: Int64
    let hour: Int64
    let minute: Int64
    let second: Int64
    let millisecond: Int64
    /// Days after a Thursday: 1970 began on one.
    let weekday: Int64

    init(_ time: Int64) {
        var days = time / 86_400_000
        var rest = time % 86_400_000
        if rest < 0 {
            days -= 1
            rest += 86_400_000
        }
        weekday = (days % 7 + 7) % 7
        let z = days + 719_468
        let era = (z >= 0 ? z : z - 146_096) / 146_097
        let dayOfEra = z - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * shifted + 2) / 5 + 1
        month = shifted < 10 ? shifted + 3 : shifted - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        hour = rest / 3_600_000
        minute = rest / 60_000 % 60
        second = rest / 1_000 % 60
        millisecond = rest % 1_000
    }

    /// Days since 1970-01-01.
    static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
        let y = month <= 2 ? year - 1 : year
        let era = (y >= 0 ? y : y - 399) / 400
        let yearOfEra = y - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    /// Writes 20 bytes, or 24 with a fraction; the caller has made room for them.
    func write(to bytes: UnsafeMutableRawBufferPointer, at offset: Int, fraction: Bool) {
        Self.write(year / 100, to: bytes, at: offset)
        Self.write(year % 100, to: bytes, at: offset + 2)
        bytes[offset + 4] = 0x2D
        Self.write(month, to: bytes, at: offset + 5)
        bytes[offset + 7] = 0x2D
        Self.write(day, to: bytes, at: offset + 8)
        bytes[offset + 10] = 0x54
        Self.write(hour, to: bytes, at: offset + 11)
        bytes[offset + 13] = 0x3A
        Self.write(minute, to: bytes, at: offset + 14)
        bytes[offset + 16] = 0x3A
        Self.write(second, to: bytes, at: offset + 17)
        if fraction {
            bytes[offset + 19] = 0x2E
            bytes[offset + 20] = 0x30 + UInt8(truncatingIfNeeded: millisecond / 100)
            Self.write(millisecond % 100, to: bytes, at: offset + 21)
        }
        bytes[offset + (fraction ? 23 : 19)] = 0x5A
    }

    private static func write(_ twoDigits: Int64, to bytes: UnsafeMutableRawBufferPointer, at offset: Int) {
        bytes[offset] = 0x30 + UInt8(truncatingIfNeeded: twoDigits / 10)
        bytes[offset + 1] = 0x30 + UInt8(truncatingIfNeeded: twoDigits % 10)
    }
}
