import PipelineCore
import Spooling

/// What can fail for long: a stream, or the search for an account's services or subaccounts.
struct WatchedPlace: Sendable {
    /// Names it over a restart.
    let id: String
    /// As people are told it.
    let name: String
    let account: Herald.Account?
    let dataset: Dataset?
    let names: StreamNames
    /// In a row.
    let failures: Int
    let isRefused: Bool
    let lastError: String?
    /// When it last worked in this process; nil if it never did.
    let workedAt: Timestamp?

    /// Everything that is watched now, in a fixed order.
    static func all(
        _ board: StatusBoard.Contents, _ streams: [Ingestor.Stream], _ accounts: [Herald.Account]
    ) -> [WatchedPlace] {
        let collected = streams.compactMap { stream in
            board.streams[stream.key].map { status in
                WatchedPlace(
                    id: "\(stream.key) \(stream.key.host)", name: stream.key.description,
                    account: Herald.Account(name: stream.account, sid: stream.key.accountSID),
                    dataset: stream.key.dataset, names: stream.names, failures: status.failures,
                    isRefused: status.state == .authFailed, lastError: status.lastError, workedAt: status.lastReadAt)
            }
        }
        let searched = board.discoveries.sorted { $0.key < $1.key }.map { name, status in
            WatchedPlace(
                id: "search \(name)", name: "\(name) (search)",
                account: accounts.first { name.hasPrefix($0.name + " ") }, dataset: nil, names: StreamNames(),
                failures: status.failures, isRefused: status.isRefused, lastError: status.lastError,
                workedAt: status.succeededAt)
        }
        return collected + searched
    }
}

/// Facts of `twilship.stream.failing` and `twilship.stream.recovered`.
private struct TroubleFacts: Encodable {
    let account: String?
    /// `AC…/serverless.logs/ZS…/ZE…`, or what is searched.
    let stream: String
    let dataset: String?
    let serviceName: String?
    let environmentName: String?
    let since: Timestamp
    let seconds: Double
    /// `auth_failed` or `failing`; of a recovery it is left out.
    var state: String?
    /// In a row.
    var failures: Int?
    let lastError: String?
}

extension WatchedPlace {
    func failing(since: Timestamp, at now: Timestamp) throws -> Announcement {
        var facts = facts(since, now)
        facts.state = isRefused ? StreamStatus.State.authFailed.rawValue : StreamStatus.State.failing.rawValue
        facts.failures = failures
        let why = isRefused ? "Twilio refuses the credential" : "collection fails"
        return try Announcement(
            .streamFailing, isRefused ? .error : .warning, account: account?.name, accountSID: account?.sid,
            message: "\(label): \(why) since \(since.rfc3339Seconds) and is tried again, nothing is lost yet"
                + (lastError.map { ": \($0.bounded)" } ?? ""),
            facts: facts, at: now)
    }

    func recovered(since: Timestamp, at now: Timestamp) throws -> Announcement {
        try Announcement(
            .streamRecovered, .notice, account: account?.name, accountSID: account?.sid,
            message: "\(label): collection works again; it failed since \(since.rfc3339Seconds)",
            facts: facts(since, now), at: now)
    }

    private var label: String {
        let named = [names.service, names.environment].compactMap(\.self).filter { !$0.isEmpty }
        guard let account, let dataset else { return name }
        return "\(account.name) \(dataset.rawValue)\(named.isEmpty ? "" : " \(named.joined(separator: "/"))")"
    }

    private func facts(_ since: Timestamp, _ now: Timestamp) -> TroubleFacts {
        TroubleFacts(
            account: account?.name, stream: name, dataset: dataset?.rawValue,
            serviceName: names.service.flatMap { $0.isEmpty ? nil : $0 },
            environmentName: names.environment.flatMap { $0.isEmpty ? nil : $0 }, since: since,
            seconds: max(0, (now - since).inSeconds), lastError: lastError?.bounded)
    }
}
