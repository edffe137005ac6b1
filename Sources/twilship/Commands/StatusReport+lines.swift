import Forwarding
import Foundation
import PipelineCore

/// The report as a person reads it: no line is longer than a terminal, and what is wrong comes first.
extension StatusReport {
    /// So many streams are shown; of the others it is said how they are.
    static let shownStreams = 20
    /// So many gaps, the newest.
    static let shownGaps = 10

    /// - Parameter all: shows every stream and gap.
    func lines(all: Bool = false) -> [String] {
        [
            heading, spool, troubleLines, hintLines, gapLines(all: all), streamLines(all: all), sinkLines + resendLines,
            discoveryLines,
            usageLines, backfillLines,
        ]
        .filter { !$0.isEmpty }
        .enumerated().flatMap { $0.offset > 1 ? [""] + $0.element : $0.element }
    }

    // MARK: - At the top

    private var heading: [String] {
        guard let processId else { return ["twilship \(version), not running"] }
        var line = "twilship \(version), process \(processId)"
        if let startedAt { line += ", running for \((now - startedAt).forPeople)" }
        guard let heardAt else { return [line] }
        if now - heardAt > .seconds(150) {
            return [line]
                + Terminal.wrapped(
                    "the service has not said anything for \((now - heardAt).forPeople): it may be stuck; see its journal"
                )
        }
        if now - heardAt > .seconds(5) { line += ", heard of \((now - heardAt).forPeople) ago" }
        return [line]
    }

    private var spool: [String] {
        ["spool: \(spoolBytes.megabytes), \(lastSequence) records so far; times are UTC"]
            + (fullness.map { Terminal.wrapped($0) } ?? [])
    }

    /// What fails now; equal words of many streams once.
    private var troubleLines: [String] {
        var sentences: [String] = []
        var groups: [[String]: [Stream]] = [:]
        for stream in streams where stream.failures > 0 {
            groups[[stream.account, stream.dataset, stream.lastError ?? ""], default: []].append(stream)
        }
        for (key, group) in groups.sorted(by: { ($1.value.count, $0.key[0]) < ($0.value.count, $1.key[0]) }) {
            let who = group.count == 1 ? group[0].name : "\(key[0]) \(key[1]), \(group.count) streams"
            let times = (group.map(\.failures).max() ?? 0).times
            sentences.append("\(who): failed \(times): \(key[2])")
        }
        for discovery in discoveries where discovery.failures > 0 {
            sentences.append(
                "search \(discovery.name): failed \(discovery.failures.times): \(discovery.lastError ?? "")")
        }
        for sink in sinks where sink.attempts > 0 {
            sentences.append("sink \(sink.name): failed \(sink.attempts.times): \(sink.lastError ?? "")")
        }
        return sentences.flatMap { Terminal.wrapped($0) }
    }

    private var hintLines: [String] {
        (allowanceHints + hints).flatMap { Terminal.wrapped("hint: " + $0) }
    }

    /// Once for each account and API, which all its streams share.
    private var allowanceHints: [String] {
        let held = Dictionary(grouping: streams.filter { $0.allowance != nil }) { "\($0.account) \($0.dataset)" }
        return held.sorted { $0.key < $1.key }.map { place, streams in
            let effect =
                if streams.contains(where: { $0.allowance == "spent" }) {
                    "is used up: nothing is read until midnight UTC"
                } else if streams.contains(where: { $0.allowance == "scarce" }) {
                    "is nearly used up: polls are stretched and backfills wait until midnight UTC"
                } else {
                    "is used faster than the day passes: looking again for late records is put off"
                }
            return "\(place): max_reads_per_day \(effect)"
        }
    }

    private func gapLines(all: Bool) -> [String] {
        let newest = gaps.sorted { $0.foundAt > $1.foundAt }
        let shown = all ? newest : Array(newest.prefix(Self.shownGaps))
        var lines = shown.flatMap { gap in
            Terminal.wrapped(
                "gap: \([gap.account, gap.dataset, gap.environmentSid].compactMap(\.self).joined(separator: " ")), "
                    + "\(gap.from.rfc3339) to \(gap.to.rfc3339): \(gap.reason)")
        }
        if shown.count < newest.count { lines.append("+ \(newest.count - shown.count) older gaps; --all shows them") }
        return lines
    }

    // MARK: - Streams

