import PipelineCore
import SystemdSupport

/// One line and an exit code, as plugins of Nagios answer (https://nagios-plugins.org/doc/guidelines.html).
struct StatusCheck {
    enum State: Int32 {
        case ok = 0
        case warning = 1
        case critical = 2
        case unknown = 3

        fileprivate var word: String {
            switch self {
            case .ok: "OK"
            case .warning: "WARNING"
            case .critical: "CRITICAL"
            case .unknown: "UNKNOWN"
            }
        }
    }

    /// A plugin that is slower is ended by who started it, NRPE after 10 s, and says nothing.
    static let patience: Duration = .seconds(8)
    /// Old transports cut lines at 1 KiB; the numbers behind it are to arrive.
    private static let longestText = 500

    let state: State
    let line: String

    private init(_ state: State, _ text: String, _ numbers: [String] = []) {
        self.state = state
        // A bar would begin the numbers, and there is one line.
        let safe = text.split(separator: "\n").joined(separator: "; ").terminalSafe.replacing("|", with: "/")
        let short = safe.count > Self.longestText ? safe.prefix(Self.longestText) + "…" : safe
        line =
            "TWILSHIP \(state.word) - \(short)" + (numbers.isEmpty ? "" : " | " + numbers.joined(separator: " "))
    }

    init(unknown reason: String) { self.init(.unknown, reason) }

    init(critical reason: String) { self.init(.critical, reason) }

    init(_ report: StatusReport, maximumLag: Duration) {
        let problems = report.findProblems(maximumLag: maximumLag)
        let numbers = Self.numbers(report, maximumLag)
        guard let worst = problems.first else {
            self.init(.ok, Self.summary(report), numbers)
            return
        }
        let more = problems.count > 1 ? "; \(problems.count - 1) more (twilship status)" : ""
        let text = String(worst.what.prefix(Self.longestText - more.count)) + more
        self.init(worst.severity == .critical ? .critical : .warning, text, numbers)
    }

    private static func lag(_ report: StatusReport) -> Double? {
        report.streams.filter { $0.state != "not configured" }.compactMap(\.lagSeconds).max()
    }

    private static func summary(_ report: StatusReport) -> String {
        let lag = lag(report).map { ", at most \(Duration.seconds($0).upToForPeople) behind" } ?? ""
        return "\(report.streams.count { $0.retiredAt == nil }) streams\(lag), "
            + "\(report.sinks.count { $0.state != "detached" }) sinks, \(report.sinks.map(\.backlog).max() ?? 0) records wait"
    }

    /// `'label'=value[unit];[warning];[critical];[least];[most]`.
    private static func numbers(_ report: StatusReport, _ maximumLag: Duration) -> [String] {
        var numbers: [String] = []
        if let lag = lag(report) {
            numbers.append("lag=\(Int(lag.rounded(.up)))s;;\(maximumLag.components.seconds);0")
        }
        let sinks = report.sinks.filter { $0.state != "detached" }
        numbers += [
            "backlog=\(sinks.map(\.backlog).max() ?? 0);;;0",
            "dead_letters=\(report.sinks.reduce(0) { $0 + $1.deadLetters } + report.orphanedDeadLetters.values.reduce(0, +));0;;0",
            "gaps=\(report.gaps.count);;;0",
            "failing_streams=\(report.streams.count { $0.failures > 0 });0;;0;\(report.streams.count)",
            "failing_sinks=\(sinks.count { $0.attempts > 0 });0;;0;\(sinks.count)",
            "spool=\(report.spoolBytes)B;;;0;\(report.spoolMaximumBytes.map(String.init) ?? "")",
        ]
        if let hour = report.collectedLastHour { numbers.append("records_last_hour=\(hour.reduce(0, +));;;0") }
        return numbers
    }
}
