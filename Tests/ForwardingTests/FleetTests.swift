import Forwarding
import PipelineCore
import PipelineTestKit
import Simulating
import Spooling
import Testing

@Suite struct FleetTests {
    @Test func `500 environments are collected within 4 requests a second, and none starves`() async throws {
        var options = SimulatorOptions.environments(services: 50, each: 10)
        // A strict server at the documented 5/s, and few lines: most environments are quiet.
        options.requestsPerSecond = 5
        options.history = 3000
        options.historySpan = .seconds(1800)
        options.rate = 0.5
        let bench = FleetBench(options)
        defer { bench.remove() }
        let spool = try bench.openSpool()
        try await bench.collect(spool, for: .seconds(4500))

        let summary = bench.twilio.summary(at: bench.clock.wallNow.milliseconds)
        #expect(summary.rateLimited == 0)
        #expect(bench.transport.requests.count <= 4500 * 4 + 1)
        let status = try StateReader(bench.directory).summary(at: bench.clock.wallNow)
        #expect(status.streams.count == 500)
        // Nobody waits longer than the longest interval and a few rounds of the limiter.
        let lags = status.streams.map { (bench.clock.wallNow - $0.completeUpTo).inSeconds }
        #expect(try #require(lags.max()) < 600)
        let collected = try await bench.collected(spool)
        #expect(collected.count == Set(collected).count)
        let missing = bench.shown(until: bench.clock.wallNow - .seconds(600)).subtracting(collected)
        #expect(missing.isEmpty, "\(missing.count) are missing")
        // What status shows is stretched as far as the budget demands.
        let intervals = bench.board.now.streams.values.compactMap(\.pollSeconds)
        #expect(intervals.count { $0 > 60 } > 400)
    }

    @Test func `a busy environment among many quiet ones is polled as configured`() async throws {
        var options = SimulatorOptions.environments(services: 10, each: 10)
        options.rate = 0
        let bench = FleetBench(options)
        defer { bench.remove() }
        let spool = try bench.openSpool()
        try await bench.collect(spool, for: .seconds(1200))
        let service = try #require(bench.account.services.first)
        let busy = try #require(service.environments.first)
        let quiet = try #require(service.environments.last)
        let fleet = try bench.fleet(spool)
        let (clock, twilio, account) = (bench.clock, bench.twilio, bench.account)
        let before = (busy: bench.requests(forEnvironment: busy.sid), quiet: bench.requests(forEnvironment: quiet.sid))
        try await clock.run(for: .seconds(1500)) {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await fleet.run() }
                group.addTask {
                    repeat {
                        twilio.emit(
                            1, account: account.sid, dataset: .logs, environment: busy.sid,
                            at: clock.wallNow.milliseconds)
                    } while (try? await clock.sleep(for: .seconds(5))) != nil
                }
                await group.waitForAll()
            }
        }
        // Every 10 s from its first line on; the quiet ones share what is left.
        #expect(bench.requests(forEnvironment: busy.sid) - before.busy > 120)
        #expect((4..<60).contains(bench.requests(forEnvironment: quiet.sid) - before.quiet))
    }

    @Test func `environments that come are found in time, and one that goes is a gap with its place kept`() async throws
    {
        var options = SimulatorOptions()
        options.requestsPerSecond = 0
        let start = VirtualClock().wallNow.milliseconds
        options.layouts = [
            0: [
                ServicePlan(
                    uniqueName: "old", friendlyName: "Old",
                    environments: [
                        EnvironmentPlan(uniqueName: "stays", domainSuffix: nil),
                        EnvironmentPlan(
                            uniqueName: "goes", domainSuffix: "g", life: Life(until: start + 2_000_000)),
                        EnvironmentPlan(
                            uniqueName: "comes", domainSuffix: "c", life: Life(from: start + 1_000_000)),
                    ], functions: [FunctionPlan(friendlyName: "f")])
            ]
        ]
        options.rate = 1
        let bench = FleetBench(options)
        defer { bench.remove() }
        let spool = try bench.openSpool()
        let comes = try #require(bench.account.services.first?.environments.last)
        try await bench.collect(spool, for: .seconds(1400))
        #expect(bench.requests(forEnvironment: comes.sid) > 3)
        try await bench.collect(spool, for: .seconds(1600))

        let status = try StateReader(bench.directory).summary(at: bench.clock.wallNow)
        let gone = try #require(status.streams.first { $0.names.environment == nil && $0.retiredAt != nil })
        #expect(status.streams.count { $0.retiredAt != nil } == 1)
        #expect(gone.checkpoint != nil)
        let gap = try #require(status.gaps.first)
        #expect(status.gaps.count == 1)
        #expect(gap.key == gone.key)
        #expect(gap.window.contains(Timestamp(milliseconds: start + 1_999_000)))
        let collected = try await bench.collected(spool)
        #expect(collected.count == Set(collected).count)
        let missing = bench.shown(until: bench.clock.wallNow - .seconds(60)).subtracting(collected)
        let dates = Dictionary(
            bench.twilio.truth(account: bench.account.sid, dataset: .logs, at: bench.clock.wallNow.milliseconds)
                .map { ($0.identity, Timestamp(milliseconds: $0.date)) }, uniquingKeysWith: { first, _ in first })
        #expect(missing.allSatisfy { dates[$0].map(gap.window.contains) ?? false })
    }

    @Test func `environments without a build are polled rarely`() async throws {
        var options = SimulatorOptions()
        options.requestsPerSecond = 0
        options.layouts = [
            0: [
                ServicePlan(
                    uniqueName: "s", friendlyName: "S",
                    environments: [
                        EnvironmentPlan(uniqueName: "deployed", domainSuffix: nil),
                        EnvironmentPlan(uniqueName: "empty", domainSuffix: "e", deployedAt: nil),
                    ], functions: [FunctionPlan(friendlyName: "f")])
            ]
        ]
        let bench = FleetBench(options)
        defer { bench.remove() }
        let spool = try bench.openSpool()
        try await bench.collect(spool, for: .seconds(7200))
        let environments = try #require(bench.account.services.first?.environments)
        #expect(bench.requests(forEnvironment: environments[0].sid) > 600)
        #expect(bench.requests(forEnvironment: environments[1].sid) < 90)
    }
}
