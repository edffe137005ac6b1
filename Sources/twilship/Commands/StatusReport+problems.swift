import Forwarding
import PipelineCore
import Settings
import Spooling

/// What somebody should see to, each in a sentence with a command that helps.
extension StatusReport {
    /// What `status --check` allows unless it is told otherwise.
    static let defaultMaximumLag: Duration = .seconds(900)
    /// A service says something every minute.
    static let longestSilence: Duration = .seconds(150)
    /// What is lost is told for so long. It stays in the report, and would hide what comes after it.
    static let lossIsNews: Duration = .seconds(86_400)

    /// - Parameter maximumLag: how far streams and sinks may be behind.
    /// - Returns: worst first.
    func findProblems(maximumLag: Duration = defaultMaximumLag) -> [Problem] {
        let all =
            serviceProblems + spoolProblems + sinkProblems(maximumLag) + streamProblems(maximumLag) + searchProblems
            + lossProblems + deadLetterProblems
        return all.filter { $0.severity == .critical } + all.filter { $0.severity == .warning }
    }

    // MARK: - The service

    private var serviceProblems: [Problem] {
        guard processId != nil else {
            let heard = lastHeardAt.map { ", last heard of \((now - $0).forPeople) ago" } ?? ""
            switch lastRun {
            // Who runs `run --once` now and then has no service; the lag says whether that is enough.
            case Spool.PreviousRun.none?: return []
            case .died?:
                return [.critical("the service has died\(heard)", help: "systemctl status twilship")]
            case .stopped?, nil:
                return [.critical("no service runs\(heard)", help: "systemctl status twilship")]
            }
        }
        guard let heardAt else {
            return [
                .warning(
                    "the service is starting, and has not said anything yet", help: "journalctl -u twilship -n 50")
            ]
        }
        guard now - heardAt > Self.longestSilence else { return [] }
        return [
            .critical(
                "the service has not said anything for \((now - heardAt).forPeople): it may be stuck",
                help: "journalctl -u twilship -n 50")
        ]
    }

    private var spoolProblems: [Problem] {
        fullness.map { [.critical($0, help: "twilship spool list")] } ?? []
    }

    // MARK: - Sinks

    private func sinkProblems(_ maximumLag: Duration) -> [Problem] {
        sinks.compactMap { sink in
            guard sink.state != "detached" else { return nil }
            let wait = sink.oldestWaiting.map { now - $0 } ?? .zero
            let waiting =
                sink.backlog > 0 ? "; \(sink.backlog) records wait for it, the oldest for \(wait.forPeople)" : ""
            guard sink.attempts > 0 else {
                guard wait > maximumLag else { return nil }
                return processId == nil
                    ? .warning(
                        "\(sink.backlog) records wait for sink \(sink.name), the oldest for \(wait.forPeople)",
                        help: nil)
                    : .warning(
                        "sink \(sink.name) takes less than comes\(waiting)", help: "twilship check --online")
            }
            let why = sink.lastError.map { ": \($0)" } ?? ""
            if sink.state == SinkStatus.State.held.rawValue {
                return .critical(
                    "sink \(sink.name) is held, it accepts nothing\(why)\(waiting)", help: "twilship check --online")
            }
            let what = "sink \(sink.name) failed \(sink.attempts.times)\(why)\(waiting)"
            return wait > maximumLag
                ? .critical(what, help: "twilship check --online") : .warning(what, help: "twilship check --online")
        }
    }

    private var deadLetterProblems: [Problem] {
        let counts =
            sinks.map { ("sink \($0.name)", $0.name, $0.deadLetters) }
            + orphanedDeadLetters.map { ("\($0.key), which is no sink any more,", $0.key, $0.value) }.sorted {
                $0.1 < $1.1
            }
        return counts.filter { $0.2 > 0 }.map { who, name, count in
            .warning(
                "\(who) has refused \(count) record\(count == 1 ? "" : "s") for good",
                help: "twilship dead-letters list --sink \(name)")
        }
    }

    // MARK: - Streams

    /// Streams of one account and API of which the same is to be said.
    private struct Likes: Hashable {
        let account: String
        let dataset: String
        let words: String

        init(_ stream: Stream, _ words: String) {
            (account, dataset, self.words) = (stream.account, stream.dataset, words)
        }
    }

    /// Most streams first.
    private static func groups(
        _ streams: [Stream], by words: (Stream) -> String
    ) -> [(words: String, streams: [Stream])] {
        Dictionary(grouping: streams) { Likes($0, words($0)) }
            .sorted {
                ($1.value.count, $0.key.account, $0.key.dataset, $0.key.words)
                    < ($0.value.count, $1.key.account, $1.key.dataset, $1.key.words)
            }
            .map { ($0.key.words, $0.value) }
    }

