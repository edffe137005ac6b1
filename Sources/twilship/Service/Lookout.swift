import Forwarding
import Logging
import PipelineCore
import Settings
import Synchronization
import TwilioSources

/// Accounts and their streams made from the settings alone, for commands that look at Twilio while no service runs:
/// there is no state directory, and nothing is remembered.
final class Lookout: Sendable {
    let network: NetworkPool
    private let searches: [SubaccountSearch]
    private let parents: [String: AccountSettings]
    /// What failed last time: told once.
    private let failing = Mutex<Set<String>>([])

    /// - Throws: `SecretError`, `TransportError`.
    init(_ settings: ResolvedSettings, clock: any PipelineClock, logger: Logger) throws {
        network = NetworkPool(configured: Set(settings.accounts.map(\.accountSID)), clock: clock)
        var searches: [SubaccountSearch] = []
        for account in settings.accounts {
            let identity = try AccountIdentity(account, logger: logger)
            network.accounts.add(account, identity)
            if account.subaccounts == .discover { searches.append(try SubaccountSearch(account, identity, network)) }
        }
        self.searches = searches
        parents = Dictionary(uniqueKeysWithValues: settings.accounts.map { ($0.accountSID, $0) })
    }

    /// How often to look again for what there is.
    var interval: Duration {
        parents.values.filter(\.logs.enabled).map(\.functions.discoveryInterval).min() ?? .seconds(3600)
    }

    /// Looks for subaccounts; those that cannot be found are left out, and that is said.
    func findSubaccounts(_ remark: @Sendable (String) async -> Void) async {
        for search in searches {
            do throws(SourceError) {
                for identity in try await search.subaccounts(Bell()) {
                    guard let settings = parents[search.parent.sid] else { continue }
                    network.accounts.add(settings, identity)
                }
                worked(search.line.name)
            } catch {
                await failed(search.line.name, "the subaccounts of \(search.parent.name)", error, remark)
            }
        }
    }

    /// The streams of all accounts now; environments that cannot be found are left out, and that is said.
    /// - Parameters:
    ///   - wanted: whether an account is, by its label.
    ///   - datasets: without logs, no environments are looked for.
    func streams(
        of wanted: @Sendable (String) -> Bool, _ datasets: Set<Dataset>, _ remark: @Sendable (String) async -> Void
    ) async -> [SideStream] {
        await findSubaccounts(remark)
        var streams: [SideStream] = []
        for account in network.accounts.all where wanted(account.identity.name) {
            for collection in account.settings.collections where collection.enabled {
                guard let dataset = Dataset(rawValue: collection.dataset.rawValue), datasets.contains(dataset) else {
                    continue
                }
                let name = "\(account.identity.name) \(dataset.rawValue)"
                do {
                    let endpoint = try Endpoint(
                        collection, dataset, of: account.settings, account.identity, network: network)
                    streams += try await self.streams(endpoint, account)
                    worked(name)
                } catch {
                    await failed(name, name, error, remark)
                }
            }
        }
        return streams
    }

    private func streams(_ endpoint: Endpoint, _ account: KnownAccounts.Account) async throws -> [SideStream] {
        guard endpoint.dataset == .serverlessLogs else {
            return [SideStream(stream: endpoint.stream(nil), sharing: endpoint.sharing)]
        }
        let selection = account.settings.functions
        let directory = ServerlessDirectory(line: endpoint.api.line(for: "\(account.identity.sid) discovery"))
        return try await directory.environments(
            ofServices: { selection.services.selects($0, $1) }, where: { selection.environments.selects($0, $1) }
        ).map { environment in
            let scoped = endpoint.scoped(to: environment.environmentSID, network)
            return SideStream(stream: scoped.stream(environment), sharing: scoped.sharing)
        }
    }

    private func worked(_ name: String) {
        _ = failing.withLock { $0.remove(name) }
    }

    private func failed(
        _ name: String, _ what: String, _ error: any Error, _ remark: @Sendable (String) async -> Void
    ) async {
        guard failing.withLock({ $0.insert(name).inserted }) else { return }
        await remark("\(what) cannot be looked for: \(error)")
    }
}

extension Lookout {
    /// For a command that works alone.
    /// - Throws: `CommandRefusal`.
    static func make(_ settings: ResolvedSettings, _ logger: Logger) throws -> Lookout {
        do {
            return try Lookout(settings, clock: SystemClock(), logger: logger)
        } catch {
            throw CommandRefusal(exit: error is SecretError ? 78 : 70, sentence: "\(error)")
        }
    }
}
