import Forwarding
import Foundation
import PipelineCore
import Spooling
import SystemdSupport

/// `status --json`. Keys are only ever added.
struct StatusReport: Encodable {
    struct Stream: Encodable {
        let account: String
        let accountSid: String
        let dataset: String
        let host: String
        let serviceSid: String?
        let environmentSid: String?
        /// As the service said last; `stopped` when none runs, `not configured` if the account is gone from it.
        let state: String
        let failures: Int
        let lastError: String?
        let lastErrorAt: Timestamp?
        /// The greatest (date, SID) collected.
        let checkpointTime: Timestamp?
        let checkpointSid: String?
        /// Every record dated before this that was readable when it was looked for has been collected. Absent, as the
        /// lag is, while nothing was ever read.
        let completeUpTo: Timestamp?
        let lagSeconds: Double?
        /// Instants that were never read, between the start and the newest instant that was.
        let holes: Int
        let requestsToday: Int
        let recordsReadToday: Int
        let collectedToday: Int
        let collected: Int
    }

    struct Sink: Encodable {
        let name: String
        /// As the service said last; `stopped` when none runs, `detached` if it left the configuration.
        let state: String
        let position: Int64
        let backlog: Int64
        let delivered: Int64
        let filtered: Int64
        let settledAt: Timestamp?
        let oldestWaiting: Timestamp?
        let attempts: Int
        let retries: Int
        let lastError: String?
        let lastErrorAt: Timestamp?
    }

    /// What could not be read and never will be.
    struct Gap: Encodable {
        let account: String
        let dataset: String
        let from: Timestamp
        let to: Timestamp
        let reason: String
        let foundAt: Timestamp
    }

    let version: String
    /// The running service; absent if none runs.
    let processId: Int32?
    let startedAt: Timestamp?
    /// When the service last said how it stands; at the latest every minute.
    let heardAt: Timestamp?
    let now: Timestamp
    let spoolBytes: Int
    let lastSequence: Int64
    let streams: [Stream]
    let sinks: [Sink]
    let gaps: [Gap]
}

extension StatusReport {
    init(_ summary: StateSummary, now: Timestamp) {
        let runtime = summary.runtime.flatMap { try? JSONDecoder().decode(RuntimeReport.self, from: $0) }
        // What another process once said of itself is history.
        let live = runtime.flatMap { $0.process_id == summary.processID ? $0 : nil }
        version = summary.writtenBy
        processId = summary.processID
        startedAt = live?.started_at
        heardAt = live?.updated_at
        gaps = summary.gaps.map { gap in
            Gap(
                account: gap.account, dataset: gap.key.dataset.rawValue, from: gap.window.from, to: gap.window.to,
                reason: gap.reason, foundAt: gap.found)
        }
        self.now = now
        spoolBytes = summary.spoolBytes
        lastSequence = summary.lastSequence
        // A stream of which a running service says nothing has left the configuration.
        let silence = summary.processID == nil ? "stopped" : live == nil ? "starting" : "not configured"
        let known = summary.streams.map { stream in
            let said = live?.streams.first { $0.key == stream.key }?.status
            return Stream(stream, said, state: said.map(\.state.rawValue) ?? silence, now: now)
        }
        // Streams that were never read have no place yet, and may be the ones in trouble.
        let placed = Set(summary.streams.map(\.key))
        streams =
            (known + (live?.streams ?? []).filter { $0.key.map { !placed.contains($0) } ?? false }.map(Stream.init))
            .sorted { ($0.failures, $0.lagSeconds ?? .infinity) > ($1.failures, $1.lagSeconds ?? .infinity) }
        sinks = summary.sinks.map { Sink($0, live?.sinks[$0.name], isRunning: summary.processID != nil) }
            .sorted { ($0.attempts, $0.backlog) > ($1.attempts, $1.backlog) }
    }
}

extension StatusReport.Stream {
    fileprivate init(_ stream: StateSummary.Stream, _ said: StreamStatus?, state: String, now: Timestamp) {
        account = stream.account
        accountSid = stream.key.accountSID
        dataset = stream.key.dataset.rawValue
        host = stream.key.host
        serviceSid = stream.key.serviceSID
        environmentSid = stream.key.environmentSID
        self.state = state
        failures = said?.failures ?? 0
        lastError = said?.lastError
        lastErrorAt = said?.lastErrorAt
        checkpointTime = stream.checkpoint?.time
        checkpointSid = stream.checkpoint?.sid
        completeUpTo = stream.completeUpTo
        lagSeconds = max(0, (now - stream.completeUpTo).inSeconds)
        let end = stream.coverage.intervals.last?.window.to ?? stream.start
        holes = stream.coverage.holes(in: Window(from: min(stream.start, end), to: end)).count
        requestsToday = stream.requestsToday
        recordsReadToday = stream.recordsReadToday
        collectedToday = stream.takenToday
        collected = stream.taken
    }
}