    /// Equal words of many streams once.
    private func streamProblems(_ maximumLag: Duration) -> [Problem] {
        let living = streams.filter { $0.retiredAt == nil && $0.state != "not configured" }
        func isLate(_ stream: Stream) -> Bool { stream.lag ?? .zero > maximumLag }
        let failures = Self.groups(living.filter { $0.failures > 0 }) { $0.lastError ?? "" }.map { error, group in
            let times = (group.map(\.failures).max() ?? 0).times
            let what = "\(Self.names(group)): failed \(times): \(error)"
            let isBad = group.contains { isLate($0) || $0.state == StreamStatus.State.authFailed.rawValue }
            return Problem(severity: isBad ? .critical : .warning, what: what, help: "twilship check --online")
        }
        let isRunning = processId != nil
        let lags = Self.groups(living.filter { $0.failures == 0 && isLate($0) }) {
            Self.reason($0, isRunning: isRunning)
        }.map { reason, group in
            let lag = (group.compactMap(\.lag).max() ?? .zero).forPeople
            let what = "\(Self.names(group)): \(lag) behind\(reason)"
            // Who works through what lies back needs time, and nobody's help.
            let isCatchingUp = group.allSatisfy {
                [StreamStatus.State.catchingUp.rawValue, StreamStatus.State.starting.rawValue].contains($0.state)
            }
            return isCatchingUp
                ? Problem.warning(what, help: nil) : .critical(what, help: isRunning ? "twilship check" : nil)
        }
        return failures + lags + allowanceProblems
    }

    private static func reason(_ stream: Stream, isRunning: Bool) -> String {
        switch stream.state {
        case _ where stream.allowance == ReadAllowance.Level.spent.name: ""
        case StreamStatus.State.catchingUp.rawValue: ", and catching up"
        case StreamStatus.State.waitingForRoom.rawValue: ", and waiting for room in the spool"
        case _ where !isRunning: ""
        default: ", although nothing fails: the rate limit may be too small"
        }
    }

    private static func names(_ streams: [Stream]) -> String {
        guard let first = streams.first else { return "" }
        return streams.count == 1 ? first.name : "\(first.account) \(first.dataset), \(streams.count) streams"
    }

    private var allowanceProblems: [Problem] {
        let spent = Set(
            streams.filter { $0.allowance == ReadAllowance.Level.spent.name }.map { "\($0.account) \($0.dataset)" })
        return spent.sorted().map {
            .warning(
                "\($0): max_reads_per_day is used up: nothing is read until midnight UTC", help: "twilship config show")
        }
    }

    private var searchProblems: [Problem] {
        discoveries.filter { $0.failures > 0 }.map { search in
            let what = "search \(search.name): failed \(search.failures.times): \(search.lastError ?? "")"
            return search.state == "auth_failed"
                ? .critical(what, help: "twilship check --online") : .warning(what, help: "twilship check --online")
        }
    }

    // MARK: - What is lost

    private var lossProblems: [Problem] {
        let fresh = gaps.filter { now - $0.foundAt < Self.lossIsNews }
        let places = Dictionary(grouping: fresh) { "\($0.account) \($0.dataset)" }
        let lost = places.sorted { $0.key < $1.key }.map { place, gaps in
            let from = (gaps.map(\.from).min() ?? now).rounded(downTo: .seconds(1))
            let to = (gaps.map(\.to).max() ?? now).rounded(downTo: .seconds(1)) + .seconds(1)
            return Problem.warning(
                "\(place): \(gaps.count) gap\(gaps.count == 1 ? "" : "s") in the last day: records that could "
                    + "not be read and are missing",
                help:
                    "twilship audit --account \(gaps[0].account) --from \(from.rfc3339Seconds) --to \(to.rfc3339Seconds)"
            )
        }
        let skipped = sinks.filter { $0.lastSkippedAt.map { now - $0 < Self.lossIsNews } ?? false }.map { sink in
            Problem.warning(
                "sink \(sink.name) was moved past records that it did not get, \(sink.skipped) so far; the log has the "
                    + "times",
                help: "twilship backfill --sink \(sink.name) --from 24h")
        }
        return lost + skipped
    }
}

extension StatusReport.Problem {
    fileprivate static func critical(_ what: String, help: String?) -> Self {
        Self(severity: .critical, what: what, help: help)
    }

    fileprivate static func warning(_ what: String, help: String?) -> Self {
        Self(severity: .warning, what: what, help: help)
    }
}

extension Int {
    /// `once`, or `7 times in a row`.
    fileprivate var times: String { self == 1 ? "once" : "\(self) times in a row" }
}
