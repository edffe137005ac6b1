import Forwarding
import Foundation
import Logging
import Normalising
import PipelineCore
import Settings
import Spooling

/// The one place where everything is wired: settings become sources, spool, sinks and what moves records between them.
struct Assembly: Sendable {
    let spool: Spool
    let board: StatusBoard
    let ending: Ending
    let fleet: Fleet
    let backfiller: Backfiller
    let herald: Herald
    let registry: StreamRegistry
    let accounts: [AccountWiring]
    let dispatchers: [Dispatcher]
    let settings: ResolvedSettings
    let surroundings: Ingestor.Surroundings
    let network: NetworkPool
    let outputReader = OutputReader()

    /// - Throws: `SpoolError`, `SecretError`, `TransportError`: sentences for people.
    init(_ settings: ResolvedSettings, clock: any PipelineClock, logger: Logger) async throws {
        let board = StatusBoard(clock: clock)
        let ending = Ending()
        let registry = StreamRegistry()
        let spool = try Spool(
            directory: StateDirectory(path: settings.state.directory),
            options: SpoolOptions(maximumBytes: settings.state.maximumBytes, retain: settings.state.retain),
            version: Twilship.version, now: { clock.wallNow },
            tell: { event in
                logger.log(
                    level: event.isTrouble ? .error : .notice, "\(event.message)", metadata: ["reason": "\(event)"])
            })
        let surroundings = Ingestor.Surroundings(
            spool: spool,
            normaliser: Normaliser(collector: ProcessInfo.processInfo.hostName, version: Twilship.version),
            clock: clock,
            board: board, logger: logger, registry: registry)
        let network = NetworkPool(configured: Set(settings.accounts.map(\.accountSID)), clock: clock)
        accounts = try settings.accounts.map { account in
            AccountWiring(
                account, try AccountIdentity(account, logger: logger), network: network, surroundings: surroundings)
        }
        var ingestors: [Ingestor] = []
        var discoveries: [Discovery] = []
        for account in accounts {
            let fleet = try await account.fleet()
            ingestors += fleet.ingestors
            discoveries += fleet.discoveries
        }
        fleet = Fleet(ingestors: ingestors, discoveries: discoveries)
        backfiller = Backfiller(surroundings)
        herald = Herald(
            surroundings,
            accounts: { network.accounts.all.map { Herald.Account(name: $0.identity.name, sid: $0.identity.sid) } },
            heartbeat: settings.heartbeat.interval, version: Twilship.version)
        _ = try await spool.attach(
            settings.sinks.map { ($0.name, $0.start.inSpool(clock.wallNow)) },
            skipping: Set(settings.sinks.filter { $0.whenFull == .skip }.map(\.name)))
        let output = outputReader.surroundings(ending)
        dispatchers = try settings.sinks.map { sink in
            Dispatcher(
                name: sink.name,
                sink: try sink.make(store: spool.stateStore(of: sink.name), output: output, logger: logger),
                filter: RecordFilter(sink.filter), options: Dispatcher.Options(sink), spool: spool, clock: clock,
                board: board, ending: ending, logger: logger)
        }
        self.settings = settings
        self.surroundings = surroundings
        self.spool = spool
        self.board = board
        self.ending = ending
        self.registry = registry
        self.network = network
    }

    /// Ends what runs on threads of its own, and lets go of the state directory. Call it last.
    func close() async throws {
        try await spool.flush()
        try await spool.close()
        await network.shutdown()
    }
}
