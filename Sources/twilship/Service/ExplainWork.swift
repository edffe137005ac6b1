import Controlling
import PipelineCore
import Spooling

/// `explain`.
struct ExplainRecord: StateCommand {
    static let name = "explain"
    static let changesState = false

    var id: String
    var json: Bool

    var arguments: [String: ControlValue] { ["id": .string(id), "json": .boolean(json)] }

    func run(_ state: StateAccess, _ voice: CommandVoice) async throws -> ControlEnd {
        let histories = try state.reader.explain(sid: id)
        // What has left the spool, or cannot be read there, may be known otherwise.
        let known = Set(histories.map(\.sequence))
        let letters = try state.reader.deadLetters(ofRecord: id).filter { !known.contains($0.sequence) }
        let damaged = histories.isEmpty ? try state.reader.damagedCopies(ofRecord: id) : []
        if json {
            var reports = histories.map(ExplainReport.init)
            reports += letters.map(ExplainReport.init)
            if !damaged.isEmpty { reports.append(ExplainReport(id, damaged)) }
            try await voice.answer(Terminal.json(reports))
        } else {
            for line in histories.flatMap({ lines($0) }) + letters.flatMap(lines) + damaged.map(line) {
                try await voice.answer(line)
            }
        }
        guard histories.isEmpty, letters.isEmpty, damaged.isEmpty else { return .success }
        return ControlEnd(
            exit: 1,
            error: "\(id) is not known here. It was never collected, or it was delivered and has left the spool "
                + "([state] retain says how long records stay).")
    }

    private func lines(_ history: RecordHistory) -> [String] {
        var lines = [
            "\(id)  \(history.dataset.rawValue) of account \(history.account) (\(history.accountSID))",
            "  dated      \(history.time.rfc3339)",
            "  collected  \(history.collected.rfc3339)  \((history.collected - history.time).forPeople) later"
                + (history.lane.tag.map { ", tagged \($0)" } ?? ""),
            "  read with  the window \(history.window), a second more at both ends",
            "  requests   \(history.requestIDs.joined(separator: " "))",
            "  spool      record \(history.sequence)" + (history.target.map { ", for sink \($0) only" } ?? ""),
        ]
        for delivery in history.deliveries {
            lines.append("  sink \(delivery.sink): \(text(delivery.state))")
            lines += delivery.replays.map { replay in
                switch replay.state {
                case .waiting: "    is to be sent again by replay \(replay.id)"
                case .due: "    was due again in replay \(replay.id)"
                case .cancelled: "    was not sent again: replay \(replay.id) was cancelled before"
                }
            }
        }
        return lines
    }

    private func text(_ state: RecordHistory.Delivery.State) -> String {
        switch state {
        case .delivered(let time, attempts: 1): "delivered \(time.rfc3339), at the first attempt"
        case .delivered(let time, let attempts): "delivered \(time.rfc3339), at attempt \(attempts)"
        case .filtered(let time): "filtered by [sink.filter], \(time.rfc3339)"
        case .settledLongAgo: "delivered or filtered; which and when is no longer known"
        case .beforeItsStart: "not sent: collected before the sink was added ([[sink]] start)"
        case .waiting(let ahead): "waiting, \(ahead) records before it"
        case .rejected(let letter): text(letter)
        case .deliveredLater(let time, let attempts, let reason):
            "delivered \(time.rfc3339) when its dead letter was sent again, at attempt \(attempts); refused before: "
                + reason
        case .dropped(let time, let attempts, let reason):
            "not delivered: refused at attempt \(attempts) and its dead letter dropped \(time.rfc3339): \(reason)"
        case .skipped(let time, let reason): "not sent: the sink was moved past it \(time.rfc3339): \(reason)"
        }
    }

    private func text(_ letter: DeadLetter) -> String {
        "dead letter \(letter.id), refused \(letter.rejectedAt.rfc3339) at attempt \(letter.attempts): \(letter.reason)"
            + (letter.replayRequestedAt == nil ? "" : "; it is to be sent again")
    }

    private func lines(_ letter: DeadLetter) -> [String] {
        [
            "\(id)  \(letter.dataset) of account \(letter.account) (\(letter.accountSID))",
            "  dated      \(letter.time.rfc3339)",
            "  spool      was record \(letter.sequence), and has left it",
            "  sink \(letter.sink): \(text(letter))",
        ]
    }

    private func line(_ copy: DamagedCopy) -> String {
        "\(id) was collected \(copy.collected.rfc3339); the part of the spool that may hold it cannot be read: "
            + "\(copy.path), byte \(copy.offset)"
            + (copy.isSetAside ? "; it is set aside, and its records are read again from Twilio" : "")
    }
}

