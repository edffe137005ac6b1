import Foundation
import PipelineCore
import PipelineTestKit
import Simulating
import Spooling
import Testing

@testable import Forwarding

@Suite struct PulseTests {
    @Test func `a loop that does not beat for so long is silent, until it beats again or ends`() {
        let clock = VirtualClock()
        let pulse = Pulse(interval: .seconds(10), clock: clock)
        pulse.begin("sink siem")
        pulse.begin("spool")
        clock.advance(by: .seconds(12))
        pulse.beat("spool")
        clock.advance(by: .seconds(3))
        #expect(pulse.silent(for: .seconds(14)) == ["sink siem"])
        pulse.beat("sink siem")
        #expect(pulse.silent(for: .seconds(14)) == [])
        pulse.end("spool")
        clock.advance(by: .seconds(20))
        #expect(pulse.silent(for: .seconds(14)) == ["sink siem"])
    }

    @Test func `a loop that waits for an answer is not silent, however long that takes`() async throws {
        let clock = VirtualClock()
        let pulse = Pulse(interval: .seconds(10), clock: clock)
        pulse.begin("stream")
        let silent = try await clock.run {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await pulse.waiting("stream") { try? await clock.sleep(for: .seconds(90)) } }
                try? await clock.sleep(for: .seconds(80))
                return pulse.silent(for: .seconds(20))
            }
        }
        #expect(silent == [])
        clock.advance(by: .seconds(5))
        #expect(pulse.silent(for: .seconds(20)) == [])
        #expect(pulse.silent(for: .seconds(5)) == ["stream"])
    }

    @Test func `a sink that never answers does not keep its dispatcher from beating`() async throws {
        let bench = try DeliveryBench()
        defer { bench.remove() }
        try await bench.attach()
        try await bench.append(3)
        let (clock, spool, board) = (bench.clock, bench.spool, bench.board)
        let pulse = Pulse(interval: .seconds(10), clock: clock)
        let sink = RecordingSink { _, _ in
            try? await clock.sleep(for: .seconds(100_000))
            return .accepted()
        }
        let dispatcher = Dispatcher(
            name: "siem", sink: sink, filter: RecordFilter(), options: bench.options, spool: spool, clock: clock,
            board: board, ending: bench.ending, pulse: pulse, logger: .silent)
        let silent = try await clock.run(for: .seconds(3600)) {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await dispatcher.run() }
                try? await clock.sleep(for: .seconds(3000))
                let silent = pulse.silent(for: .seconds(20))
                group.cancelAll()
                return silent
            }
        }
        #expect(sink.batches.count == 1)
        #expect(silent == [])
    }

    @Test func `a stream of which Twilio answers nothing beats all the same`() async throws {
        var options = SimulatorOptions()
        options.requestsPerSecond = 0
        options.faults = [.unavailable: 1]
        let bench = Bench(options)
        defer { bench.remove() }
        let pulse = Pulse(interval: .seconds(10), clock: bench.clock)
        let ingestor = try bench.ingestor(try bench.openSpool(), pulse: pulse)
        let clock = bench.clock
        let silent = try await clock.run(for: .seconds(3600)) {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await ingestor.run() }
                try? await clock.sleep(for: .seconds(3000))
                let silent = pulse.silent(for: .seconds(20))
                group.cancelAll()
                return silent
            }
        }
        #expect(silent == [])
        #expect((bench.board.now.streams[bench.key]?.failures ?? 0) > 3)
    }

    @Test(.timeLimit(.minutes(1)))
    func `a watched stream that is told to end while it waits for its first answer does`() async throws {
        let bench = Bench(SimulatorOptions(), latency: .seconds(50))
        defer { bench.remove() }
        let pulse = Pulse(interval: .seconds(10), clock: bench.clock)
        let ingestor = try bench.ingestor(try bench.openSpool(), pulse: pulse)
        let clock = bench.clock
        try await clock.run(for: .seconds(3600)) {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await ingestor.run() }
                try? await clock.sleep(for: .seconds(25))
                group.cancelAll()
            }
        }
        clock.advance(by: .seconds(1000))
        #expect(pulse.silent(for: .seconds(1)) == [])
    }

    @Test func `those that are called alike beat apart`() {
        let clock = VirtualClock()
        let pulse = Pulse(interval: .seconds(10), clock: clock)
        let (first, second) = (pulse.begin(oneOf: "client"), pulse.begin(oneOf: "client"))
        clock.advance(by: .seconds(12))
        pulse.beat(first)
        #expect(pulse.silent(for: .seconds(10)) == ["client (2)"])
        pulse.end(first)
        pulse.beat(second)
        #expect(pulse.begin(oneOf: "client") == "client")
        #expect(pulse.silent(for: .seconds(10)) == [])
    }

    @Test func `a search and a backfill of which Twilio answers nothing beat all the same, and leave nothing behind`()
        async throws
    {
        var options = SimulatorOptions.environments(services: 1, each: 1)
        options.history = 100
        let bench = FleetBench(options, discoveryInterval: .seconds(60))
        defer { bench.remove() }
        let pulse = Pulse(interval: .seconds(10), clock: bench.clock)
        let spool = try bench.openSpool()
        let (clock, account) = (bench.clock, bench.account)
        let fleet = try bench.fleet(spool, pulse: pulse)
        let backfiller = Backfiller(bench.surroundings(spool, pulse: pulse))
        let now = clock.wallNow
        _ = try await spool.addBackfill(
            account: "test", accountSID: account.sid, dataset: .serverlessLogs,
            window: Window(from: now - .seconds(80_000), to: now - .seconds(10_000)), sink: nil, requestedBy: 0)
        let silent = try await clock.run(for: .seconds(7200)) {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await fleet.run() }
                group.addTask {
                    // As soon as the search has found something, nothing is answered any more.
                    while bench.registry.ingestors(accountSID: account.sid, .serverlessLogs) == nil {
                        try? await clock.sleep(for: .milliseconds(100))
                    }
                    bench.twilio.setFault(.unavailable, rate: 1)
                    await backfiller.run()
                }
                try? await clock.sleep(for: .seconds(5000))
                let silent = pulse.silent(for: .seconds(20))
                group.cancelAll()
                return silent
            }
        }
        #expect(silent == [])
        #expect((bench.board.now.discoveries["logs"]?.failures ?? 0) > 3)
        #expect(try await spool.backfills(openOnly: true).count == 1)
        clock.advance(by: .seconds(1000))
        #expect(pulse.silent(for: .seconds(1)) == [])
    }

    @Test func `a search that stands still falls silent`() async throws {
        let clock = VirtualClock()
        let pulse = Pulse(interval: .seconds(10), clock: clock)
        let board = StatusBoard(clock: clock)
        let searches = Shared(0)
        let discovery = Discovery(
            name: "production", interval: .seconds(60), clock: clock, board: board, logger: .silent, pulse: pulse,
            budget: { 1000 },
            known: {
                [.init(id: "ZE1", fleet: { Fleet() }, retire: { try? await clock.sleep(for: .seconds(100_000)) })]
            }
        ) { _ in
            searches.set(searches.now + 1)
            return ([], 1)
        }
        let silent = try await clock.run(for: .seconds(3600)) {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await discovery.run(.service) }
                try? await clock.sleep(for: .seconds(50))
                let before = pulse.silent(for: .seconds(20))
                // The second search in a row that does not find it lets it go.
                try? await clock.sleep(for: .seconds(60))
                let after = pulse.silent(for: .seconds(20))
                group.cancelAll()
                return (before, after)
            }
        }
        #expect(silent.0 == [])
        #expect(silent.1 == ["search production"])
        #expect(searches.now == 2)
    }
}
