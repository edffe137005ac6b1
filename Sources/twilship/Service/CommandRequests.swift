import Controlling
import PipelineCore
import Settings

/// `fetch`: which record, and where to look for it.
struct FetchRequest: Sendable {
    static let command = "fetch"

    var sid: String
    /// A label; nil looks in all accounts.
    var account: String?
    /// SID or unique name, both or neither.
    var service: String?
    var environment: String?

    var control: ControlRequest {
        var arguments: [String: ControlValue] = ["sid": .string(sid)]
        arguments.set("account", account)
        arguments.set("service", service)
        arguments.set("environment", environment)
        return ControlRequest(Self.command, arguments: arguments)
    }
}

extension FetchRequest {
    init(_ request: ControlRequest) throws {
        guard let sid = request.arguments["sid"]?.string else { throw CommandRefusal.usage("fetch needs a sid") }
        self.init(
            sid: sid, account: request.arguments["account"]?.string, service: request.arguments["service"]?.string,
            environment: request.arguments["environment"]?.string)
    }
}

/// `tail`: what to follow.
struct TailRequest: Sendable {
    static let command = "tail"

    /// Labels; empty means all.
    var accounts: [String] = []
    var datasets: [Dataset] = []
    /// Of function logs: globs on SID or unique name, of which one must match; empty means all.
    var services: [String] = []
    var environments: [String] = []
    /// Of function logs: SIDs; empty means all.
    var functions: [String] = []
    var level: Severity?
    /// Globs; empty means all.
    var types: [String] = []
    var since: Duration = .zero
    /// Whether each envelope comes with the names of service and environment before it, as `TailLine.placed` has it.
    var hasPlaces = false

    var control: ControlRequest {
        var arguments: [String: ControlValue] = [
            "since_ms": .integer(Int(since.wholeMilliseconds)), "places": .boolean(hasPlaces),
        ]
        if !accounts.isEmpty { arguments["accounts"] = .strings(accounts) }
        if !datasets.isEmpty { arguments["datasets"] = .strings(datasets.map(\.rawValue)) }
        let choices = [
            "services": services, "environments": environments, "functions": functions, "types": types,
        ]
        for (key, texts) in choices where !texts.isEmpty { arguments[key] = .strings(texts) }
        arguments.set("level", level?.name)
        return ControlRequest(Self.command, arguments: arguments)
    }
}

extension TailRequest {
    /// Twilio lists nothing older anyway.
    static let longestSince: Duration = .seconds(400 * 86_400)

    init(_ request: ControlRequest) throws {
        let arguments = request.arguments
        accounts = arguments["accounts"]?.strings ?? []
        datasets = try (arguments["datasets"]?.strings ?? []).map { name in
            guard let dataset = Dataset(rawValue: name) else {
                throw CommandRefusal.usage("there is no dataset \(name)")
            }
            return dataset
        }
        services = arguments["services"]?.strings ?? []
        environments = arguments["environments"]?.strings ?? []
        functions = arguments["functions"]?.strings ?? []
        level = arguments["level"]?.string.flatMap(Severity.init(name:))
        types = arguments["types"]?.strings ?? []
        hasPlaces = arguments.flag("places")
        since = .milliseconds(
            max(0, min(arguments["since_ms"]?.integer ?? 0, Int(Self.longestSince.wholeMilliseconds))))
    }
}

/// `backfill --from --to`: what to read again, and for whom.
struct BackfillRequest: Sendable {
    static let command = "backfill"
    static let plan = "backfill-plan"
    static let list = "backfill-list"
    static let cancel = "backfill-cancel"
    static let follow = "backfill-follow"

    var window: Window
    var account: String?
    var dataset: Dataset?
    var sink: String?
    /// Whether to report progress until it is done.
    var waits = true

    /// - Parameter command: `command` or `plan`.
    func control(_ command: String) -> ControlRequest {
        var arguments: [String: ControlValue] = [
            "from": .string(window.from.rfc3339), "to": .string(window.to.rfc3339),
            "wait": .boolean(waits),
        ]
        arguments.set("account", account)
        arguments.set("dataset", dataset?.rawValue)
        arguments.set("sink", sink)
        return ControlRequest(command, arguments: arguments)
    }
}

extension BackfillRequest {
    init(_ request: ControlRequest) throws {
        let arguments = request.arguments
        func time(_ key: String) -> Timestamp? {
            arguments[key]?.string.flatMap { Timestamp(rfc3339: Array($0.utf8)) }
        }
        guard let from = time("from"), let to = time("to"), from < to else {
            throw CommandRefusal.usage("--from must lie before --to")
        }
        window = Window(from: from, to: to)
        account = arguments["account"]?.string
        if let name = arguments["dataset"]?.string {
            guard let dataset = Dataset(rawValue: name), dataset != .twilship else {
                throw CommandRefusal.usage("there is no dataset \(name) at Twilio")
            }
            self.dataset = dataset
        }
        sink = arguments["sink"]?.string
        waits = arguments["wait"]?.boolean ?? true
    }
}

/// `audit`: what to compare with Twilio.
struct AuditRequest: Sendable {
    static let command = "audit"

    var window: Window
    var account: String?
    var dataset: Dataset?
    /// Whether to collect what is missing.
    var repairs = false
    var json = false

    var control: ControlRequest {
        var arguments: [String: ControlValue] = [
            "from": .string(window.from.rfc3339), "to": .string(window.to.rfc3339), "repair": .boolean(repairs),
            "json": .boolean(json),
        ]
        arguments.set("account", account)
        arguments.set("dataset", dataset?.rawValue)
        return ControlRequest(Self.command, arguments: arguments)
    }

    /// What is audited, as backfills name it.
    var places: BackfillRequest { BackfillRequest(window: window, account: account, dataset: dataset) }
}

extension AuditRequest {
    init(_ request: ControlRequest) throws {
        let range = try BackfillRequest(request)
        self.init(
            window: range.window, account: range.account, dataset: range.dataset,
            repairs: request.arguments["repair"]?.boolean ?? false,
            json: request.arguments["json"]?.boolean ?? false)
    }
}
