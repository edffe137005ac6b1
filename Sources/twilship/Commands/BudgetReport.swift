import Settings

/// What an account's polls need of its rate limits, as far as the configuration alone tells it.
///
/// Further pages, looking again and catching up come on top, so polls may use a part of a limit only.
struct BudgetReport {
    /// As `PollPacer` shares a limit out.
    static let share = 0.6

    let lines: [String]

    /// - Parameter environments: how many there are, if that is known.
    init(_ account: AccountSettings, environments: Int? = nil) {
        let monitor = [account.events, account.alerts].filter(\.enabled)
        // Events and alerts are of one host, and so of one limit, unless that is set otherwise.
        let together = Set(monitor.map(Limit.init)).count < monitor.count
        var lines = monitor.map { collection in
            let needed = collection.pollsPerMinute * (together ? Double(monitor.count) : 1)
            var line = "\(collection.dataset.rawValue): polled every \(DurationText.text(collection.pollInterval)), "
            line += "\(collection.pollsPerMinute.short) of \(collection.allowedPerMinute.short) requests a minute"
            if together { line += ", which events and alerts share" }
            if needed > collection.allowedPerMinute * Self.share { line += "; too many: polls will come more rarely" }
            return line
        }
        if account.logs.enabled { lines.append(Self.line(of: account.logs, environments)) }
        self.lines = lines
    }

    private static func line(of logs: CollectionSettings, _ environments: Int?) -> String {
        let (polls, allowed) = (logs.pollsPerMinute, logs.allowedPerMinute)
        let whose = environments.map { "\($0) \($0 == 1 ? "environment" : "environments")" } ?? "each environment"
        let needed = polls * Double(environments ?? 1)
        guard logs.rateLimit.scope != .environment else {
            return "\(logs.dataset.rawValue): each environment polled every \(DurationText.text(logs.pollInterval)), "
                + "\(polls.short) of \(allowed.short) requests a minute, which each has for itself"
        }
        let line =
            "\(logs.dataset.rawValue): \(whose) polled every \(DurationText.text(logs.pollInterval)), "
            + "\(needed.short) of \(allowed.short) requests a minute"
        let most = Int(allowed * share / polls)
        if let environments {
            return line + (environments > most ? "; too many: quiet ones are polled more rarely" : "")
        }
        return line
            + (most > 0 ? "; of more than \(most), quiet ones are polled more rarely" : "; polls will come more rarely")
    }

    private struct Limit: Hashable {
        let origin: String
        let requestsPerSecond: Double
        let burst: Int
        let credential: String?

        init(_ collection: CollectionSettings) {
            origin = collection.baseURL.origin
            requestsPerSecond = collection.rateLimit.requestsPerSecond
            burst = collection.rateLimit.burst
            credential = collection.rateLimit.scope == .credential ? collection.credential.keySID : nil
        }
    }
}

extension CollectionSettings {
    fileprivate var pollsPerMinute: Double { 60_000 / Double(max(1, pollInterval.milliseconds)) }
    fileprivate var allowedPerMinute: Double { rateLimit.requestsPerSecond * 60 }
}

extension Duration {
    fileprivate var milliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }
}
