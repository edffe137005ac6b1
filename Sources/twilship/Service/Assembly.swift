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
    let backfiller: Backfiller
    let herald: Herald
    let registry: StreamRegistry
    let surroundings: Ingestor.Surroundings
    let network: NetworkPool
    let pulse: Pulse
    let parts: CurrentParts
    let maker: PartMaker
    /// What collects while the service runs: accounts by their SIDs, and `backfills`.
    let collecting = Crew()
    /// What delivers while the service runs: sinks by their names.
    let delivering = Crew()
    let outputReader = OutputReader()

    /// - Parameter pulseInterval: how often every loop is to show that it turns; nil if nobody looks.
    /// - Throws: `SpoolError`, `SecretError`, `TransportError`: sentences for people.
    init(
        _ settings: ResolvedSettings, clock: any PipelineClock, logger: Logger, pulseInterval: Duration? = nil
    ) async throws {
        let pulse = Pulse(interval: pulseInterval, clock: clock)
        let board = StatusBoard(clock: clock)
        let ending = Ending()
        let registry = StreamRegistry()
        let spool = try Spool(
            directory: StateDirectory(path: settings.state.directory),
            options: SpoolOptions(maximumBytes: settings.state.maximumBytes, retain: settings.state.retain),
            version: Twilship.version, now: { clock.wallNow },
            tell: { event in
                logger.log(
                    level: event.isTrouble ? .error : .notice, "\(event.message)",
                    metadata: ["message_id": "\(event.kind)", "reason": "\(event)"])
            })
        let surroundings = Ingestor.Surroundings(
            spool: spool,
            normaliser: Normaliser(collector: ProcessInfo.processInfo.hostName, version: Twilship.version),
            clock: clock,
            board: board, logger: logger, registry: registry, pulse: pulse)
        let network = NetworkPool(configured: Set(settings.accounts.map(\.accountSID)), clock: clock, pulse: pulse)
        let parts = CurrentParts(settings)
        let maker = PartMaker(surroundings, network, ending, output: outputReader.surroundings(ending))
        for account in settings.accounts {
            let stamp = maker.stamp(account)
            let part = try await maker.part(stamp, maker.identity(account))
            parts.change { $0.accounts[account.accountSID] = part }
        }
        backfiller = Backfiller(surroundings)
        herald = Herald(
            surroundings,
            accounts: { network.accounts.all.map { Herald.Account(name: $0.identity.name, sid: $0.identity.sid) } },
            heartbeat: { parts.now.settings.heartbeat.interval }, version: Twilship.version)
        self.pulse = pulse
        self.surroundings = surroundings
        self.spool = spool
        self.board = board
        self.ending = ending
        self.registry = registry
        self.network = network
        self.parts = parts
        self.maker = maker
        try await attach(settings.sinks)
        for sink in settings.sinks {
            let part = try maker.part(sink)
            parts.change { $0.sinks[sink.name] = part }
        }
    }

    /// The configuration in use now.
    var settings: ResolvedSettings { parts.now.settings }

    /// Everything that is collected now.
    var fleet: Fleet {
        let fleets = parts.now.accounts.sorted { $0.key < $1.key }.map(\.value.fleet)
        return Fleet(ingestors: fleets.flatMap(\.ingestors), discoveries: fleets.flatMap(\.discoveries))
    }

    var dispatchers: [Dispatcher] { parts.now.sinks.sorted { $0.key < $1.key }.map(\.value.dispatcher) }

    /// Makes these the attached sinks; the others pin nothing any more.
    func attach(_ sinks: [SinkSettings]) async throws {
        let now = network.clock.wallNow
        _ = try await spool.attach(
            sinks.map { ($0.name, $0.start.inSpool(now)) },
            skipping: Set(sinks.filter { $0.whenFull == .skip }.map(\.name)))
    }

    /// Ends what runs on threads of its own, and lets go of the state directory. Call it last.
    func close() async throws {
        try await spool.flush()
        try await spool.close()
        await network.shutdown()
    }
}
