import Forwarding
import Foundation
import Logging
import Settings
import Sinks
import Spooling

/// Makes the parts of accounts and sinks; nothing runs yet.
struct PartMaker: Sendable {
    let surroundings: Ingestor.Surroundings
    let network: NetworkPool
    let ending: Ending
    let output: StandardOutputSink.Surroundings
    let environment = ProcessInfo.processInfo.environment

    init(
        _ surroundings: Ingestor.Surroundings, _ network: NetworkPool, _ ending: Ending,
        output: StandardOutputSink.Surroundings
    ) {
        self.surroundings = surroundings
        self.network = network
        self.ending = ending
        self.output = output
    }

    func stamp(_ account: AccountSettings) -> PartStamp<AccountSettings> { PartStamp(account, environment) }
    func stamp(_ sink: SinkSettings) -> PartStamp<SinkSettings> { PartStamp(sink, environment) }

    /// - Throws: `SecretError`.
    func identity(_ account: AccountSettings) throws -> AccountIdentity {
        try AccountIdentity(account, logger: surroundings.logger)
    }

    /// - Parameter stamp: taken before the identity was made, so that no change in between is missed.
    /// - Throws: `TransportError`, `SpoolError`.
    func part(_ stamp: PartStamp<AccountSettings>, _ identity: AccountIdentity) async throws -> AccountPart {
        let wiring = AccountWiring(stamp.settings, identity, network: network, surroundings: surroundings)
        return AccountPart(stamp: stamp, fleet: try await wiring.fleet())
    }

    /// - Throws: `SecretError`, `TransportError`.
    func part(_ sink: SinkSettings) throws -> SinkPart {
        let (spool, logger) = (surroundings.spool, surroundings.logger)
        let stamp = stamp(sink)
        let dispatcher = Dispatcher(
            name: sink.name,
            sink: try sink.make(
                store: spool.stateStore(of: sink.name), output: output, pulse: surroundings.pulse,
                logger: logger),
            filter: RecordFilter(sink.filter), options: Dispatcher.Options(sink), spool: spool,
            clock: surroundings.clock, board: surroundings.board, ending: ending, pulse: surroundings.pulse,
            logger: logger)
        return SinkPart(stamp: stamp, dispatcher: dispatcher)
    }
}
