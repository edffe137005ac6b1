import Foundation

/// What this process has used between two moments.
struct Stopwatch {
    private let cpu = Self.cpu
    private let began = ContinuousClock.now

    /// - Parameter others: CPU seconds in between that do not count.
    func figure(_ part: Part, _ name: String, records: Int, others: Double = 0) -> Figure {
        let (used, passed) = (Self.cpu - cpu - others, began.duration(to: .now).inSeconds)
        return Figure(
            part: part, name: name, records: records, cpuMicroseconds: used / Double(records) * 1e6,
            recordsPerSecond: Double(records) / passed)
    }

    private static var cpu: Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
