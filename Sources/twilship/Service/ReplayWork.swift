import ArgumentParser
import Controlling
import PipelineCore
import Spooling

/// `replay --sink --from`.
struct ReplayAdd: StateCommand {
    static let name = "replay"
    static let changesState = true

    var sink: String
    var window: Window
    /// Whether to tell how far it is until it is done, where a service does it.
    var waits = true

    var arguments: [String: ControlValue] {
        [
            "sink": .string(sink), "from": .string(window.from.rfc3339), "to": .string(window.to.rfc3339),
            "wait": .boolean(waits),
        ]
    }

    func run(_ state: StateAccess, _ voice: CommandVoice) async throws -> ControlEnd {
        _ = try state.sink(sink)
        guard let all = try state.reader.spooled() else {
            return ControlEnd(exit: Exit.unavailable.rawValue, error: "the spool holds no record; \(elsewhere)")
        }
        if window.from < all.oldest {
            try await voice.remark(
                "the spool holds \(all.records) records, the oldest collected \(all.oldest.rfc3339): "
                    + "what was collected before that has left it; \(elsewhere)")
        }
        let job = try await state.spool.addReplay(
            sink: sink, from: window.from, to: window.to, requestedBy: state.uid)
        guard let job else {
            return ControlEnd(
                exit: Exit.unavailable.rawValue,
                error: "the spool holds no record collected from \(window.from.rfc3339) to \(window.to.rfc3339) that "
                    + "sink \(sink) is past; what waits for it comes anyway; \(elsewhere)")
        }
        let when = state.hasService ? "behind live ones" : "with the next start of the service"
        try await voice.remark(
            "replay \(job.id): \(job.remaining) spooled records are sent to sink \(sink) again, \(when); "
                + "what leaves the spool before its turn is passed over; twilship replay --list tells how far it is, "
                + "--cancel \(job.id) ends it")
        return waits && state.hasService ? try await ReplayFollower(state: state, voice: voice).follow(job) : .success
    }

    private var elsewhere: String {
        "twilship backfill --sink \(sink) --from TIME reads a range from Twilio once more for that sink"
    }
}

extension ReplayAdd {
    init(_ arguments: [String: ControlValue]) throws {
        guard let sink = arguments["sink"]?.string, let from = try arguments.time("from"),
            let to = try arguments.time("to"), from < to
        else { throw CommandRefusal.usage("replay needs a sink, and --from before --to") }
        self.init(sink: sink, window: Window(from: from, to: to), waits: arguments["wait"]?.boolean ?? true)
    }
}

/// Tells how far a replay is until it has ended.
private struct ReplayFollower {
    private static let interval: Duration = .milliseconds(500)
    /// How often it is looked whether the sink works.
    private static let troubleInterval: Duration = .seconds(5)

    let state: StateAccess
    let voice: CommandVoice

    func follow(_ job: ReplayJob) async throws -> ControlEnd {
        let clock = SystemClock()
        let meter = ProgressMeter(at: clock.monotonicNow)
        var lookedAt = clock.monotonicNow
        var told: String?
        while let now = try state.reader.replays(openOnly: false).first(where: { $0.id == job.id }), now.isOpen {
            let all = now.sequences.count
            let looked = all - Int(now.remaining)
            try await voice.progress(
                meter.progress(
                    done: all > 0 ? Double(looked) / Double(all) : 0, looked, "of \(all) records",
                    counts: now.counts, at: clock.monotonicNow))
            if lookedAt.duration(to: clock.monotonicNow) >= Self.troubleInterval {
                lookedAt = clock.monotonicNow
                if let trouble = try trouble(of: job.sink), trouble != told {
                    try await voice.remark(trouble)
                    told = trouble
                }
            }
            try await clock.sleep(for: Self.interval)
        }
        guard let end = try state.reader.replays(openOnly: false).first(where: { $0.id == job.id }) else {
            return .success
        }
        guard end.cancelledAt == nil else {
            return ControlEnd(exit: Exit.tryAgain.rawValue, error: "replay \(job.id) was cancelled before its end")
        }
        try await voice.remark("replay \(job.id) is finished: \(end.counts.joined(separator: ", "))")
        return .success
    }

