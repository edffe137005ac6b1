import Foundation

/// A program that runs beside the bench, whose CPU and memory are counted apart.
final class Child {
    /// What a process has used.
    struct Usage {
        /// User and system time together, in seconds.
        var cpu: Double
        /// The most it had in memory at once, in bytes.
        var peakBytes: Int
        /// Nil while it runs.
        var status: Int32?
    }

    let pid: pid_t
    let started = ContinuousClock.now
    private let log: String
    private var ended: Usage?
    /// The kernel's own figure at the end counts what this program had in memory when it started the child.
    private var peakBytes = 0

    /// - Parameter log: the file that takes what it says.
    init(_ program: String, _ arguments: [String], log: String) throws {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log, O_WRONLY | O_CREAT | O_APPEND, 0o644)
        posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO)
        let words = ([program] + arguments).map { strdup($0) } + [nil]
        defer { words.forEach { free($0) } }
        var pid: pid_t = 0
        let code = posix_spawn(&pid, program, &actions, nil, words, environ)
        guard code == 0 else {
            throw BenchError("\(program) cannot be started: \(String(cString: strerror(code)))")
        }
        self.pid = pid
        self.log = log
    }

    deinit { kill() }

    /// How long it has run.
    var age: Duration { started.duration(to: .now) }

    /// Whether it still runs; what it used is kept once it does not.
    var isRunning: Bool {
        guard ended == nil else { return false }
        collect()
        return ended == nil
    }

    /// Waits for its end.
    func wait() -> Usage {
        while true {
            if let ended { return ended }
            collect()
            usleep(10_000)
        }
    }

    func terminate() -> Usage {
        if ended == nil { Foundation.kill(pid, SIGTERM) }
        return wait()
    }

    func kill() {
        if ended == nil { Foundation.kill(pid, SIGKILL) }
        _ = wait()
    }

    /// What it has used so far, as the kernel's files say it: to 10 ms.
    var usage: Usage {
        if let ended { return ended }
        let stat = (try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)) ?? ""
        // The name in parentheses may hold blanks.
        let fields = stat[(stat.lastIndex(of: ")") ?? stat.startIndex)...].split(separator: " ")
        let ticks = fields.count > 13 ? (Double(fields[12]) ?? 0) + (Double(fields[13]) ?? 0) : 0
        return Usage(
            cpu: ticks / Double(sysconf(Int32(_SC_CLK_TCK))), peakBytes: kilobytes("VmHWM") * 1_024, status: nil)
    }

    /// What it has in memory now, in bytes.
    var residentBytes: Int { kilobytes("VmRSS") * 1_024 }

    /// What it said last, for errors.
    var lastWords: String {
        let text = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").suffix(12).joined(separator: "\n")
    }

    private func kilobytes(_ key: String) -> Int {
        let status = (try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix(key + ":") } ?? ""
        return Int(line.drop { !$0.isNumber }.prefix { $0.isNumber }) ?? 0
    }

    private func collect() {
        peakBytes = max(peakBytes, kilobytes("VmHWM") * 1_024)
        var status: Int32 = 0
        var usage = rusage()
        guard wait4(pid, &status, WNOHANG, &usage) == pid else { return }
        ended = Usage(
            cpu: usage.ru_utime.seconds + usage.ru_stime.seconds, peakBytes: peakBytes,
            status: status & 0x7f == 0 ? status >> 8 & 0xff : -(status & 0x7f))
    }
}

extension timeval {
    var seconds: Double { Double(tv_sec) + Double(tv_usec) / 1e6 }
}

/// Why something could not be measured.
struct BenchError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
