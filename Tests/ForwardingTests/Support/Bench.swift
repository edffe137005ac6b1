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
    let cap: Int

    init(
        _ options: SimulatorOptions, plan: CollectionPlan = .test, start: StreamStart = .ago(.seconds(30 * 86_400)),
        latency: Duration = .milliseconds(20), cap: Int = 10_000
    ) {
        self.cap = cap
        twilio = SimulatedTwilio(options, start: clock.wallNow.milliseconds)
        transport = SimulatedTransport(twilio, clock: clock, latency: latency)
        self.plan = plan
        self.start = start
        directory = StateDirectory(path: NSTemporaryDirectory() + "twilship-bench-" + UUID().uuidString)
        board = StatusBoard(clock: clock)
    }

    var account: SimulatedAccount { twilio.accounts[0] }
    var key: StreamKey { StreamKey(accountSID: account.sid, dataset: .monitorEvents, host: "monitor.test") }

    /// Opens the state directory; again, after the last spool was let go, it is a restart.
    func openSpool(_ options: SpoolOptions = SpoolOptions(maximumBytes: 1 << 30, retain: .seconds(86_400))) throws
        -> Spool
    {
        let clock = clock
        return try Spool(directory: directory, options: options, version: "1.0.0", now: { clock.wallNow })
    }

    func ingestor(_ spool: Spool, password: String? = nil, requestsPerSecond: Double = 1000) throws -> Ingestor {
        let limiter = RateLimiter(requestsPerSecond: requestsPerSecond, burst: 1, clock: clock)
        let api = TwilioAPI(
            baseURL: try HTTPURL("http://monitor.test"),
            credential: BasicAuth(user: account.sid, password: password ?? account.authToken), transport: transport,
            limiter: limiter, clock: clock)
        let stream = Ingestor.Stream(
            key: key, account: "test", source: MonitorEventsSource(api: api, pageSize: plan.pageSize, cap: cap),
            plan: plan,
            start: start)
        return Ingestor(
            stream: stream, spool: spool, normaliser: Normaliser(collector: "bench", version: "1.0.0"), clock: clock,
            board: board, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    /// Lets the ingestor work for that much virtual time.
    func collect(_ spool: Spool, for duration: Duration) async throws {
        clock.run(for: duration)
        try await ingestor(spool).run()
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

    func remove() {
        try? FileManager.default.removeItem(atPath: directory.path)
    }
}

extension CollectionPlan {
    static let test = CollectionPlan(
        pollInterval: .seconds(10), overlap: .seconds(120), rereadAfter: [.seconds(3600)], pageSize: 1000)
}
