import Foundation
import Glibc

/// What the kernel says of this process, under the names that all client libraries use
/// (https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics). Source: proc(5), getrlimit(2).
package struct ProcessFigures: Sendable {
    /// Wall time in seconds since 1970; once found out it stays, whatever is done to the clock.
    private let startTime: Double?

    package init() {
        let age = Self.stat().map { $0.startTicks / Self.ticksPerSecond }.map { Self.now(CLOCK_BOOTTIME) - $0 }
        startTime = age.map { Self.now(CLOCK_REALTIME) - $0 }
    }

    /// What cannot be found out is left out.
    package func families() -> [MetricFamily] {
        let stat = Self.stat()
        var limit = rlimit()
        let descriptors = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
        let hasLimit = getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0
        return [
            MetricFamily(
                "process_cpu_seconds_total", .counter, "CPU time used, in user and system mode.",
                stat.map { $0.ticks / Self.ticksPerSecond }),
            MetricFamily(
                "process_resident_memory_bytes", .gauge, "Memory in use.",
                stat.map { $0.residentPages * Double(sysconf(Int32(_SC_PAGESIZE))) }),
            MetricFamily(
                "process_virtual_memory_bytes", .gauge, "Address space in use.", stat.map(\.virtualBytes)),
            // One of them was for the looking.
            MetricFamily("process_open_fds", .gauge, "Open files and sockets.", descriptors.map { Double($0 - 1) }),
            MetricFamily(
                "process_max_fds", .gauge, "How many files and sockets may be open.",
                hasLimit ? Double(limit.rlim_cur) : nil),
            MetricFamily("process_start_time_seconds", .gauge, "When the process was started.", startTime),
        ]
    }

    private struct Stat {
        let ticks: Double
        let startTicks: Double
        let virtualBytes: Double
        let residentPages: Double
    }

    private static let ticksPerSecond = Double(sysconf(Int32(_SC_CLK_TCK)))

    /// The fields of proc_pid_stat(5), counted from behind the program's name, which may hold anything.
    private static func stat() -> Stat? {
        guard let text = try? String(contentsOfFile: "/proc/self/stat", encoding: .utf8),
            let end = text.lastIndex(of: ")")
        else { return nil }
        let fields = text[text.index(after: end)...].split(separator: " ").map { Double($0) ?? 0 }
        guard fields.count > 21 else { return nil }
        return Stat(
            ticks: fields[11] + fields[12], startTicks: fields[19], virtualBytes: fields[20],
            residentPages: fields[21])
    }

    private static func now(_ clock: clockid_t) -> Double {
        var time = timespec()
        // Cannot fail: both clocks exist on every Linux and the pointer is valid.
        _ = clock_gettime(clock, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
