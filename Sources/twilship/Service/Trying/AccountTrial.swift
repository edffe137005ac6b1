import Logging
import PipelineCore
import Settings
import Sinks
import TwilioSources

/// Tries what each credential of an account may read, with a few requests each: one record, whose account it is, and
/// the list of services with their environments.
struct AccountTrial: Sendable {
    /// A little more than all attempts of a request take, so that it is told why they failed.
    static let limit: Duration = .seconds(16)
    /// Of listing environments, a request for each service.
    static let listingLimit: Duration = .seconds(14)

    /// What came of one kind of record.
    struct Attempt: Sendable {
        let dataset: DatasetName
        let finding: Finding
        /// Whose the credential is, if it is another account's.
        var otherOwner: String?
        /// Of function logs: what the configuration selects; nil if it could not be listed in time.
        var environments: [DiscoveredEnvironment]?
        /// What reading it will come to, if that was asked.
        var estimate: Finding?
    }

    /// Of estimating what is read, a few requests.
    static let estimateLimit: Duration = .seconds(8)

    let account: AccountSettings
    /// Whether the last hour is read, to tell what a day will be.
    var estimates = false
    let clock: any PipelineClock
    let logger: Logger

    /// - Returns: in the order of the account's collections, those that are enabled.
    func run() async -> [Attempt] {
        let network = NetworkPool(configured: [account.accountSID], clock: clock)
        let collections = account.collections.filter(\.enabled)
        do {
            let identity = try AccountIdentity(account, logger: logger)
            return await withTaskGroup(of: (Int, Attempt).self) { group in
                for (place, collection) in collections.enumerated() {
                    group.addTask { (place, await look(collection, identity, network)) }
                }
                var found: [(Int, Attempt)] = []
                for await one in group { found.append(one) }
                return found.sorted { $0.0 < $1.0 }.map(\.1)
            }
        } catch {
            return collections.map { Attempt(dataset: $0.dataset, finding: Finding(.failure, "\(error)")) }
        }
    }

    private func look(
        _ collection: CollectionSettings, _ identity: AccountIdentity, _ network: NetworkPool
    ) async -> Attempt {
        let name = collection.dataset.rawValue
        let user = collection.credential.keySID ?? account.accountSID
        func attempt(_ level: Finding.Level, _ text: String, otherOwner: String? = nil) -> Attempt {
            Attempt(
                dataset: collection.dataset, finding: Finding(level, "\(name): \(text)"), otherOwner: otherOwner)
        }
        let late = attempt(.failure, "no answer within \(Self.limit.forPeople)")
        guard let dataset = PipelineCore.Dataset(rawValue: name) else { return late }
        let endpoint: Endpoint
        do {
            endpoint = try Endpoint(collection, dataset, of: account, identity, network: network)
        } catch {
            return attempt(.failure, "\(error)")
        }
        let line = endpoint.api.line(for: "check")
        let owner = await TimeLimit.within(Self.limit) { () -> Result<String?, SourceError> in
            do throws(SourceError) {
                return .success(try await Self.owner(dataset, line))
            } catch {
                return .failure(error)
            }
        }
        switch owner {
        case nil: return late
        case .failure(let error):
            guard error.isRefusal else { return attempt(.failure, "\(error)") }
            return attempt(.refusal, "\(user) may not read it: \(error). \(Self.advice(dataset))")
        case .success(let owner?) where owner != account.accountSID:
            return attempt(
                .failure,
                "\(user) reads account \(owner), and account_sid is \(account.accountSID): the key belongs to the one, "
                    + "and records would be filed under the other. Correct account_sid, or take a key of that account",
                otherOwner: owner)
        case .success: break
        }
        var result =
            dataset == .serverlessLogs
            ? await list(line, "\(name): \(user) may read it") : attempt(.fine, "\(user) may read it")
        guard estimates, result.finding.level == .fine else { return result }
        let deployed = result.environments?.filter(\.isDeployed)
        guard dataset != .serverlessLogs || deployed != nil else { return result }
        let estimate = ReadEstimate(endpoint: endpoint, environments: deployed)
        result.estimate = await TimeLimit.within(Self.estimateLimit) { await estimate.finding() } ?? nil
        return result
    }

    /// Reads one record, or service.
    private static func owner(_ dataset: PipelineCore.Dataset, _ line: APILine) async throws(SourceError) -> String? {
        let lookup = OwnerLookup(line: line)
        switch dataset {
        case .monitorEvents:
            _ = try await MonitorEventsSource(line: line, pageSize: 1).serverTime(.live)
            return try await lookup.owner(of: .events)
        case .monitorAlerts:
            _ = try await AlertsSource(line: line, pageSize: 1).serverTime(.live)
            return try await lookup.owner(of: .alerts)
        case .serverlessLogs: return try await lookup.owner(of: .services)
        case .twilship: return nil
        }
    }

    /// What there is to read logs from. That it cannot be listed in time is no fault: a service looks for longer.
    private func list(_ line: APILine, _ granted: String) async -> Attempt {
        let selection = account.functions
        let listed = await TimeLimit.within(Self.listingLimit) { () -> Result<[DiscoveredEnvironment], SourceError> in
            do throws(SourceError) {
                return .success(
                    try await ServerlessDirectory(line: line).environments(
                        ofServices: { selection.services.selects($0, $1) },
                        where: { selection.environments.selects($0, $1) }))
            } catch {
                return .failure(error)
            }
        }
        switch listed {
        case nil:
            let text = "\(granted); there are more services than can be listed in \(Self.listingLimit.forPeople)"
            return Attempt(dataset: .serverlessLogs, finding: Finding(.fine, text))
        case .failure(let error):
            let text = "\(granted), but services and environments cannot be listed: \(error)"
            return Attempt(dataset: .serverlessLogs, finding: Finding(.failure, text))
        case .success(let environments):
            let text = "\(granted); \(Self.summary(environments))"
            return Attempt(
                dataset: .serverlessLogs, finding: Finding(.fine, text), environments: environments)
        }
    }

    private static func summary(_ environments: [DiscoveredEnvironment]) -> String {
        guard !environments.isEmpty else {
            return "there are no environments yet that the configuration selects: new ones are found by themselves"
        }
        let services = Set(environments.map(\.serviceSID)).count
        let deployed = environments.count(where: \.isDeployed)
        return "\(environments.count) \(environments.count == 1 ? "environment" : "environments") in "
            + "\(services) \(services == 1 ? "service" : "services")"
            + (deployed < environments.count ? ", \(deployed) with a build" : "")
    }

    private static func advice(_ dataset: PipelineCore.Dataset) -> String {
        switch dataset {
        case .monitorEvents: "A Restricted key needs the permission to read Monitor's Events."
        case .monitorAlerts: "A Restricted key needs the permission to read Monitor's Alerts."
        case .serverlessLogs: "Function logs need a Standard key: Serverless has no permissions for Restricted ones."
        case .twilship: ""
        }
    }
}
