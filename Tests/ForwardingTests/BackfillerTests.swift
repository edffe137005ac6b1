import Forwarding
import Logging
import PipelineCore
import PipelineTestKit
import Simulating
import Spooling
import Testing
import TwilioSources

@Suite struct BackfillerTests {
    @Test func `a record that a poll and a backfill read at the same time is taken once`() async throws {
        var options = SimulatorOptions()
        options.requestsPerSecond = 0
        let bench = Bench(options, start: .ago(.seconds(30)))
        defer { bench.remove() }
        let spool = try bench.openSpool()
        // In the second before the stream's start, which a poll of its first second lists too.
        let edge = bench.clock.wallNow.rounded(downTo: .seconds(1)) - .seconds(31)
        bench.twilio.emit(3, account: bench.account.sid, date: edge.milliseconds, at: edge.milliseconds)
        _ = try await spool.addBackfill(
            account: "test", accountSID: bench.account.sid, dataset: .monitorEvents,
            window: Window(from: edge - .seconds(60), to: bench.clock.wallNow), sink: nil, requestedBy: 0)

        let limiter = RateLimiter(requestsPerSecond: 1000, burst: 1, clock: bench.clock)
        let api = try bench.api(limiter)
        let (plan, name, clock) = (bench.plan, bench.key.description, bench.clock)
        // 0: the poll has not read; 1: it has, and compared what it got; 2: it may go on.
        let phase = Shared(0)
        let isFirst = Shared(true)
        let stream = Ingestor.Stream(key: bench.key, account: "test", plan: plan, start: bench.start) {
            let source = MonitorEventsSource(line: api.line(for: name), pageSize: plan.pageSize)
            guard isFirst.now else { return source }
            isFirst.set(false)
            return HookedSource(
                source: source,
                beforeTime: {
                    // The poll asks for the time between comparing and appending.
                    while phase.now == 1, (try? await clock.sleep(for: .milliseconds(100))) != nil {
                        if let open = try? await spool.backfills(openOnly: true), open.isEmpty { phase.set(2) }
                    }
                },
                afterRead: { if phase.now == 0 { phase.set(1) } })
        }
        let surroundings = bench.surroundings(spool)
        let ingestor = Ingestor(stream: stream, sharing: bench.sharing(limiter), surroundings: surroundings)
        try await clock.run(for: .seconds(300)) {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await ingestor.run() }
                group.addTask {
                    while phase.now == 0 { try? await clock.sleep(for: .milliseconds(10)) }
                    await Backfiller(surroundings).run()
                }
            }
        }
        #expect(phase.now == 2)
        #expect(try await spool.backfills(openOnly: true).isEmpty)
        let records = try await bench.collected(spool)
        #expect(records.map(\.origin.lane) == [.backfill, .backfill, .backfill])
        #expect(Set(records.map(\.id)) == bench.readable())
    }

    // Hostile schedule 961.
    @Test func `what a backfill has not read of an environment that goes away is a gap`() async throws {
        var options = SimulatorOptions()
        options.requestsPerSecond = 0
        let start = VirtualClock().wallNow.milliseconds
        options.layouts = [
            0: [
                ServicePlan(
                    uniqueName: "s", friendlyName: "S",
                    environments: [
                        EnvironmentPlan(uniqueName: "stays", domainSuffix: nil),
                        EnvironmentPlan(uniqueName: "goes", domainSuffix: "g", life: Life(until: start + 600_000)),
                    ], functions: [FunctionPlan(friendlyName: "f")])
            ]
        ]
        options.history = 400
        options.historySpan = .seconds(86_400)
        let bench = FleetBench(options)
        defer { bench.remove() }
        let spool = try bench.openSpool()
        let clock = bench.clock
        let fleet = try bench.fleet(spool)
        let surroundings = bench.surroundings(spool)
        let asked = Window(
            from: Timestamp(milliseconds: start) - .seconds(86_400), to: Timestamp(milliseconds: start))
        try await clock.run(for: .seconds(3000)) {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await fleet.run() }
                group.addTask {
                    try await clock.sleep(for: .seconds(600))
                    _ = try await spool.addBackfill(
                        account: "test", accountSID: bench.account.sid, dataset: .serverlessLogs, window: asked,
                        sink: nil, requestedBy: 0)
                    await Backfiller(surroundings).run()
                }
                try await group.waitForAll()
            }
        }
        try await spool.flush()
        #expect(try await spool.backfills(openOnly: true).isEmpty)
        let status = try StateReader(bench.directory).summary(at: clock.wallNow)
        let gone = try #require(status.streams.first { $0.retiredAt != nil })
        let gaps = status.gaps.filter { $0.key == gone.key && $0.window.to <= gone.start }
        #expect(gaps.map(\.window) == [Window(from: asked.from, to: gone.start.rounded(downTo: .seconds(1)))])
        #expect(gaps.first?.reason.contains("backfill") == true)
        #expect(status.gaps.allSatisfy { $0.key == gone.key })
        // Everything else of the range is there.
        let collected = Set(try await bench.collected(spool))
        let missing = bench.twilio.truth(account: bench.account.sid, dataset: .logs, at: clock.wallNow.milliseconds)
            .filter { asked.contains(Timestamp(milliseconds: $0.date)) && !collected.contains($0.sid) }
        #expect(!missing.isEmpty)
        #expect(missing.allSatisfy { $0.environment == gone.key.environmentSID })
    }

    @Test func `a backfill of an account that is not collected waits, says so once, and goes on when it is`()
        async throws
    {
        var options = SimulatorOptions()
        options.history = 200
        options.requestsPerSecond = 0
        let bench = Bench(options, start: .ago(.seconds(30)))
        defer { bench.remove() }
        let spool = try bench.openSpool()
        let (clock, lines) = (bench.clock, KeptLines())
        let logger = Logger(label: "test") { _ in lines }
        // The account was called otherwise then.
        let job = try await spool.addBackfill(
            account: "earlier", accountSID: bench.account.sid, dataset: .monitorEvents,
            window: Window(from: clock.wallNow - .seconds(86_400), to: clock.wallNow), sink: nil, requestedBy: 0)
        let backfiller = Backfiller(bench.surroundings(spool, logger: logger))
        let ingestor = try bench.ingestor(spool)
        try await clock.run(for: .seconds(3000)) {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await backfiller.run() }
                try? await clock.sleep(for: .seconds(2000))
                group.addTask { await ingestor.run() }
                try? await clock.sleep(for: .seconds(900))
                group.cancelAll()
            }
        }
        #expect(try await spool.backfills(openOnly: true).isEmpty)
        #expect(
            lines.told.map { $0["message_id"] } == [
                LogKind.backfillWaits.rawValue, LogKind.backfillFinished.rawValue,
            ])
        #expect(lines.told.first?["job"] == "\(job.id)")
        #expect(lines.told.first?["source.account_sid"] == bench.account.sid)
        let backfilled = try await bench.collected(spool).filter { $0.origin.lane == .backfill }
        #expect(!backfilled.isEmpty && backfilled.allSatisfy { $0.origin.account == "test" })
    }
}