extension StatusReport.Stream {
    /// A stream that was never read.
    fileprivate init(_ stream: RuntimeReport.Stream) {
        account = stream.account
        accountSid = stream.account_sid
        dataset = stream.dataset
        host = stream.host
        serviceSid = stream.service_sid
        environmentSid = stream.environment_sid
        state = stream.status.state.rawValue
        failures = stream.status.failures
        lastError = stream.status.lastError
        lastErrorAt = stream.status.lastErrorAt
        checkpointTime = nil
        checkpointSid = nil
        completeUpTo = nil
        lagSeconds = nil
        holes = 0
        requestsToday = 0
        recordsReadToday = 0
        collectedToday = 0
        collected = 0
    }
}

extension StatusReport.Sink {
    fileprivate init(_ sink: StateSummary.Sink, _ said: SinkStatus?, isRunning: Bool) {
        name = sink.name
        state = sink.isDetached ? "detached" : isRunning ? (said?.state.rawValue ?? "starting") : "stopped"
        position = sink.position
        backlog = sink.backlog
        delivered = sink.delivered
        filtered = sink.filtered
        settledAt = sink.settledAt
        oldestWaiting = sink.oldestWaiting
        attempts = said?.attempts ?? 0
        retries = said?.retries ?? 0
        lastError = said?.lastError
        lastErrorAt = said?.lastErrorAt
    }
}

// MARK: - For people

extension StatusReport {
    /// The report as a person reads it.
    var lines: [String] {
        var lines = [
            processId.map { id in
                "twilship \(version), process \(id)" + (startedAt.map { ", running for \((now - $0).forPeople)" } ?? "")
            } ?? "twilship \(version), not running"
        ]
        lines += ["spool: \(spoolBytes.megabytes), \(lastSequence) records so far", ""]
        lines += Terminal.table(
            [["STREAM", "STATE", "COMPLETE UP TO", "LAG", "CHECKPOINT", "COLLECTED", "TODAY: REQUESTS", "READ"]]
                + streams.map { stream in
                    [
                        [stream.account, stream.dataset, stream.environmentSid].compactMap(\.self).joined(
                            separator: " "),
                        stream.state, stream.completeUpTo?.rfc3339Seconds ?? "-",
                        stream.lagSeconds.map { Duration.seconds($0).forPeople } ?? "-",
                        stream.checkpointSid.map { String($0.prefix(10)) + "…" } ?? "-", "\(stream.collected)",
                        "\(stream.requestsToday)", "\(stream.recordsReadToday)",
                    ]
                })
        lines.append("")
        lines += Terminal.table(
            [["SINK", "STATE", "DELIVERED", "FILTERED", "WAITING", "OLDEST WAITING", "LAST DELIVERY"]]
                + sinks.map { sink in
                    [
                        sink.name, sink.state, "\(sink.delivered)", "\(sink.filtered)", "\(sink.backlog)",
                        sink.oldestWaiting.map { (now - $0).forPeople } ?? "-", sink.settledAt?.rfc3339Seconds ?? "-",
                    ]
                })
        if let heardAt, now - heardAt > .seconds(150) {
            lines.append("")
            lines.append(
                "the service has not said anything for \((now - heardAt).forPeople): it may be stuck; see its journal")
        }
        for gap in gaps {
            lines.append("")
            lines.append(
                "gap: \(gap.account) \(gap.dataset), \(gap.from.rfc3339) to \(gap.to.rfc3339): \(gap.reason)"
                    .terminalSafe)
        }
        for stream in streams where stream.failures > 0 {
            lines.append("")
            lines.append(
                "\(stream.account) \(stream.dataset): failed \(stream.failures.times): \(stream.lastError ?? "")"
                    .terminalSafe)
        }
        for sink in sinks where sink.attempts > 0 {
            lines.append("")
            lines.append(
                "sink \(sink.name): failed \(sink.attempts.times): \(sink.lastError ?? "")".terminalSafe)
        }
        return lines
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
