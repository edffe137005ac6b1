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

/// A simulated account, a spool on disk, and an ingestor between them, over virtual time.
struct Bench {
    let clock = VirtualClock()
    let twilio: SimulatedTwilio
    let transport: SimulatedTransport
    let plan: CollectionPlan
    let start: StreamStart
    let directory: StateDirectory
    let board: StatusBoard
    let registry = StreamRegistry()
    let cap: Int
    private let memory: MemoryBudget
    private let allowance: ReadAllowance?

    init(
        _ options: SimulatorOptions, plan: CollectionPlan = .test, start: StreamStart = .ago(.seconds(30 * 86_400)),
        latency: Duration = .milliseconds(20), cap: Int = 10_000, memory: Int = MemoryBudget.standardBytes,
        dailyReads: Int? = nil
    ) {
        self.memory = MemoryBudget(bytes: memory)
        let now = clock.wallNow
        allowance = dailyReads.map {
            ReadAllowance(
                limit: $0, used: 0, now: now, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        }
        self.cap = cap
        twilio = SimulatedTwilio(options, start: clock.wallNow.milliseconds)
        transport = SimulatedTransport(twilio, clock: clock, latency: latency)
        self.plan = plan
        self.start = start
        directory = StateDirectory(path: Self.temporary + "twilship-bench-" + UUID().uuidString)
        board = StatusBoard(clock: clock)
    }

    var account: SimulatedAccount { twilio.accounts[0] }
    var key: StreamKey { StreamKey(accountSID: account.sid, dataset: .monitorEvents, host: "monitor.test") }

    /// Opens the state directory; again, after the last spool was let go, it is a restart.
    func openSpool(_ options: SpoolOptions = SpoolOptions(maximumBytes: 1 << 30, retain: .seconds(86_400))) throws
        -> Spool
    {
        let clock = clock
        return try Spool(
            directory: directory, options: options, version: "1.0.0", now: { clock.wallNow }, executor: clock.executor)
    }

    func surroundings(
        _ spool: Spool, pulse: Pulse? = nil, logger: Logger = .silent
    ) -> Ingestor.Surroundings {
        Ingestor.Surroundings(
            spool: spool, normaliser: Normaliser(collector: "bench", version: "1.0.0"), clock: clock, board: board,
            logger: logger, registry: registry, pulse: pulse)
    }

    func sharing(_ limiter: RateLimiter) -> Ingestor.Sharing {
        Ingestor.Sharing(
            pacer: PollPacer(clock: clock) { limiter.current }, slots: PassSlots(), memory: memory,
            troubles: TroubleLog(), allowance: allowance)
    }

    func api(_ limiter: RateLimiter, host: String = "monitor.test", password: String? = nil) throws -> TwilioAPI {
        TwilioAPI(
            baseURL: try HTTPURL("http://\(host)"),
            credential: FixedCredential(BasicAuth(user: account.sid, password: password ?? account.authToken)),
            transport: transport, limiter: limiter, gate: CredentialGate(clock: clock), clock: clock)
    }

    func ingestor(
        _ spool: Spool, password: String? = nil, requestsPerSecond: Double = 1000, pulse: Pulse? = nil
    ) throws -> Ingestor {
        let limiter = RateLimiter(requestsPerSecond: requestsPerSecond, burst: 1, clock: clock)
        let api = try api(limiter, password: password)
        let (pageSize, cap, name) = (plan.pageSize, cap, key.description)
        let stream = Ingestor.Stream(key: key, account: "test", plan: plan, start: start) {
            MonitorEventsSource(line: api.line(for: name), pageSize: pageSize, cap: cap)
        }
        return Ingestor(stream: stream, sharing: sharing(limiter), surroundings: surroundings(spool, pulse: pulse))
    }

    /// Lets the ingestor work for that much virtual time.
    func collect(_ spool: Spool, for duration: Duration) async throws {
        let ingestor = try ingestor(spool)
        try await clock.run(for: duration) { await ingestor.run() }
    }

    /// The SIDs of all records in the spool, in its order.
    func collected(_ spool: Spool) async throws -> [SpooledRecord] {
        try await spool.read(after: 0, maximumRecords: .max, maximumBytes: .max)
    }

    /// The SIDs Twilio would show now.
    func readable() -> Set<String> {
        Set(twilio.truth(account: account.sid, dataset: .events, at: clock.wallNow.milliseconds).map(\.sid))
    }

    /// How often each event was answered so far, on average.
    var meanReads: Double {
        Double(twilio.summary(at: clock.wallNow.milliseconds).reads) / Double(max(1, readable().count))
    }

    /// In memory where there is such a place: what is tested here is not the disk.
    static let temporary =
        FileManager.default.isWritableFile(atPath: "/dev/shm") ? "/dev/shm/" : NSTemporaryDirectory()

    func remove() {
        try? FileManager.default.removeItem(atPath: directory.path)
    }
}

extension Logger {
    static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
}

extension CollectionPlan {
    static let test = CollectionPlan(
        pollInterval: .seconds(10), overlap: .seconds(120), rereadAfter: [.seconds(3600)], pageSize: 1000)
}
