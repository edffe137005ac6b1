import Forwarding
import PipelineCore
import PipelineTestKit
import Simulating
import Spooling
import Testing

@Suite struct ClockJumpTests {
    @Test func `a server clock that goes back three days and forward again loses and doubles nothing`() async throws {
        var options = SimulatorOptions()
        options.requestsPerSecond = 0
        options.history = 5000
        options.rate = 1
        options.rateFor = .seconds(4000)
        let bench = Bench(options)
        defer { bench.remove() }
        let spool = try bench.openSpool()
        for skew in [Duration.zero, .seconds(-3 * 86_400), .zero, .seconds(3 * 86_400), .zero] {
            bench.twilio.skew(by: skew)
            try await bench.collect(spool, for: .seconds(1500))
        }
        let collected = try await bench.collected(spool).map(\.id)
        #expect(collected.count == Set(collected).count)
        #expect(Set(collected) == bench.readable())
    }
}
