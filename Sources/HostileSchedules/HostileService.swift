import Forwarding
import Logging
import Normalising
import PipelineCore
import PipelineTestKit
import Simulating
import Spooling
import Transport
import TwilioSources

/// The service of one session, wired as the program wires it.
struct HostileService: Sendable {
    static let monitorHost = "monitor.test"
    static let serverlessHost = "serverless.test"

    /// What one rate limit is shared out by.
    private struct Budget {
        let limiter: RateLimiter
        let pacer: PollPacer
        let slots: PassSlots

        init(_ session: HostileSchedule.Session, _ clock: VirtualClock) {
            let limiter = RateLimiter(
                requestsPerSecond: session.requestsPerSecond, burst: session.burst, clock: clock)
            self.limiter = limiter
            pacer = PollPacer(clock: clock) { limiter.current }
            slots = PassSlots()
        }
    }

    private let schedule: HostileSchedule
    private let session: HostileSchedule.Session
    private let transport: HostileTransport
    private let clock: VirtualClock
    private let surroundings: Ingestor.Surroundings
    private let memory: MemoryBudget

    init(
        _ schedule: HostileSchedule, _ session: HostileSchedule.Session, _ transport: HostileTransport, spool: Spool,
        clock: VirtualClock
    ) {
        self.schedule = schedule
        self.session = session
        self.transport = transport
        self.clock = clock
        memory = MemoryBudget(bytes: session.memoryBytes)
        surroundings = Ingestor.Surroundings(
            spool: spool, normaliser: Normaliser(collector: "bench", version: "1.0.0"), clock: clock,
            board: StatusBoard(clock: clock), logger: HostileLog.logger)
    }

    var spool: Spool { surroundings.spool }

    /// Everything that runs in a service but sinks, until the task is cancelled.
    func run(_ accounts: [SimulatedAccount]) async throws {
        var fleets: [Fleet] = []
        for (index, account) in accounts.enumerated() { fleets.append(try await fleet(account, "account\(index)")) }
        let surroundings = surroundings
        // It looks for jobs every two seconds.
        let hasBackfills = schedule.deeds.contains { if case .backfill = $0.deed { true } else { false } }
        await withDiscardingTaskGroup { group in
            for fleet in fleets { group.addTask { await fleet.run() } }
            if hasBackfills { group.addTask { await Backfiller(surroundings).run() } }
            group.addTask {
                while (try? await clock.sleep(for: .seconds(10))) != nil { try? await surroundings.spool.flush() }
            }
        }
    }

    private func fleet(_ account: SimulatedAccount, _ label: String) async throws -> Fleet {
        let monitor = Budget(session, clock)
        let gate = CredentialGate(clock: clock)
        var ingestors: [Ingestor] = []
        for dataset in [Dataset.monitorEvents, .monitorAlerts] {
            guard dataset == .monitorEvents ? schedule.hasEvents : schedule.hasAlerts else { continue }
            let key = StreamKey(accountSID: account.sid, dataset: dataset, host: Self.monitorHost)
            let api = try api(Self.monitorHost, account, monitor, gate)
            let (plan, cap) = (session.events, schedule.cap)
            let stream = Ingestor.Stream(key: key, account: label, plan: plan, start: .ago(session.start)) {
                let line = api.line(for: key.description)
                if dataset == .monitorAlerts { return AlertsSource(line: line, pageSize: plan.pageSize, cap: cap) }
                return MonitorEventsSource(line: line, pageSize: plan.pageSize, cap: cap)
            }
            ingestors.append(
                Ingestor(
                    stream: stream, sharing: sharing(monitor, TroubleLog(), try await allowance(account, dataset)),
                    surroundings: surroundings))
        }
        let discoveries = schedule.hasLogs ? [try await functionLogs(account, label)] : []
        return Fleet(ingestors: ingestors, discoveries: discoveries)
    }

