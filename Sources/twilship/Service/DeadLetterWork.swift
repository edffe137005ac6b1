import Controlling
import PipelineCore
import Settings
import Spooling

/// `dead-letters list`.
struct DeadLettersList: StateCommand {
    static let name = "dead-letters-list"
    static let changesState = false

    var sink: String?
    var json: Bool

    var arguments: [String: ControlValue] {
        var arguments: [String: ControlValue] = ["json": .boolean(json)]
        arguments.set("sink", sink)
        return arguments
    }

    func run(_ state: StateAccess, _ voice: CommandVoice) async throws -> ControlEnd {
        // A sink that left the configuration may have left dead letters.
        let letters = try state.reader.deadLetters(sink: sink, limit: DeadLetter.maximumCount)
        if let sink, letters.isEmpty { _ = try state.sink(sink) }
        if json {
            for letter in letters { try await voice.answer(Terminal.json(DeadLetterReport(letter), pretty: false)) }
        } else if letters.isEmpty {
            try await voice.answer("there are no dead letters" + (sink.map { " of sink \($0)" } ?? ""))
        } else {
            let rows = letters.map { letter in
                [
                    "\(letter.id)", letter.sink, letter.rejectedAt.rfc3339Seconds, "\(letter.attempts)",
                    letter.replayRequestedAt == nil ? "kept" : "to be sent", letter.recordType, letter.recordID,
                    Terminal.shortened(letter.reason, to: Self.reasonLength),
                ]
            }
            for line in Terminal.table(
                [["ID", "SINK", "REJECTED", "ATTEMPTS", "STATE", "TYPE", "RECORD", "REASON"]] + rows)
            {
                try await voice.answer(line)
            }
        }
        return .success
    }

    private static let reasonLength = 100
}

extension DeadLettersList {
    init(_ arguments: [String: ControlValue]) {
        self.init(sink: arguments["sink"]?.string, json: arguments.flag("json"))
    }
}

/// `dead-letters show`.
struct DeadLettersShow: StateCommand {
    static let name = "dead-letters-show"
    static let changesState = false

    var id: Int64
    var json: Bool

    var arguments: [String: ControlValue] { ["id": .integer(Int(id)), "json": .boolean(json)] }

    func run(_ state: StateAccess, _ voice: CommandVoice) async throws -> ControlEnd {
        guard let (letter, line) = try state.reader.deadLetter(id) else { throw CommandRefusal.noDeadLetter([id]) }
        if json {
            try await voice.answer(Terminal.json(DeadLetterReport(letter, envelope: line), pretty: false))
            return .success
        }
        let replay = letter.replayRequestedAt.map { "since \($0.rfc3339)" }
        let facts = [
            "dead letter \(letter.id) of sink \(letter.sink)",
            "  record     \(letter.recordID), \(letter.recordType), dated \(letter.time.rfc3339)",
            "  from       \(letter.dataset) of account \(letter.account) (\(letter.accountSID)), record "
                + "\(letter.sequence) of the spool",
            "  rejected   \(letter.rejectedAt.rfc3339), at attempt \(letter.attempts)",
            "  reason     \(letter.reason)",
            "  to be sent \(replay ?? "no; twilship dead-letters replay \(letter.id) does that")",
        ]
        for fact in facts + JSONLayout.lines(line) { try await voice.answer(fact) }
        return .success
    }
}

extension DeadLettersShow {
    init(_ arguments: [String: ControlValue]) throws {
        guard let id = try arguments.ids("id").first else { throw CommandRefusal.usage("which dead letter?") }
        self.init(id: id, json: arguments.flag("json"))
    }
}

/// Which dead letters `replay` and `drop` mean.
struct DeadLetterChoice: Sendable {
    var ids: [Int64]
    /// All of this sink.
    var sink: String?

    var arguments: [String: ControlValue] {
        var arguments: [String: ControlValue] = ["ids": .strings(ids.map(String.init))]
        arguments.set("sink", sink)
        return arguments
    }

    init(ids: [Int64], sink: String?) {
        self.ids = ids
        self.sink = sink
    }