extension ExplainRecord {
    init(_ arguments: [String: ControlValue]) throws {
        guard let id = arguments["id"]?.string, RecordIdentity(envelopeID: id) != nil else {
            throw CommandRefusal.usage(Self.form)
        }
        self.init(id: id, json: arguments.flag("json"))
    }

    static let form =
        "a record's id is two capitals (AE or NO) and 32 hexadecimal digits, or sha256: and 64 of them"
}

/// `explain --json`: one element per stream that has the record; also one for each dead letter whose record has left
/// the spool, and one if the record lies where the spool is damaged. Keys are only ever added.
private struct ExplainReport: Encodable {
    struct Replay: Encodable {
        let id: Int64
        /// `waiting`, `due` (it was sent, filtered, refused or gone by then) or `cancelled`.
        let state: String
    }

    struct Delivery: Encodable {
        let sink: String
        /// `delivered`, `filtered`, `settled` (which of both is no longer known), `before_start`, `waiting`, `rejected`
        /// (there is a dead letter), `dropped` (there was one) or `skipped`.
        let state: String
        var settledAt: Timestamp?
        var attempts: Int?
        var recordsAhead: Int64?
        /// Why it was refused or skipped; of a delivered one, why it was refused before.
        var reason: String?
        var deadLetter: Int64?
        var replayRequestedAt: Timestamp?
        var replays: [Replay] = []
    }

    struct Damage: Encodable {
        let path: String
        let offset: Int64
        let collected: Timestamp
        let setAside: Bool
    }

    let id: String
    var account: String?
    var accountSid: String?
    var dataset: String?
    var time: Timestamp?
    var collected: Timestamp?
    var lane: String?
    var windowFrom: Timestamp?
    var windowTo: Timestamp?
    var requestIds: [String]?
    var sequence: Int64?
    /// Absent if it is for all sinks.
    var target: String?
    var envelope: String?
    var deliveries: [Delivery] = []
    var damaged: [Damage]?

    init(_ id: String, _ copies: [DamagedCopy]) {
        self.id = id
        damaged = copies.map {
            Damage(path: $0.path, offset: $0.offset, collected: $0.collected, setAside: $0.isSetAside)
        }
    }

    init(_ letter: DeadLetter) {
        id = letter.recordID
        account = letter.account
        accountSid = letter.accountSID
        dataset = letter.dataset
        time = letter.time
        sequence = letter.sequence
        deliveries = [Self.delivery(letter)]
    }

    init(_ history: RecordHistory) {
        id = history.id
        account = history.account
        accountSid = history.accountSID
        dataset = history.dataset.rawValue
        time = history.time
        collected = history.collected
        lane = history.lane.tag ?? "live"
        windowFrom = history.window.from
        windowTo = history.window.to
        requestIds = history.requestIDs
        sequence = history.sequence
        target = history.target
        envelope = history.line
        deliveries = history.deliveries.map { delivery in
            var report =
                switch delivery.state {
                case .delivered(let time, let attempts):
                    Delivery(sink: delivery.sink, state: "delivered", settledAt: time, attempts: attempts)
                case .filtered(let time): Delivery(sink: delivery.sink, state: "filtered", settledAt: time)
                case .settledLongAgo: Delivery(sink: delivery.sink, state: "settled")
                case .beforeItsStart: Delivery(sink: delivery.sink, state: "before_start")
                case .waiting(let ahead): Delivery(sink: delivery.sink, state: "waiting", recordsAhead: ahead)
                case .rejected(let letter): Self.delivery(letter)
                case .deliveredLater(let time, let attempts, let reason):
                    Delivery(
                        sink: delivery.sink, state: "delivered", settledAt: time, attempts: attempts, reason: reason)
                case .dropped(let time, let attempts, let reason):
                    Delivery(sink: delivery.sink, state: "dropped", settledAt: time, attempts: attempts, reason: reason)
                case .skipped(let time, let reason):
                    Delivery(sink: delivery.sink, state: "skipped", settledAt: time, reason: reason)
                }
            report.replays = delivery.replays.map { replay in
                let state =
                    switch replay.state {
                    case .waiting: "waiting"
                    case .due: "due"
                    case .cancelled: "cancelled"
                    }
                return Replay(id: replay.id, state: state)
            }
            return report
        }
    }

    private static func delivery(_ letter: DeadLetter) -> Delivery {
        Delivery(
            sink: letter.sink, state: "rejected", settledAt: letter.rejectedAt, attempts: letter.attempts,
            reason: letter.reason, deadLetter: letter.id, replayRequestedAt: letter.replayRequestedAt)
    }
}