    private func functionLogs(_ account: SimulatedAccount, _ label: String) async throws -> Discovery {
        let budget = Budget(session, clock)
        let gate = CredentialGate(clock: clock)
        let shared = try api(Self.serverlessHost, account, budget, gate)
        let directory = shared.line(for: "\(account.sid) discovery")
        let troubles = TroubleLog()
        let allowance = try await allowance(account, .serverlessLogs)
        let scoped = HostileCache<Budget>()
        return Discovery(
            name: label, interval: session.discoveryInterval, clock: clock, board: surroundings.board,
            logger: surroundings.logger, budget: { budget.limiter.current },
            known: {
                let streams =
                    (try? await spool.streams(
                        accountSID: account.sid, dataset: .serverlessLogs, host: Self.serverlessHost)) ?? []
                return streams.compactMap { key, _ in
                    guard let service = key.serviceSID, let environment = key.environmentSID else { return nil }
                    let ingestor = ingestor(
                        (service, environment), account, label, nil, shared, gate, sharing(budget, troubles, allowance)
                    ) {}
                    return Discovery.Find(
                        id: environment, fleet: { Fleet(ingestors: [ingestor]) }, retire: { await ingestor.retire() })
                }
            }
        ) { bell throws(SourceError) in
            let before = directory.requestsMade
            let environments = try await ServerlessDirectory(line: directory).environments()
            let ingestors = environments.map { environment in
                let budget =
                    session.isScopedToEnvironment
                    ? scoped.value(environment.environmentSID) { Budget(session, clock) } : budget
                return ingestor(
                    (environment.serviceSID, environment.environmentSID), account, label,
                    session.isScopedToEnvironment ? budget : nil, shared, gate,
                    sharing(budget, troubles, allowance)
                ) { bell.ring(environment.environmentSID) }
            }
            surroundings.registry.expect(Set(ingestors.map(\.stream.key)), accountSID: account.sid, .serverlessLogs)
            let finds = zip(environments, ingestors).map { environment, ingestor in
                Discovery.Find(
                    id: environment.environmentSID, fleet: { Fleet(ingestors: [ingestor]) },
                    seen: { ingestor.sharing.pacer.setDeployed(ingestor.stream.key, environment.isDeployed) },
                    retire: { await ingestor.retire() })
            }
            return (finds, directory.requestsMade - before)
        }
    }

    private func ingestor(
        _ place: (service: String, environment: String), _ account: SimulatedAccount, _ label: String, _ own: Budget?,
        _ shared: TwilioAPI, _ gate: CredentialGate, _ sharing: Ingestor.Sharing,
        whenGone: @escaping @Sendable () -> Void
    ) -> Ingestor {
        let key = StreamKey(
            accountSID: account.sid, dataset: .serverlessLogs, host: Self.serverlessHost,
            serviceSID: place.service, environmentSID: place.environment)
        let api = own.flatMap { try? self.api(Self.serverlessHost, account, $0, gate) } ?? shared
        let (plan, cap) = (session.logs, schedule.cap)
        let stream = Ingestor.Stream(
            key: key, account: label, plan: plan, start: .ago(session.start)
        ) {
            FunctionLogsSource(
                line: api.line(for: key.description), serviceSID: place.service, environmentSID: place.environment,
                pageSize: plan.pageSize, cap: cap)
        }
        return Ingestor(stream: stream, sharing: sharing, surroundings: surroundings, whenGone: whenGone)
    }

    private func sharing(
        _ budget: Budget, _ troubles: TroubleLog, _ allowance: ReadAllowance?
    ) -> Ingestor.Sharing {
        Ingestor.Sharing(
            pacer: budget.pacer, slots: budget.slots, memory: memory, troubles: troubles, allowance: allowance)
    }

    private func api(
        _ host: String, _ account: SimulatedAccount, _ budget: Budget, _ gate: CredentialGate
    ) throws -> TwilioAPI {
        TwilioAPI(
            baseURL: try HTTPURL("http://\(host)"),
            credential: FixedCredential(BasicAuth(user: account.sid, password: account.authToken)),
            transport: transport, limiter: budget.limiter, gate: gate, clock: clock)
    }

    private func allowance(_ account: SimulatedAccount, _ dataset: Dataset) async throws -> ReadAllowance? {
        guard let limit = session.maximumReadsPerDay else { return nil }
        let used = try await spool.usageToday(accountSID: account.sid, dataset: dataset).records
        return ReadAllowance(limit: limit, used: used, now: clock.wallNow, logger: surroundings.logger)
    }
}
