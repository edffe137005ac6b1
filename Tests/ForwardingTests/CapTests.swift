import Forwarding
import PipelineCore
import PipelineTestKit
import Simulating
import Spooling
import Testing

@Suite struct CapTests {
    @Test(arguments: [SimulatorOptions.CapForm.refusal, .silent])
    func `a window that one query does not list whole is split, and nothing is lost`(form: SimulatorOptions.CapForm)
        async throws
    {
        var options = SimulatorOptions()
        options.requestsPerSecond = 0
        options.history = 1500
        options.historySpan = .seconds(300)
        options.eventsCap = 1000
        options.capForm = form
        let bench = Bench(
            options,
            plan: CollectionPlan(pollInterval: .seconds(10), overlap: .seconds(60), rereadAfter: [], pageSize: 100),
            cap: 1000)
        defer { bench.remove() }
        let spool = try bench.openSpool()
        try await bench.collect(spool, for: .seconds(300))
        let collected = try await bench.collected(spool).map(\.id)
        #expect(collected.count == 1500)
        #expect(Set(collected) == bench.readable())
        #expect(try StateReader(bench.directory).summary().gaps.isEmpty)
    }

    @Test(arguments: [SimulatorOptions.CapForm.refusal, .silent])
    func `a second that one query does not list whole is a gap, and collection goes on behind it`(
        form: SimulatorOptions.CapForm
    )
        async throws
    {
        var options = SimulatorOptions()
        options.requestsPerSecond = 0
        options.eventsCap = 1000
        options.capForm = form
        let bench = Bench(
            options,
            plan: CollectionPlan(pollInterval: .seconds(10), overlap: .seconds(60), rereadAfter: [], pageSize: 100),
            cap: 1000)
        defer { bench.remove() }
        let spool = try bench.openSpool()
        let dense = bench.clock.wallNow.milliseconds
        bench.twilio.emit(1050, account: bench.account.sid, date: dense, at: dense)
        bench.clock.advance(by: .seconds(5))
        let later = bench.twilio.emit(5, account: bench.account.sid, at: bench.clock.wallNow.milliseconds)
        try await bench.collect(spool, for: .seconds(900))

        let collected = try await bench.collected(spool).map(\.id)
        #expect(collected.count == Set(collected).count)
        #expect(Set(collected).isSuperset(of: later))
        #expect((900...1050).contains(collected.count))
        let gap = try #require(try StateReader(bench.directory).summary().gaps.first)
        #expect(gap.window.contains(Timestamp(milliseconds: dense).rounded(downTo: .seconds(1))))
        #expect(gap.window.length == .seconds(1))
        #expect(try StateReader(bench.directory).summary().gaps.count == 1)
    }
}
