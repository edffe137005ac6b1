// Whichever of the two is built first defines timespec, for the compiler.
import CSystemd
import Glibc

/// A wall-clock time as `2026-11-21T08:00:00.123Z`; milliseconds are cut, not rounded, so that a time is never in the future.
struct UTCTime: CustomStringConvertible {
    let secondsSince1970: Int
    let nanoseconds: Int

    static func now() -> UTCTime {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return UTCTime(secondsSince1970: time.tv_sec, nanoseconds: time.tv_nsec)
    }

    var description: String {
        var seconds = time_t(secondsSince1970)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        let date =
            "\(padded(Int(parts.tm_year) + 1900, 4))-\(padded(Int(parts.tm_mon) + 1, 2))-\(padded(Int(parts.tm_mday), 2))"
        let time = "\(padded(Int(parts.tm_hour), 2)):\(padded(Int(parts.tm_min), 2)):\(padded(Int(parts.tm_sec), 2))"
        return "\(date)T\(time).\(padded(nanoseconds / 1_000_000, 3))Z"
    }
}

private func padded(_ number: Int, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
}
