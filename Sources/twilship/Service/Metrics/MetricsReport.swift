import Forwarding
import Measuring
import PipelineCore
import Settings
import Spooling
import Synchronization

/// How the service stands, for monitoring: what `status` shows, made at most once a second however many ask.
final class MetricsReport: Sendable {
    /// Who waits longer is told that there is no report; making it goes on.
    static let patience = Duration.seconds(5)
    private static let freshness = Duration.seconds(1)
    /// So long a loop may stand still.
    static let longestStall = Duration.seconds(60)
    /// How often loops are sent one where no service manager wants to know.
    static let pulseInterval = Duration.seconds(15)

    private enum Outcome: Sendable {
        case text(String)
        /// A sentence.
        case failure(String)
    }

    private struct State {
        var last: (outcome: Outcome, at: ContinuousClock.Instant)?
        var underWay: Task<Outcome, Never>?
    }

    private let assembly: Assembly
    private let startedAt: Timestamp
    private let clock: any PipelineClock
    private let process = ProcessFigures()
    private let state = Mutex(State())

    init(_ assembly: Assembly, startedAt: Timestamp, clock: any PipelineClock) {
        self.assembly = assembly
        self.startedAt = startedAt
        self.clock = clock
    }

    // MARK: - For those who ask

    /// `/metrics`.
    func scraped() async -> ScrapeServer.Answer {
        switch await current() {
        case .text(let text):
            let body = Array((text + Exposition.text(process.families())).utf8)
            return ScrapeServer.Answer(status: "200 OK", contentType: Exposition.contentType, body: body)
        case .failure(let reason): return Self.unavailable(reason)
        }
    }

    /// `/healthz`: whether all that runs here turns. Twilio and receivers may do as they like.
    func health() async -> ScrapeServer.Answer {
        if case .failure(let reason) = await current() { return Self.unavailable(reason) }
        let pulse = assembly.pulse
        // A watchdog with a long interval lets loops turn as rarely.
        let silent = pulse.interval.map { pulse.silent(for: max(Self.longestStall, $0 * 3)) } ?? []
        guard silent.isEmpty else {
            return Self.unavailable(
                "These parts do not move on: \(silent.prefix(10).joined(separator: ", ")) (\(silent.count)).")
        }
        return ScrapeServer.Answer(status: "200 OK", "ok")
    }

    /// For the textfile collector, which has process metrics of its own: those of another process would be refused.
    /// - Returns: nil if there is no report; the file says by its age that it is not new.
    func file() async -> String? {
        guard case .text(let text) = await current() else { return nil }
        let written = MetricFamily(
            "twilship_textfile_write_timestamp_seconds", .gauge, "When this file was written.",
            Double(clock.wallNow.milliseconds) / 1000)
        return text + Exposition.text([written])
    }

    private static func unavailable(_ reason: String) -> ScrapeServer.Answer {
        ScrapeServer.Answer(status: "503 Service Unavailable", reason)
    }

    // MARK: - The report

    private func current() async -> Outcome {
        let now = clock.monotonicNow
        let task = state.withLock { state in
            if let last = state.last, last.at.duration(to: now) < Self.freshness { return Task { last.outcome } }
            if let task = state.underWay { return task }
            let task = Task {
                let outcome = await make()
                let made = clock.monotonicNow
                self.state.withLock { state in
                    state.last = (outcome, made)
                    state.underWay = nil
                }
                return outcome
            }
            state.underWay = task
            return task
        }
        return await result(of: task, within: Self.patience)
            ?? .failure("The spool has not answered for \(Self.patience.components.seconds) s: look at its disk.")
    }

    private func make() async -> Outcome {
        do {
            let summary = try await assembly.spool.stateSummary()
            let settings = assembly.settings
            let now = clock.wallNow
            let live = RuntimeReport(assembly, startedAt: startedAt, now: now)
            let report = StatusReport(
                summary, processID: live.process_id, live, settings.accounts, now: now)
            return .text(
                Exposition.text(
                    report.families(
                        spoolLimit: settings.state.maximumBytes, collected: summary.collected,
                        requests: assembly.network.requests.samples(of: CountedTransport.counter))))
        } catch {
            return .failure("The state cannot be read: \(error)")
        }
    }
}

/// What the task returns; nil if it takes longer. It goes on then.
private func result<Value: Sendable>(of task: Task<Value, Never>, within limit: Duration) async -> Value? {
    let (values, continuation) = AsyncStream.makeStream(of: Value.self)
    // Neither is a child task: a group would wait for both.
    Task {
        continuation.yield(await task.value)
        continuation.finish()
    }
    let timer = Task {
        try await Task.sleep(for: limit)
        continuation.finish()
    }
    defer { timer.cancel() }
    for await value in values { return value }
    return nil
}
