import Forwarding
import Foundation
import Logging
import Normalising
import PipelineCore
import PipelineTestKit
import Simulating
import Spooling
import Transport
import TwilioSources

/// A simulated account with services and environments, and everything that collects their logs, over virtual time.
struct FleetBench {
    let clock = VirtualClock()
    let twilio: SimulatedTwilio
    let transport: SimulatedTransport
    let directory: StateDirectory
    let board: StatusBoard
    let registry = StreamRegistry()
    let plan: CollectionPlan
    let discoveryInterval: Duration
    let limiter: RateLimiter

    init(
        _ options: SimulatorOptions,
        plan: CollectionPlan = CollectionPlan(
            pollInterval: .seconds(10), overlap: .seconds(300), rereadAfter: [.seconds(3600)], pageSize: 1000),
        discoveryInterval: Duration = .seconds(300), requestsPerSecond: Double = 4,
        latency: Duration = .milliseconds(200)
    ) {
        twilio = SimulatedTwilio(options, start: clock.wallNow.milliseconds)
        transport = SimulatedTransport(twilio, clock: clock, latency: latency)
        directory = StateDirectory(path: Bench.temporary + "twilship-fleet-" + UUID().uuidString)
        board = StatusBoard(clock: clock)
        self.plan = plan
        self.discoveryInterval = discoveryInterval
        limiter = RateLimiter(requestsPerSecond: requestsPerSecond, burst: 1, clock: clock)
    }

    var account: SimulatedAccount { twilio.accounts[0] }

    func openSpool() throws -> Spool {
        let clock = clock
        return try Spool(
            directory: directory, options: SpoolOptions(maximumBytes: 1 << 30, retain: .seconds(86_400)),
            version: "1.0.0", now: { clock.wallNow }, executor: clock.executor)
    }

    func surroundings(_ spool: Spool, pulse: Pulse? = nil) -> Ingestor.Surroundings {
        Ingestor.Surroundings(
            spool: spool, normaliser: Normaliser(collector: "bench", version: "1.0.0"), clock: clock, board: board,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, registry: registry, pulse: pulse)
    }

    func fleet(_ spool: Spool, pulse: Pulse? = nil) throws -> Fleet {
        let surroundings = surroundings(spool, pulse: pulse)
        let limiter = limiter
        let sharing = Ingestor.Sharing(
            pacer: PollPacer(clock: clock) { limiter.current }, slots: PassSlots(), memory: MemoryBudget(),
            troubles: TroubleLog())
        let api = TwilioAPI(
            baseURL: try HTTPURL("http://serverless.test"),
            credential: FixedCredential(BasicAuth(user: account.sid, password: account.authToken)),
            transport: transport, limiter: limiter, gate: CredentialGate(clock: clock), clock: clock)
        let line = api.line(for: "discovery")
        let (plan, sid, registry) = (plan, account.sid, registry)
        let discovery = Discovery(
            name: "logs", interval: discoveryInterval, clock: clock, board: board, logger: surroundings.logger,
            pulse: pulse, budget: { limiter.current }
        ) { bell throws(SourceError) in
            let before = line.requestsMade
            let environments = try await ServerlessDirectory(line: line).environments()
            let ingestors = environments.map { environment in
                let key = StreamKey(
                    accountSID: sid, dataset: .serverlessLogs, host: "serverless.test",
                    serviceSID: environment.serviceSID, environmentSID: environment.environmentSID)
                let stream = Ingestor.Stream(
                    key: key, account: "test", plan: plan, start: .ago(.seconds(3600))
                ) {
                    FunctionLogsSource(
                        line: api.line(for: key.description), serviceSID: environment.serviceSID,
                        environmentSID: environment.environmentSID, pageSize: plan.pageSize)
                }
                return Ingestor(stream: stream, sharing: sharing, surroundings: surroundings) {
                    bell.ring(environment.environmentSID)
                }
            }
            registry.expect(Set(ingestors.map(\.stream.key)), accountSID: sid, .serverlessLogs)
            let finds = zip(environments, ingestors).map { environment, ingestor in
                Discovery.Find(
                    id: environment.environmentSID, fleet: { Fleet(ingestors: [ingestor]) },
                    seen: { sharing.pacer.setDeployed(ingestor.stream.key, environment.isDeployed) },
                    retire: { await ingestor.retire() })
            }
            return (finds, line.requestsMade - before)
        }
        return Fleet(discoveries: [discovery])
    }

    /// Lets everything work for that much virtual time.
    func collect(_ spool: Spool, for duration: Duration) async throws {
        let fleet = try fleet(spool)
        try await clock.run(for: duration) { await fleet.run() }
        try await spool.flush()
    }

    /// Which lines Twilio has shown so far, up to an instant.
    func shown(until end: Timestamp) -> Set<String> {
        Set(
            twilio.truth(account: account.sid, dataset: .logs, at: clock.wallNow.milliseconds)
                .filter { $0.date <= end.milliseconds }.map(\.identity))
    }

    func collected(_ spool: Spool) async throws -> [String] {
        try await spool.read(after: 0, maximumRecords: .max, maximumBytes: .max).map(\.id)
    }

    /// Instants at which each environment's logs were asked for.
    func requests(forEnvironment sid: String) -> Int {
        transport.requests.count { $0.url.path.contains(sid) && $0.url.path.hasSuffix("/Logs") }
    }

    func remove() {
        try? FileManager.default.removeItem(atPath: directory.path)
    }
}

extension SimulatorOptions {
    /// One account with so many services of so many environments each.
    static func environments(services: Int, each: Int) -> SimulatorOptions {
        var options = SimulatorOptions()
        options.requestsPerSecond = 0
        options.layouts = [
            0: (0..<services).map { service in
                ServicePlan(
                    uniqueName: "service-\(service)", friendlyName: "Service \(service)",
                    environments: (0..<each).map { environment in
                        EnvironmentPlan(uniqueName: "environment-\(environment)", domainSuffix: "e\(environment)")
                    }, functions: [FunctionPlan(friendlyName: "f")])
            }
        ]
        return options
    }
}
