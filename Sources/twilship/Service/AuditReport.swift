import Forwarding
import Foundation
import PipelineCore
import Spooling

/// What an audit has found, in words and as JSON (its keys in snake case; they are only ever added).
struct AuditReport: Encodable {
    struct Range: Encodable, Hashable {
        let from: Timestamp
        /// Not included.
        let to: Timestamp
        var reason: String?
    }

    /// A day whose records are not known one by one any more.
    struct Day: Encodable {
        /// UTC: `2026-10-01`.
        let day: String
        let atTwilio: Int
        let taken: Int
    }

    struct Stream: Encodable {
        let account: String
        let accountSid: String
        let dataset: String
        let host: String
        let serviceSid: String?
        let environmentSid: String?
        let serviceName: String?
        let environmentName: String?
        let complete: Bool
        let compared: [Range]
        let notCompared: [Range]
        let atTwilio: Int
        let taken: Int
        let missing: Int
        /// The first of them, by their ids.
        let missingIds: [String]
        let unread: Int
        let extra: Int
        let undated: Int
        let undatedUnsure: Int
        let digestAtTwilio: String
        let digestTaken: String
        let differingDays: [Day]
        let gaps: [Range]
        let notListed: [Range]
        let requests: Int
        let recordsRead: Int
        let error: String?
    }

    struct Sink: Encodable {
        let account: String
        let dataset: String
        let sink: String
        /// Delivered, or left out by its filter.
        let settled: Int
        let beforeStart: Int
        let waiting: Int
        let deadLetters: Int
        let skipped: Int64
    }

    let from: Timestamp
    let to: Timestamp
    let complete: Bool
    let streams: [Stream]
    let sinks: [Sink]

    static let mostIDs = 20

    init(_ request: AuditRequest, _ audits: [StreamAudit], _ sinks: [Sink]) {
        from = request.window.from
        to = request.window.to
        streams = audits.map(Stream.init)
        self.sinks = sinks
        complete = streams.allSatisfy(\.complete) && sinks.allSatisfy(\.isComplete)
    }

    var isComplete: Bool { complete }
    var window: Window { Window(from: from, to: to) }
    var missing: Int { streams.reduce(0) { $0 + $1.missing } }

    /// Whether nothing else stands in the way of being complete.
    var isCompleteButMissing: Bool {
        sinks.allSatisfy(\.isComplete)
            && streams.allSatisfy { stream in
                stream.complete
                    || stream.gaps.isEmpty && stream.notListed.isEmpty && stream.unread == 0 && stream.error == nil
                        && stream.differingDays.isEmpty
            }
    }

    func json() throws -> [String] {
        try Terminal.json(self).split(separator: "\n").map(String.init)
    }

    static func progress(
        _ state: Auditor.Progress.State, _ meter: ProgressMeter, at now: ContinuousClock.Instant
    ) -> WorkProgress {
        meter.progress(
            done: state.span > .zero ? min(1, state.spanDone / state.span) : 0, state.asked.records, "records read",
            counts: ["\(state.streamsDone) of \(state.streams) streams", "\(state.asked.requests) requests"], at: now)
    }
}

extension AuditReport.Stream {
    init(_ audit: StreamAudit) {
        account = audit.account
        accountSid = audit.key.accountSID
        dataset = audit.key.dataset.rawValue
        host = audit.key.host
        serviceSid = audit.key.serviceSID
        environmentSid = audit.key.environmentSID
        serviceName = audit.names.service
        environmentName = audit.names.environment
        complete = audit.isComplete
        compared = audit.compared.reduce(into: []) { ranges, window in
            if let last = ranges.last, last.to == window.from {
                ranges[ranges.count - 1] = AuditReport.Range(from: last.from, to: window.to)
            } else {
                ranges.append(AuditReport.Range(window))
            }
        }
        notCompared = audit.leftOut.map { AuditReport.Range($0.window, $0.reason) }
        atTwilio = audit.atTwilio.count
        taken = audit.taken.count
        missing = audit.missingCount
        missingIds = audit.missing.prefix(AuditReport.mostIDs).map(\.id)
        unread = audit.unread
        extra = audit.extra
        undated = audit.undated
        undatedUnsure = audit.undatedUnsure
        digestAtTwilio = audit.atTwilio.digest
        digestTaken = audit.taken.digest
        differingDays = audit.differences.map { difference in
            AuditReport.Day(
                day: String(Timestamp(milliseconds: difference.day * 86_400_000).rfc3339.prefix(10)),
                atTwilio: difference.atTwilio.count, taken: difference.taken.count)
        }
        gaps = audit.gaps.map { AuditReport.Range($0.window, $0.reason) }
        notListed = audit.unlisted.map { AuditReport.Range($0.window, $0.reason) }
        requests = audit.asked.requests
        recordsRead = audit.asked.records
        error = audit.error.map { "\($0)" }
    }

    var name: String {
        ([account, dataset] + [serviceName ?? serviceSid, environmentName ?? environmentSid].compactMap(\.self))
            .joined(separator: " ")
    }
}

extension AuditReport.Range {
    init(_ window: Window, _ reason: String? = nil) {
        from = window.from
        to = window.to
        self.reason = reason
    }

    var text: String { "\(from.rfc3339) to \(to.rfc3339)" }
}

extension AuditReport.Sink {
    init(_ place: BackfillWork.Place, _ audit: SinkAudit, taken: Int) {
        account = place.account
        dataset = place.dataset.rawValue
        sink = audit.sink
        beforeStart = min(audit.beforeStart, taken)
        waiting = audit.waiting
        deadLetters = audit.deadLetters
        skipped = audit.skipped
        settled = max(0, taken - beforeStart - waiting - deadLetters - Int(min(skipped, Int64(taken))))
    }

    var isComplete: Bool { waiting == 0 && deadLetters == 0 && skipped == 0 }
}
