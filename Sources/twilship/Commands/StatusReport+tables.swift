import Forwarding
import PipelineCore

/// Where every stream, sink, search and account stands, in tables.
extension StatusReport {
    // MARK: - Streams

    func streamLines(_ extent: Extent) -> [Line] {
        let shown = streams.prefix(extent.rows)
        let folded = streams.dropFirst(shown.count)
        let table = table(
            ["STREAM", "STATE", "LAG", "COMPLETE UP TO", "POLL", "COLLECTED"],
            shown.map { stream in
                (
                    [
                        stream.name, stream.stateForPeople, stream.lag?.forPeople ?? "-",
                        stream.completeUpTo?.short(now) ?? "-",
                        stream.pollSeconds.map { Duration.seconds($0).forPeople } ?? "-", "\(stream.collected)",
                    ], stream.style
                )
            }, extent)
        let more = folded.isEmpty ? [] : Terminal.wrapped(Self.summary(of: folded), width: extent.width)
        return table + Line.plain(more)
    }

    func todayLines(_ extent: Extent) -> [Line] {
        table(
            ["TODAY", "REQUESTS", "READ", "LATENESS P50", "P99", "MAX", "LAST RECORD", "SID"],
            streams.prefix(extent.rows).map { stream in
                (
                    [stream.name, "\(stream.requestsToday)", "\(stream.recordsReadToday)"]
                        + (stream.lateness?.forPeople ?? ["-", "-", "-"]) + [
                            stream.checkpointTime?.short(now) ?? "-",
                            stream.checkpointSid.map { Terminal.shortened($0, to: 11) } ?? "-",
                        ], .plain
                )
            }, extent)
    }

    /// `+ 480 more streams, all waiting, lag ≤ 3 min; --all shows them`.
    private static func summary(of streams: ArraySlice<Stream>) -> String {
        let states = Dictionary(grouping: streams, by: \.state).mapValues(\.count)
            .sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        let what =
            states.count == 1
            ? ", all \(states[0].key)" : ": " + states.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
        let lag = streams.compactMap(\.lag).max().map { ", lag ≤ \($0.upToForPeople)" } ?? ""
        return "+ \(streams.count) more stream\(streams.count == 1 ? "" : "s")\(what)\(lag); --all shows them"
    }

    // MARK: - Sinks

    func sinkLines(_ extent: Extent) -> [Line] {
        table(
            ["SINK", "STATE", "CLASS", "DELIVERED", "FILTERED", "WAITING", "OLDEST", "LAST DELIVERY"],
            sinks.map { sink in
                (
                    [
                        sink.name, sink.state, sink.guarantee ?? "-", "\(sink.delivered)", "\(sink.filtered)",
                        "\(sink.backlog)",
                        sink.oldestWaiting.map { (now - $0).forPeople } ?? "-", sink.settledAt?.short(now) ?? "-",
                    ], sink.style
                )
            }, extent)
    }

    /// What sinks have refused or were moved past, and what they are to get again.
    func resendLines(_ extent: Extent) -> [Line] {
        let sentences = sinks.flatMap { sink in
            [
                sink.deadLettersWaiting > 0
                    ? "\(sink.deadLettersWaiting) of \(sink.deadLetters) dead letters are sent again" : nil,
                sink.replayDepth > 0 ? "\(sink.replayDepth) records to be replayed (twilship replay --list)" : nil,
                sink.skipped > 0 ? "\(sink.skipped) records were skipped" : nil,
            ].compactMap(\.self).map { "sink \(sink.name): \($0)" }
        }
        return Line.plain(sentences.flatMap { Terminal.wrapped($0, width: extent.width) })
    }

    // MARK: - Accounts

    /// One column a minute, as far as there is room.
    func hourLines(_ extent: Extent) -> [Line] {
        let busiest = usage.compactMap { usage in
            usage.collectedLastHour.map { (usage: usage, counts: $0, sum: $0.reduce(0, +)) }
        }.sorted { ($1.sum, $0.usage.account, $0.usage.dataset) < ($0.sum, $1.usage.account, $1.usage.dataset) }
        guard extent.accounts > 0, let minutes = busiest.first?.counts.count else { return [] }
        let shown = busiest.prefix(extent.accounts)
        let cells = min(minutes, max(12, extent.width - 52))
        return table(
            ["COLLECTED", "API", "LAST HOUR", "RECORDS"],
            shown.map { place in
                (
                    [
                        place.usage.account, place.usage.dataset, Sparkline.text(place.counts, cells: cells),
                        "\(place.sum)",
                    ],
                    .plain
                )
            }, extent) + more(busiest.count - shown.count)
    }

