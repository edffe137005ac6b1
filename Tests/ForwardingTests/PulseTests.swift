import Foundation
import PipelineCore
import PipelineTestKit
import Simulating
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
}
