import Controlling
import Forwarding
import Foundation
import PipelineCore
import Settings
import Spooling

/// Compares a range with Twilio and with the sinks, tells what was found, and has collected what is missing.
struct AuditWork: Sendable {
    /// How often it is told how far it is.
    static let interval: Duration = .milliseconds(500)

    private let assembly: Assembly
    private var spool: Spool { assembly.spool }

    init(_ assembly: Assembly) {
        self.assembly = assembly
    }

    /// - Parameter carryOut: has the jobs of a repair done and tells about it.
    /// - Returns: exit 0 if all is complete, or was made so; 1 if not; 75 or 77 if not all could be read.
    func run(
        _ request: AuditRequest, _ uid: UInt32, _ voice: CommandVoice,
        carryOut: ([Int64]) async throws -> ControlEnd
    ) async throws -> ControlEnd {
        let places = try BackfillWork.places(request.places, assembly.network, assembly.settings)
        let streams = try streams(of: places)
        let progress = Auditor.Progress()
        let audits = try await withThrowingTaskGroup(of: [StreamAudit]?.self) { group in
            group.addTask {
                try await Auditor(assembly.surroundings).audit(streams, request.window, progress: progress)
            }
            group.addTask {
                let clock = assembly.network.clock
                let meter = ProgressMeter(at: clock.monotonicNow)
                while true {
                    try await voice.progress(AuditReport.progress(progress.now, meter, at: clock.monotonicNow))
                    try await clock.sleep(for: Self.interval)
                }
            }
            defer { group.cancelAll() }
            while let result = try await group.next() {
                if let result { return result }
            }
            throw CancellationError()
        }
        let report = AuditReport(
            request, audits + (try await gone(places, beside: streams, request.window)),
            try await sinks(places, audits, request.window))
        for line in request.json ? try report.json() : report.lines() { try await voice.answer(line) }
        guard request.repairs else { return end(report, audits) }
        return try await repair(report, audits, uid, voice, carryOut)
    }

    private func streams(of places: [BackfillWork.Place]) throws -> [SideStream] {
        try places.flatMap { place in
            guard let ingestors = assembly.registry.ingestors(accountSID: place.accountSID, place.dataset) else {
                throw CommandRefusal(
                    exit: 75, sentence: "the streams of \(place.name) are still being looked for; try again in a moment"
                )
            }
            return ingestors.map(SideStream.init)
        }
    }

    /// Streams that were collected in the range and cannot be read any more.
    private func gone(
        _ places: [BackfillWork.Place], beside streams: [SideStream], _ window: Window
    ) async throws -> [StreamAudit] {
        let known = Set(streams.map(\.stream.key))
        var audits: [StreamAudit] = []
        for stream in try await spool.stateSummary().streams {
            let end = stream.retiredAt ?? assembly.network.clock.wallNow
            guard !known.contains(stream.key), stream.start < window.to, end > window.from,
                places.contains(where: { $0.accountSID == stream.key.accountSID && $0.dataset == stream.key.dataset })
            else { continue }
            audits.append(
                StreamAudit(
                    key: stream.key, account: stream.account, names: stream.names,
                    place: try await spool.auditPlace(of: stream.key, window: window), leftOut: window,
                    reason: stream.retiredAt.map {
                        "what it was read from is gone at Twilio since \($0.rfc3339Seconds)"
                    } ?? "the configuration does not select it any more"))
        }
        return audits
    }

    private func sinks(
        _ places: [BackfillWork.Place], _ audits: [StreamAudit], _ window: Window
    ) async throws -> [AuditReport.Sink] {
        let reader = try StateReader(StateDirectory(path: assembly.settings.state.directory))
        return try places.flatMap { place in
            let its = audits.filter { $0.key.accountSID == place.accountSID && $0.key.dataset == place.dataset }
            let taken = its.reduce(0) { $0 + $1.taken.count }
            return try reader.auditSinks(
                accountSID: place.accountSID, dataset: place.dataset, streams: its.compactMap(\.id), window: window
            ).map { AuditReport.Sink(place, $0, taken: taken) }
        }
    }

    // MARK: - The end

    private func end(_ report: AuditReport, _ audits: [StreamAudit]) -> ControlEnd {
        let errors = audits.compactMap(\.error)
        guard errors.isEmpty else {
            let isRefused = errors.allSatisfy { if case .unauthorized = $0 { true } else { false } }
            return ControlEnd(exit: isRefused ? 77 : 75, error: "not all could be read: \(errors[0])")
        }
        return report.isComplete ? .success : ControlEnd(exit: 1)
    }

    private func repair(
        _ report: AuditReport, _ audits: [StreamAudit], _ uid: UInt32, _ voice: CommandVoice,
        _ carryOut: ([Int64]) async throws -> ControlEnd
    ) async throws -> ControlEnd {
        var jobs: [Int64] = []
        for audit in audits {
            guard let id = audit.id else { continue }
            for (window, identities) in audit.repairs(within: report.window) {
                jobs.append(
                    try await spool.addRepair(
                        id, audit.key, account: audit.account, window: window, identities: identities,
                        requestedBy: uid))
            }
        }
        let unknown = report.missing - audits.reduce(0) { $0 + $1.missing.count }
        if unknown > 0 {
            try await voice.remark(
                "\(unknown) missing records are not known one by one and cannot be collected by a repair; "
                    + "twilship backfill --sink NAME sends their days to a sink once more")
        }
        guard !jobs.isEmpty else {
            if unknown == 0 { try await voice.remark("nothing that could be collected is missing") }
            return end(report, audits)
        }
        let carriedOut = try await carryOut(jobs)
        guard carriedOut.exit == 0 else { return carriedOut }
        let done = try await spool.backfills(openOnly: false).filter { jobs.contains($0.id) }
        let left = done.reduce(0) { $0 + ($1.identities?.count ?? 0) }
        try await voice.remark(
            left == 0
                ? "all records that were missing are collected"
                : "\(left) of the missing records were not found again or were collected meanwhile; audit again to know"
        )
        return left == 0 && report.isCompleteButMissing && unknown == 0 ? .success : ControlEnd(exit: 1)
    }
}

extension StreamAudit {
    /// What is missing, by days, so that not all between the first and the last is read again.
    fileprivate func repairs(within window: Window) -> [(window: Window, identities: Set<RecordIdentity>)] {
        let days = Dictionary(grouping: missing) { missing in
            (missing.item.time ?? window.from).rounded(downTo: .seconds(86_400))
        }
        return days.sorted { $0.key < $1.key }.map { _, records in
            // One without a date is listed wherever Twilio says.
            let hasUndated = records.contains { $0.item.time == nil }
            let times = records.compactMap(\.item.time)
            let range =
                hasUndated
                ? window
                : Window(from: times.min() ?? window.from, to: (times.max() ?? window.to) + .milliseconds(1))
            return (range, Set(records.map(\.item.identity)))
        }
    }
}