    init(_ arguments: [String: ControlValue]) throws {
        self.init(ids: try arguments.ids("ids"), sink: arguments["sink"]?.string)
        guard ids.isEmpty != (sink == nil) else {
            throw CommandRefusal.usage("give the numbers of dead letters, or a sink for all of its")
        }
    }

    /// - Throws: `CommandRefusal` if one of them is not there: nothing is done then.
    func selection(_ reader: StateReader) throws -> (selection: DeadLetterSelection, letters: [DeadLetter]) {
        let letters = try reader.deadLetters(sink: sink, limit: DeadLetter.maximumCount)
        if let sink { return (.all(sink: sink), letters) }
        let known = Dictionary(letters.map { ($0.id, $0) }) { first, _ in first }
        let unknown = ids.filter { known[$0] == nil }
        guard unknown.isEmpty else { throw CommandRefusal.noDeadLetter(unknown) }
        return (.ids(ids), ids.compactMap { known[$0] })
    }
}

/// `dead-letters replay`.
struct DeadLettersReplay: StateCommand {
    static let name = "dead-letters-replay"
    static let changesState = true

    var choice: DeadLetterChoice

    var arguments: [String: ControlValue] { choice.arguments }

    func run(_ state: StateAccess, _ voice: CommandVoice) async throws -> ControlEnd {
        if let sink = choice.sink { _ = try state.sink(sink) }
        let (selection, letters) = try choice.selection(state.reader)
        for letter in letters where !state.settings.sinks.contains(where: { $0.name == letter.sink }) {
            throw CommandRefusal.usage(
                "dead letter \(letter.id) is of sink \(letter.sink), which is not in the configuration; "
                    + "add the sink again, or drop the dead letter")
        }
        let asked = try await state.spool.requestReplay(deadLetters: selection)
        try await voice.remark(
            "\(asked.count) of \(letters.count) dead letters are sent again from now on"
                + (asked.count < letters.count ? "; the others were waiting for that already" : "")
                + (state.hasService ? "" : ", with the next start of the service"))
        return .success
    }
}

extension DeadLettersReplay {
    init(_ arguments: [String: ControlValue]) throws { self.init(choice: try DeadLetterChoice(arguments)) }
}

/// `dead-letters drop`.
struct DeadLettersDrop: StateCommand {
    static let name = "dead-letters-drop"
    static let changesState = true

    var choice: DeadLetterChoice

    var arguments: [String: ControlValue] { choice.arguments }

    func run(_ state: StateAccess, _ voice: CommandVoice) async throws -> ControlEnd {
        let (selection, letters) = try choice.selection(state.reader)
        if let sink = choice.sink, letters.isEmpty { _ = try state.sink(sink) }
        let dropped = try await state.spool.dropDeadLetters(selection)
        try await voice.remark("\(dropped.count) dead letters are dropped for good")
        return .success
    }
}

extension DeadLettersDrop {
    init(_ arguments: [String: ControlValue]) throws { self.init(choice: try DeadLetterChoice(arguments)) }
}

extension CommandRefusal {
    static func noDeadLetter(_ ids: [Int64]) -> CommandRefusal {
        .usage(
            "there is no dead letter \(ids.map(String.init).joined(separator: ", ")); "
                + "twilship dead-letters list shows them")
    }
}

/// A dead letter as JSON.
struct DeadLetterReport: Encodable {
    let id: Int64
    let sink: String
    let sequence: Int64
    let account: String
    let accountSid: String
    let dataset: String
    let recordId: String
    let type: String
    let time: Timestamp
    let reason: String
    let attempts: Int
    let rejectedAt: Timestamp
    /// Absent unless it is to be sent again.
    let replayRequestedAt: Timestamp?
    let bytes: Int
    /// Of `show` only: the line as it was to be sent in the format `envelope`.
    let envelope: String?

    init(_ letter: DeadLetter, envelope: String? = nil) {
        id = letter.id
        sink = letter.sink
        sequence = letter.sequence
        account = letter.account
        accountSid = letter.accountSID
        dataset = letter.dataset
        recordId = letter.recordID
        type = letter.recordType
        time = letter.time
        reason = letter.reason
        attempts = letter.attempts
        rejectedAt = letter.rejectedAt
        replayRequestedAt = letter.replayRequestedAt
        bytes = letter.bytes
        self.envelope = envelope
    }
}
