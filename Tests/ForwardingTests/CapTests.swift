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

    @Test func `history from before the first start is no gap, however far back it is asked for`() async throws {
        var options = SimulatorOptions()
        options.requestsPerSecond = 0
        options.history = 500
        let bench = Bench(options, start: .ago(.seconds(200 * 86_400)))
        defer { bench.remove() }
        let spool = try bench.openSpool()
        try await bench.collect(spool, for: .seconds(300))
        #expect(try await bench.collected(spool).count == 500)
        #expect(try StateReader(bench.directory).summary().gaps.isEmpty)
    }

    @Test func `what was not collected in time is a gap, not silence`() async throws {
        var options = SimulatorOptions()
        options.requestsPerSecond = 0
        options.rate = 0.001
        options.rateFor = .seconds(90 * 86_400)
        let bench = Bench(options)
        defer { bench.remove() }
        let spool = try bench.openSpool()
        try await bench.collect(spool, for: .seconds(4000))
        #expect(try StateReader(bench.directory).summary().gaps.isEmpty)
        let last = bench.clock.wallNow
        bench.clock.advance(by: .seconds(45 * 86_400))
        try await bench.collect(spool, for: .seconds(600))
        let gaps = try StateReader(bench.directory).summary().gaps
        let from = try #require(gaps.map(\.window.from).min())
        let to = try #require(gaps.map(\.window.to).max())
        // The last looks at what was read before are missing too.
        #expect((last - from).inSeconds < 60 + 2 * 120)
        #expect(from <= last)
        #expect((14.9...15.1).contains((to - from).inSeconds / 86_400))
        let kept = bench.clock.wallNow - .seconds(30 * 86_400 - 3600)
        let due = bench.twilio.truth(account: bench.account.sid, dataset: .events, at: bench.clock.wallNow.milliseconds)
            .filter { $0.date > kept.milliseconds && $0.date < bench.clock.wallNow.milliseconds - 60_000 }
        let collected = Set(try await bench.collected(spool).map(\.id))
        #expect(due.count > 1000)
        #expect(collected.isSuperset(of: due.map(\.sid)))
    }
}
