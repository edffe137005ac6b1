import Controlling
import Forwarding
import PipelineCore
import Spooling

/// `checkpoint list`.
struct CheckpointList: StateCommand {
    static let name = "checkpoint-list"
    static let changesState = false

    var choice: StreamChoice
    var json: Bool

    var arguments: [String: ControlValue] { choice.arguments.merging(["json": .boolean(json)]) { $1 } }

    func run(_ state: StateAccess, _ voice: CommandVoice) async throws -> ControlEnd {
        let streams = try choice.streams(try state.reader.summary().streams)
        if json {
            for stream in streams {
                let report = CheckpointReport(stream, rememberedFrom: try state.reader.rememberedFrom(stream.key))
                try await voice.answer(Terminal.json(report, pretty: false))
            }
            return .success
        }
        guard !streams.isEmpty else {
            try await voice.answer("nothing was collected yet")
            return .success
        }
        let rows = streams.map { stream in
            [
                stream.account, stream.key.dataset.rawValue, stream.place, stream.checkpoint?.time.rfc3339 ?? "-",
                stream.checkpoint?.sid ?? "-", stream.completeUpTo.rfc3339Seconds, stream.start.rfc3339Seconds,
            ]
        }
        let head = ["ACCOUNT", "DATASET", "SERVICE/ENVIRONMENT", "LAST RECORD", "SID", "COMPLETE UP TO", "FROM"]
        for line in Terminal.table([head] + rows) { try await voice.answer(line) }
        return .success
    }
}

extension CheckpointList {
    init(_ arguments: [String: ControlValue]) throws {
        self.init(choice: try StreamChoice(arguments), json: arguments.flag("json"))
    }
}

/// `checkpoint set` and `checkpoint reset`: has streams read again from an instant on.
struct CheckpointSet: StateCommand {
    static let name = "checkpoint-set"
    static let changesState = true

    var choice: StreamChoice
    /// Nil for where collection of each stream began.
    var time: Timestamp?
    /// Also forget which records were taken, so that they are sent again.
    var forgets: Bool
    /// Only tell what would be done.
    var isTrial: Bool

    /// Further back, Twilio could forget records before all is read again.
    static let furthest: Duration = .seconds(28 * 86_400)

    var arguments: [String: ControlValue] {
        var arguments = choice.arguments
        arguments["forget"] = .boolean(forgets)
        arguments["trial"] = .boolean(isTrial)
        arguments.set("time", time)
        return arguments
    }

    func run(_ state: StateAccess, _ voice: CommandVoice) async throws -> ControlEnd {
        guard choice.account != nil else { throw CommandRefusal.usage("whose? give --account") }
        let streams = try choice.streams(try state.reader.summary().streams).filter { $0.retiredAt == nil }
        guard !streams.isEmpty else { throw CommandRefusal.usage("nothing of that is collected now") }
        // All are looked at before one is changed.
        let places = try streams.map { stream in (stream, try from(of: stream, state)) }
        for (stream, from) in places {
            let name = "\(stream.name): read again from \(from.rfc3339) on"
            if isTrial {
                try await voice.remark(
                    name
                        + (forgets
                            ? ", and everything dated since then is sent to all sinks again"
                            : "; what was collected is not sent again"))
                continue
            }
            let reopened = try await reopen(stream.key, from, state)
            guard let window = reopened.window else {
                try await voice.remark("\(stream.name): nothing dated after \(from.rfc3339) was read; nothing changes")
                continue
            }
            try await voice.remark(
                "\(name), up to \(window.to.rfc3339)"
                    + (forgets ? "; \(reopened.forgotten) records are forgotten and sent again" : "")
                    + (state.hasService ? "" : ", with the next start of the service"))
        }
        return .success
    }

    /// Where to begin with a stream.
    /// - Throws: `CommandRefusal` if it cannot be read again from there.
    private func from(of stream: StateSummary.Stream, _ state: StateAccess) throws -> Timestamp {
        let furthest = state.now - Self.furthest
        if let time, time > state.now {
            throw CommandRefusal.usage("\(time.rfc3339) lies in the future; it is \(state.now.rfc3339) now")
        }
        if let time, time < furthest {
            throw CommandRefusal.usage(
                "\(time.rfc3339) is more than 28 days ago: Twilio could forget records before they are read again; "
                    + "twilship backfill --sink NAME sends older ones to one sink")
        }
        let from = max(time ?? stream.start, stream.start, furthest).rounded(downTo: .seconds(1))
        guard !forgets, let remembered = try state.reader.rememberedFrom(stream.key), from < remembered else {
            return from
        }
        throw CommandRefusal.usage(
            "\(stream.name): which records were taken is remembered one by one only from \(remembered.rfc3339) on; "
                + "what is older would be sent twice. Give that time or a later one, or --forget if it shall be sent "
                + "again; nothing was changed")
    }

