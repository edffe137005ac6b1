import Forwarding
import Foundation
import Logging
import PipelineCore
import Settings
import Spooling
import TwilioSources

/// An account as Twilio knows it and with what it is asked: one from the configuration, or a subaccount found at Twilio.
struct AccountIdentity: Sendable {
    let name: String
    let sid: String
    /// Under nil the one for the account itself.
    private let credentials: [DatasetName?: (user: String, provider: any CredentialProvider)]

    /// - Throws: `SecretError` if a secret cannot be read.
    init(_ account: AccountSettings, logger: Logger) throws {
        name = account.name
        sid = account.accountSID
        var logger = logger
        logger[metadataKey: "source.account"] = "\(account.name)"
        var credentials: [DatasetName?: (user: String, provider: any CredentialProvider)] = [:]
        for collection in account.collections where collection.enabled {
            let user = collection.credential.keySID ?? account.accountSID
            credentials[collection.dataset] = (
                user, try SecretCredential(user: user, collection.credential.secret, logger: logger)
            )
        }
        if account.subaccounts == .discover {
            let user = account.credential.keySID ?? account.accountSID
            credentials[nil] = (user, try SecretCredential(user: user, account.credential.secret, logger: logger))
        }
        self.credentials = credentials
    }

    /// A subaccount with a credential of its own, the same for everything; held in memory only.
    init(name: String, sid: String, credential: any CredentialProvider, like parent: AccountSettings) {
        self.name = name
        self.sid = sid
        let datasets = parent.collections.filter(\.enabled).map(\.dataset)
        credentials = Dictionary(uniqueKeysWithValues: datasets.map { ($0, (sid, credential)) })
    }

    /// - Parameter dataset: nil for what concerns the account itself.
    func credential(for dataset: DatasetName?) -> (user: String, provider: any CredentialProvider)? {
        credentials[dataset]
    }

    /// - Parameter api: a dataset, or `accounts`.
    func budgetUser(_ api: String) -> NetworkPool.BudgetUser {
        NetworkPool.BudgetUser(account: name, accountSID: sid, api: api)
    }
}

/// Makes an account's fleet: its streams, and what finds more of them.
struct AccountWiring: Sendable {
    let settings: AccountSettings
    let identity: AccountIdentity
    private let network: NetworkPool
    private let surroundings: Ingestor.Surroundings
    private let isSubaccount: Bool

    init(
        _ settings: AccountSettings, _ identity: AccountIdentity, network: NetworkPool,
        surroundings: Ingestor.Surroundings, isSubaccount: Bool = false
    ) {
        self.settings = settings
        self.identity = identity
        self.network = network
        self.surroundings = surroundings
        self.isSubaccount = isSubaccount
    }

    /// - Throws: `TransportError`, `SpoolError`.
    func fleet() async throws -> Fleet {
        network.accounts.add(settings, identity)
        var ingestors: [Ingestor] = []
        var discoveries: [Discovery] = []
        for collection in [settings.events, settings.alerts] where collection.enabled {
            let dataset: PipelineCore.Dataset = collection.dataset == .monitorEvents ? .monitorEvents : .monitorAlerts
            let endpoint = try Endpoint(
                collection, dataset, of: settings, identity, network: network,
                allowance: await allowance(collection, dataset))
            ingestors.append(endpoint.ingestor(nil, surroundings))
        }
        if settings.logs.enabled { discoveries.append(try await functionLogs()) }
        if settings.subaccounts == .discover, !isSubaccount { discoveries.append(try subaccounts()) }
        return Fleet(ingestors: ingestors, discoveries: discoveries)
    }

    /// What is searched, as people are told it.
    static func searchName(ofLogsOf identity: AccountIdentity) -> String {
        "\(identity.name) \(PipelineCore.Dataset.serverlessLogs.rawValue)"
    }

    static func searchName(ofSubaccountsOf identity: AccountIdentity) -> String { "\(identity.name) subaccounts" }

    // MARK: - Function logs