    func usageLines(_ extent: Extent) -> [Line] {
        guard !usage.isEmpty else { return [] }
        let most = usage.sorted {
            ($1.requestsToday, $0.account, $0.dataset) < ($0.requestsToday, $1.account, $1.dataset)
        }
        let shown = most.prefix(extent.rows)
        return table(
            ["ASKED OF TWILIO", "API", "REQUESTS TODAY", "7 DAYS", "RECORDS TODAY", "7 DAYS", "RATE"],
            shown.map { usage in
                let rate = rates.first { $0.account == usage.account && $0.api == usage.dataset }
                return (
                    [
                        usage.account, usage.dataset, "\(usage.requestsToday)", "\(usage.requestsWeek)",
                        "\(usage.recordsToday)", "\(usage.recordsWeek)", rate?.forPeople ?? "-",
                    ], rate?.limitsSlowed ?? 0 > 0 ? .warning : .plain
                )
            }, extent) + more(most.count - shown.count)
    }

    func discoveryLines(_ extent: Extent) -> [Line] {
        guard !discoveries.isEmpty else { return [] }
        let shown = discoveries.prefix(extent.rows)
        return table(
            ["SEARCH", "STATE", "FOUND", "LAST", "EVERY"],
            shown.map { discovery in
                (
                    [
                        discovery.name, discovery.state, "\(discovery.found)",
                        discovery.succeededAt.map { (now - $0).forPeople + " ago" } ?? "-",
                        discovery.intervalSeconds.map { Duration.seconds($0).forPeople } ?? "-",
                    ], discovery.failures > 0 ? .warning : .plain
                )
            }, extent) + more(discoveries.count - shown.count)
    }

    // MARK: - Tables

    private func more(_ count: Int) -> [Line] {
        count > 0 ? [Line(text: "+ \(count) more; --all shows them")] : []
    }

    /// Names are whole where everything is shown.
    private func table(
        _ head: [String], _ rows: [(cells: [String], style: Terminal.Style)], _ extent: Extent
    ) -> [Line] {
        let texts = Terminal.table([head] + rows.map(\.cells), width: extent.rows == .max ? nil : extent.width)
        return zip(texts, [.bold] + rows.map(\.style)).map { Line(text: $0, style: $1) }
    }
}

extension StatusReport.Stream {
    var lag: Duration? { lagSeconds.map { .seconds($0) } }

    /// `production logs my-service/dev`: names where Twilio has any, else SIDs.
    var name: String {
        let place = [serviceName ?? serviceSid, environmentName ?? environmentSid].compactMap(\.self)
        let kind = dataset.split(separator: ".").last.map(String.init) ?? dataset
        return [account, kind, place.joined(separator: "/")].filter { !$0.isEmpty }.joined(separator: " ")
    }

    fileprivate var stateForPeople: String {
        if let retiredAt { return "retired \(retiredAt.rfc3339.prefix(10))" }
        return allowance == ReadAllowance.Level.spent.name ? "\(state) (spent)" : state
    }

    fileprivate var style: Terminal.Style {
        switch state {
        case StreamStatus.State.retired.rawValue, "not configured": .faint
        case StreamStatus.State.authFailed.rawValue: .critical
        case _ where failures > 0: .warning
        case StreamStatus.State.waitingForRoom.rawValue: .warning
        default: allowance == ReadAllowance.Level.spent.name ? .warning : .plain
        }
    }
}

extension StatusReport.Sink {
    fileprivate var style: Terminal.Style {
        switch state {
        case SinkStatus.State.held.rawValue: .critical
        case "detached": .faint
        default: attempts > 0 ? .warning : .plain
        }
    }
}

extension StatusReport.Lateness {
    fileprivate var forPeople: [String] {
        [p50Seconds, p99Seconds, maxSeconds].map { Duration.seconds($0).upToForPeople }
    }
}

extension StatusReport.Rate {
    fileprivate var forPeople: String {
        limitsSlowed > 0
            ? "\(requestsPerSecond.short) of \(requestsPerSecondConfigured.short)/s"
            : "\(requestsPerSecondConfigured.short)/s"
    }
}

extension Timestamp {
    /// `11-21 15:30:04`, or only the date if it is of another year.
    fileprivate func short(_ now: Timestamp) -> String {
        let (text, today) = (rfc3339Seconds, now.rfc3339Seconds)
        guard text.prefix(4) == today.prefix(4) else { return String(text.prefix(10)) }
        return String(text.dropFirst(5).dropLast()).replacing("T", with: " ")
    }
}