    private func reopen(_ key: StreamKey, _ from: Timestamp, _ state: StateAccess) async throws -> Reopened {
        let spool = state.spool
        guard let registry = state.registry else { return try await spool.reopen(key, from: from, forget: forgets) }
        return try await registry.withStopped(key) { try await spool.reopen(key, from: from, forget: forgets) }
    }
}

extension CheckpointSet {
    init(_ arguments: [String: ControlValue]) throws {
        self.init(
            choice: try StreamChoice(arguments), time: try arguments.time("time"), forgets: arguments.flag("forget"),
            isTrial: arguments.flag("trial"))
    }
}

/// Which streams are meant.
struct StreamChoice: Sendable {
    /// A label or a SID.
    var account: String?
    var dataset: Dataset?
    /// SID or unique name.
    var service: String?
    var environment: String?

    var arguments: [String: ControlValue] {
        var arguments: [String: ControlValue] = [:]
        arguments.set("account", account)
        arguments.set("dataset", dataset?.rawValue)
        arguments.set("service", service)
        arguments.set("environment", environment)
        return arguments
    }

    /// - Throws: `CommandRefusal` if the account or the place is none of them.
    func streams(_ all: [StateSummary.Stream]) throws -> [StateSummary.Stream] {
        if let account, !all.contains(where: { $0.account == account || $0.key.accountSID == account }) {
            throw CommandRefusal.unknown("account", account, among: Set(all.map(\.account)).sorted())
        }
        let found = all.filter { stream in
            (account == nil || stream.account == account || stream.key.accountSID == account)
                && (dataset == nil || stream.key.dataset == dataset)
                && (service == nil || stream.key.serviceSID == service || stream.names.service == service)
                && (environment == nil || stream.key.environmentSID == environment
                    || stream.names.environment == environment)
        }
        guard !found.isEmpty || all.isEmpty else {
            throw CommandRefusal.usage("there is no such stream; twilship checkpoint list shows all")
        }
        return found
    }
}

extension StreamChoice {
    init(_ arguments: [String: ControlValue]) throws {
        self.init(
            account: arguments["account"]?.string, service: arguments["service"]?.string,
            environment: arguments["environment"]?.string)
        guard let name = arguments["dataset"]?.string else { return }
        guard let dataset = Dataset(rawValue: name) else {
            throw CommandRefusal.unknown("dataset", name, among: Dataset.allCases.map(\.rawValue))
        }
        self.dataset = dataset
    }
}

extension StateSummary.Stream {
    /// Service and environment, by name where they have one; `-` for what an account has once.
    fileprivate var place: String {
        let parts = [names.service ?? key.serviceSID, names.environment ?? key.environmentSID].compactMap(\.self)
        return parts.isEmpty ? "-" : parts.joined(separator: "/")
    }

    fileprivate var name: String {
        "\(account) \(key.dataset.rawValue)" + (place == "-" ? "" : " \(place)")
    }
}

/// A stream's place as JSON.
private struct CheckpointReport: Encodable {
    let account: String
    let accountSid: String
    let dataset: String
    let host: String
    let serviceSid: String?
    let environmentSid: String?
    let serviceName: String?
    let environmentName: String?
    let checkpointTime: Timestamp?
    let checkpointSid: String?
    let completeUpTo: Timestamp
    /// Where collection began.
    let start: Timestamp
    /// From when on `checkpoint set` can read again without sending anything twice; absent if from the start on.
    let rememberedFrom: Timestamp?
    let retiredAt: Timestamp?

    init(_ stream: StateSummary.Stream, rememberedFrom: Timestamp?) {
        account = stream.account
        accountSid = stream.key.accountSID
        dataset = stream.key.dataset.rawValue
        host = stream.key.host
        serviceSid = stream.key.serviceSID
        environmentSid = stream.key.environmentSID
        serviceName = stream.names.service
        environmentName = stream.names.environment
        checkpointTime = stream.checkpoint?.time
        checkpointSid = stream.checkpoint?.sid
        completeUpTo = stream.completeUpTo
        start = stream.start
        self.rememberedFrom = rememberedFrom
        retiredAt = stream.retiredAt
    }
}