    private func functionLogs() async throws -> Discovery {
        let allowance = try await allowance(settings.logs, .serverlessLogs)
        let endpoint = try Endpoint(
            settings.logs, .serverlessLogs, of: settings, identity, network: network, allowance: allowance)
        let directory = endpoint.api.line(for: "\(identity.sid) discovery")
        let selection = settings.functions
        let (registry, spool) = (surroundings.registry, surroundings.spool)
        let (identity, wiring) = (identity, self)
        return Discovery(
            name: Self.searchName(ofLogsOf: identity),
            interval: selection.discoveryInterval, clock: surroundings.clock, board: surroundings.board,
            logger: surroundings.logger, pulse: surroundings.pulse,
            budget: { endpoint.budget.limiter.current },
            known: { await wiring.knownEnvironments(endpoint) }
        ) { bell throws(SourceError) in
            let before = directory.requestsMade
            let environments: [DiscoveredEnvironment]
            do throws(SourceError) {
                environments = try await ServerlessDirectory(line: directory).environments(
                    ofServices: { selection.services.selects($0, $1) },
                    where: { selection.environments.selects($0, $1) })
            } catch {
                await spool.count(
                    requests: directory.requestsMade - before, accountSID: identity.sid, account: identity.name,
                    dataset: .serverlessLogs)
                throw error
            }
            let requests = directory.requestsMade - before
            await spool.count(
                requests: requests, accountSID: identity.sid, account: identity.name, dataset: .serverlessLogs)
            let ingestors = environments.map { environment in
                wiring.ingestor(environment, endpoint, whenGone: { bell.ring(environment.environmentSID) })
            }
            registry.expect(Set(ingestors.map(\.stream.key)), accountSID: identity.sid, .serverlessLogs)
            let finds = zip(environments, ingestors).map { environment, ingestor in
                Discovery.Find(
                    id: environment.environmentSID, fleet: { Fleet(ingestors: [ingestor]) },
                    seen: { ingestor.sharing.pacer.setDeployed(ingestor.stream.key, environment.isDeployed) },
                    retire: { await ingestor.retire() })
            }
            return (finds, requests)
        }
    }

    /// Environments that were collected before and that the configuration still selects.
    private func knownEnvironments(_ endpoint: Endpoint) async -> [Discovery.Find] {
        let selection = settings.functions
        let streams =
            (try? await surroundings.spool.streams(
                accountSID: identity.sid, dataset: .serverlessLogs, host: endpoint.collection.baseURL.host)) ?? []
        return streams.compactMap { key, names in
            guard let service = key.serviceSID, let environment = key.environmentSID,
                selection.services.selects(service, names.service ?? ""),
                selection.environments.selects(environment, names.environment ?? "")
            else { return nil }
            let known = DiscoveredEnvironment(
                serviceSID: service, serviceName: names.service ?? "", environmentSID: environment,
                environmentName: names.environment ?? "", isDeployed: false)
            let ingestor = ingestor(known, endpoint, whenGone: {})
            return Discovery.Find(id: environment, fleet: { Fleet() }, retire: { await ingestor.retire() })
        }
    }

    private func ingestor(
        _ environment: DiscoveredEnvironment, _ account: Endpoint, whenGone: @escaping @Sendable () -> Void
    ) -> Ingestor {
        account.scoped(to: environment.environmentSID, network).ingestor(
            environment, surroundings, whenGone: whenGone)
    }

    // MARK: - Subaccounts

    private func subaccounts() throws -> Discovery {
        let search = try SubaccountSearch(settings, identity, network)
        let (settings, network, surroundings) = (settings, network, surroundings)
        return Discovery(
            name: Self.searchName(ofSubaccountsOf: identity), interval: settings.subaccountInterval,
            clock: surroundings.clock,
            board: surroundings.board, logger: surroundings.logger, pulse: surroundings.pulse,
            budget: { search.budget.limiter.current }
        ) { bell throws(SourceError) in
            let before = search.line.requestsMade
            let finds = try await search.subaccounts(bell).map { subaccount in
                Discovery.Find(
                    id: subaccount.sid,
                    fleet: {
                        let fleet = await AccountWiring(
                            settings, subaccount, network: network, surroundings: surroundings, isSubaccount: true
                        ).fleetOrNothing()
                        // It may have got a table of its own since it was found.
                        return network.configured.contains(subaccount.sid) ? Fleet() : fleet
                    },
                    retire: {
                        network.accounts.remove(subaccount.sid)
                        await surroundings.retire(accountSID: subaccount.sid)
                    })
            }
            return (finds, search.line.requestsMade - before)
        }
    }

    /// The fleet; if it cannot be made, says why and collects nothing.
    private func fleetOrNothing() async -> Fleet {
        do {
            return try await fleet()
        } catch {
            surroundings.logger.error(
                "a subaccount cannot be collected",
                metadata: [
                    "message_id": "\(LogKind.accountFailed)", "source.account": "\(identity.name)",
                    "reason": "\(error)",
                ])
            return Fleet()
        }
    }

    // MARK: - Parts

    private func allowance(
        _ collection: CollectionSettings, _ dataset: PipelineCore.Dataset
    ) async throws -> ReadAllowance? {
        guard let limit = collection.maximumReadsPerDay else { return nil }
        var logger = surroundings.logger
        logger[metadataKey: "source.account"] = "\(identity.name)"
        logger[metadataKey: "source.dataset"] = "\(dataset.rawValue)"
        let used = try await surroundings.spool.usageToday(accountSID: identity.sid, dataset: dataset).records
        return ReadAllowance(limit: limit, used: used, now: network.clock.wallNow, logger: logger)
    }
}