    private func trouble(of sink: String) throws -> String? {
        let report = StatusReport(try state.reader.summary(), state.settings, now: SystemClock().wallNow)
        guard let status = report.sinks.first(where: { $0.name == sink }), status.attempts > 0 else { return nil }
        return "sink \(sink) fails, and the replay goes on by itself when it works"
            + (status.lastError.map { ": \($0)" } ?? "")
    }
}

extension ReplayJob {
    /// What became of the records until now.
    fileprivate var counts: [String] {
        ["\(delivered) delivered"]
            + [(filtered, "filtered"), (rejected, "refused"), (missing, "no longer spooled")].filter { $0.0 > 0 }.map {
                "\($0.0) \($0.1)"
            }
    }
}

/// `replay --list`.
struct ReplayList: StateCommand {
    static let name = "replay-list"
    static let changesState = false

    var json: Bool

    var arguments: [String: ControlValue] { ["json": .boolean(json)] }

    func run(_ state: StateAccess, _ voice: CommandVoice) async throws -> ControlEnd {
        let jobs = try state.reader.replays(openOnly: false)
        if json {
            for job in jobs { try await voice.answer(Terminal.json(ReplayReport(job), pretty: false)) }
            return .success
        }
        guard !jobs.isEmpty else {
            try await voice.answer("there are no replays")
            return .success
        }
        let rows = jobs.map { job in
            [
                "\(job.id)", job.state, job.sink, "\(job.sequences.count)", "\(job.remaining)", "\(job.delivered)",
                "\(job.filtered)", "\(job.rejected)", "\(job.missing)", job.requestedAt.rfc3339Seconds,
                "\(job.requestedBy)",
            ]
        }
        let head = [
            "REPLAY", "STATE", "SINK", "RECORDS", "TO DO", "DELIVERED", "FILTERED", "REJECTED", "MISSING", "ASKED",
            "BY UID",
        ]
        for line in Terminal.table([head] + rows) { try await voice.answer(line) }
        return .success
    }
}

extension ReplayList {
    init(_ arguments: [String: ControlValue]) { self.init(json: arguments.flag("json")) }
}

/// `replay --cancel`.
struct ReplayCancel: StateCommand {
    static let name = "replay-cancel"
    static let changesState = true

    var id: Int64

    var arguments: [String: ControlValue] { ["id": .integer(Int(id))] }

    func run(_ state: StateAccess, _ voice: CommandVoice) async throws -> ControlEnd {
        guard try await state.spool.cancelReplay(id) else {
            let isKnown = try await state.spool.replays(openOnly: false).contains { $0.id == id }
            throw CommandRefusal.usage(
                isKnown
                    ? "replay \(id) has ended already"
                    : "there is no replay \(id); twilship replay --list shows them")
        }
        try await voice.remark("replay \(id) is cancelled; a batch that is on its way may still arrive")
        return .success
    }
}

extension ReplayCancel {
    init(_ arguments: [String: ControlValue]) throws {
        guard let id = try arguments.ids("id").first else { throw CommandRefusal.usage("which replay?") }
        self.init(id: id)
    }
}

extension ReplayJob {
    fileprivate var state: String { cancelledAt != nil ? "cancelled" : finishedAt != nil ? "finished" : "open" }
}

/// A replay as JSON.
private struct ReplayReport: Encodable {
    let id: Int64
    /// `open`, `finished` or `cancelled`.
    let state: String
    let sink: String
    let records: Int
    let remaining: Int64
    let delivered: Int64
    let filtered: Int64
    let rejected: Int64
    let missing: Int64
    let requestedAt: Timestamp
    let requestedBy: UInt32
    let finishedAt: Timestamp?
    let cancelledAt: Timestamp?

    init(_ job: ReplayJob) {
        id = job.id
        state = job.state
        sink = job.sink
        records = job.sequences.count
        remaining = job.remaining
        delivered = job.delivered
        filtered = job.filtered
        rejected = job.rejected
        missing = job.missing
        requestedAt = job.requestedAt
        requestedBy = job.requestedBy
        finishedAt = job.finishedAt
        cancelledAt = job.cancelledAt
    }
}