    private func streamLines(all: Bool) -> [String] {
        let shown = all ? streams : Array(streams.prefix(Self.shownStreams))
        let folded = streams.dropFirst(shown.count)
        let standing = Terminal.table(
            [["STREAM", "STATE", "LAG", "COMPLETE UP TO", "POLL", "COLLECTED"]]
                + shown.map { stream in
                    [
                        stream.name, stream.stateForPeople, stream.lag?.forPeople ?? "-",
                        stream.completeUpTo?.short(now) ?? "-",
                        stream.pollSeconds.map { Duration.seconds($0).forPeople } ?? "-", "\(stream.collected)",
                    ]
                }, width: all ? nil : Terminal.width)
        let today = Terminal.table(
            [["TODAY", "REQUESTS", "READ", "LATENESS P50", "P99", "MAX", "LAST RECORD", "SID"]]
                + shown.map { stream in
                    [stream.name, "\(stream.requestsToday)", "\(stream.recordsReadToday)"]
                        + (stream.lateness?.forPeople ?? ["-", "-", "-"]) + [
                            stream.checkpointTime?.short(now) ?? "-",
                            stream.checkpointSid.map { Terminal.shortened($0, to: 11) } ?? "-",
                        ]
                }, width: all ? nil : Terminal.width)
        let more = folded.isEmpty ? [] : Terminal.wrapped(Self.summary(of: folded))
        return standing + more + [""] + today
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

    // MARK: - The rest

    private var sinkLines: [String] {
        Terminal.table(
            [["SINK", "STATE", "CLASS", "DELIVERED", "FILTERED", "WAITING", "OLDEST WAITING", "LAST DELIVERY"]]
                + sinks.map { sink in
                    [
                        sink.name, sink.state, sink.guarantee ?? "-", "\(sink.delivered)", "\(sink.filtered)",
                        "\(sink.backlog)",
                        sink.oldestWaiting.map { (now - $0).forPeople } ?? "-", sink.settledAt?.short(now) ?? "-",
                    ]
                }, width: Terminal.width)
    }

    /// What sinks have refused or were moved past, and what they are to get again.
    private var resendLines: [String] {
        let sentences = sinks.flatMap { sink in
            [
                sink.deadLetters > 0
                    ? "\(sink.deadLetters) dead letters"
                        + (sink.deadLettersWaiting > 0 ? ", \(sink.deadLettersWaiting) of them to be sent again" : "")
                        + " (twilship dead-letters list)" : nil,
                sink.replayDepth > 0 ? "\(sink.replayDepth) records to be replayed (twilship replay --list)" : nil,
                sink.skipped > 0 ? "\(sink.skipped) records were skipped" : nil,
            ].compactMap(\.self).map { "sink \(sink.name): \($0)" }
        }
        let orphans = orphanedDeadLetters.sorted { $0.key < $1.key }.map {
            "\($0.value) dead letters of \($0.key), which is no sink any more (twilship dead-letters list)"
        }
        return (sentences + orphans).flatMap { Terminal.wrapped($0) }
    }

    private var discoveryLines: [String] {
        guard !discoveries.isEmpty else { return [] }
        return Terminal.table(
            [["SEARCH", "STATE", "FOUND", "LAST", "EVERY"]]
                + discoveries.map { discovery in
                    [
                        discovery.name, discovery.state, "\(discovery.found)",
                        discovery.succeededAt.map { (now - $0).forPeople + " ago" } ?? "-",
                        discovery.intervalSeconds.map { Duration.seconds($0).forPeople } ?? "-",
                    ]
                }, width: Terminal.width)
    }

    private var usageLines: [String] {
        guard !usage.isEmpty else { return [] }
        return Terminal.table(
            [["ASKED OF TWILIO", "API", "REQUESTS TODAY", "7 DAYS", "RECORDS TODAY", "7 DAYS", "RATE"]]
                + usage.map { usage in
                    let rate = rates.first { $0.account == usage.account && $0.api == usage.dataset }
                    return [
                        usage.account, usage.dataset, "\(usage.requestsToday)", "\(usage.requestsWeek)",
                        "\(usage.recordsToday)", "\(usage.recordsWeek)", rate?.forPeople ?? "-",
                    ]
                }, width: Terminal.width)
    }

    private var backfillLines: [String] {
        guard !backfills.isEmpty else { return [] }
        return backfills.flatMap { job in
            Terminal.wrapped(
                "backfill \(job.job): \(job.account) \(job.dataset), \(job.from.rfc3339Seconds) to "
                    + "\(job.to.rfc3339Seconds)\(job.sink.map { " to sink \($0)" } ?? ""): \(job.percentDone.short) % of "
                    + "\(job.streams) stream\(job.streams == 1 ? "" : "s"), \(job.collected) records")
        }
    }
}

extension StatusReport.Stream {
    fileprivate var lag: Duration? { lagSeconds.map { .seconds($0) } }

    /// `production logs my-service/dev`: names where Twilio has any, else SIDs.
    fileprivate var name: String {
        let place = [serviceName ?? serviceSid, environmentName ?? environmentSid].compactMap(\.self)
        let kind = dataset.split(separator: ".").last.map(String.init) ?? dataset
        return [account, kind, place.joined(separator: "/")].filter { !$0.isEmpty }.joined(separator: " ")
    }

    fileprivate var stateForPeople: String {
        if let retiredAt { return "retired \(retiredAt.rfc3339.prefix(10))" }
        return allowance == "spent" ? "\(state) (spent)" : state
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

extension Int {
    /// `once`, or `7 times in a row`.
    fileprivate var times: String { self == 1 ? "once" : "\(self) times in a row" }

    /// Bytes as `12.3 MB`.
    var megabytes: String {
        let tenths = self / 100_000
        return "\(tenths / 10).\(tenths % 10) MB"
    }
}
