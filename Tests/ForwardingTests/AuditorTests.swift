import Forwarding
import PipelineCore
import PipelineTestKit
import Simulating
import Spooling
import Testing

@Suite struct AuditorTests {
    private static func options() -> SimulatorOptions {
        var options = SimulatorOptions()
        options.requestsPerSecond = 0
        options.rate = 1
        return options
    }

    /// Forgets records one by one as soon as may be.
    private static let plan = CollectionPlan(
        pollInterval: .seconds(30), overlap: .seconds(120), rereadAfter: [], pageSize: 1000)

    private static func audit(
        _ bench: Bench, _ spool: Spool, _ from: Timestamp, _ to: Timestamp
    ) async throws -> StreamAudit {
        let ingestor = try bench.ingestor(spool)
        let audits = try await bench.clock.run {
            try await Auditor(bench.surroundings(spool)).audit(
                [SideStream(ingestor)], Window(from: from, to: to))
        }
        #expect(audits.count == 1)
        return try #require(audits.first)
    }

    @Test func `what was collected is proven, over midnight, partly known by days only`() async throws {
        let bench = Bench(Self.options(), plan: Self.plan, start: .ago(.zero))
        defer { bench.remove() }
        let spool = try bench.openSpool()
        let start = bench.clock.wallNow
        try await bench.collect(spool, for: .seconds(6 * 3600))
        let stream = try await Self.audit(bench, spool, start - .seconds(60), bench.clock.wallNow + .seconds(60))
        #expect(stream.isComplete)
        #expect(stream.missingCount == 0 && stream.extra == 0 && stream.differences.isEmpty)
        #expect(stream.atTwilio == stream.taken)
        #expect(stream.atTwilio.count > 20_000)
        #expect(stream.leftOut.map(\.reason).contains { $0.contains("before the start") })
        #expect(stream.leftOut.map(\.reason).contains { $0.contains("too young") })
        // The first day is known as a whole.
        let place = try #require(
            try await spool.auditPlace(of: bench.key, window: Window(from: start, to: bench.clock.wallNow)))
        #expect(!place.folded.isEmpty)
    }

    @Test func `a record that was never taken is named, and one of a day that is folded is counted`() async throws {
        let bench = Bench(Self.options(), plan: Self.plan, start: .ago(.seconds(86_400)))
        defer { bench.remove() }
        let spool = try bench.openSpool()
        let start = bench.clock.wallNow
        try await bench.collect(spool, for: .seconds(10 * 3600))
        let now = bench.clock.wallNow
        // So late that nobody looks any more.
        let young = bench.twilio.emit(
            2, account: bench.account.sid, date: (now - .seconds(900)).milliseconds, at: now.milliseconds)
        let known = try await Self.audit(bench, spool, now - .seconds(1800), now)
        #expect(known.missingCount == 2)
        #expect(Set(known.missing.map(\.id)) == Set(young))
        #expect(!known.isComplete)
        #expect(known.atTwilio.count == known.taken.count + 2)
        #expect(known.atTwilio.digest != known.taken.digest)

        bench.twilio.emit(
            1, account: bench.account.sid, date: (start + .seconds(60)).milliseconds,
            at: bench.clock.wallNow.milliseconds)
        // Midnight lies in between.
        let day = start.rounded(downTo: .seconds(86_400))
        let whole = try await Self.audit(bench, spool, start, start + .seconds(600))
        #expect(whole.missingCount == 1)
        #expect(whole.missing.isEmpty)
        #expect(whole.differences.map(\.day) == [day.milliseconds / 86_400_000])
        #expect(whole.compared == [Window(from: day, to: day + .seconds(86_400))])
    }

    @Test func `what Twilio has forgotten is told, and is nobody's fault`() async throws {
        var options = Self.options()
        options.rateFor = .seconds(600)
        options.retention = .seconds(7200)
        let bench = Bench(options, plan: .test, start: .ago(.zero))
        defer { bench.remove() }
        let spool = try bench.openSpool()
        let start = bench.clock.wallNow
        try await bench.collect(spool, for: .seconds(900))
        let taken = try await bench.collected(spool).count
        #expect(taken > 500)
        bench.clock.advance(by: .seconds(4 * 3600))
        let stream = try await Self.audit(bench, spool, start, start + .seconds(800))
        #expect(stream.extra == taken)
        #expect(stream.missingCount == 0)
        #expect(stream.atTwilio.count == 0)
        #expect(stream.taken.count == taken)
    }

    @Test func `nothing is stored, and the stream's place does not move`() async throws {
        let bench = Bench(Self.options(), plan: Self.plan, start: .ago(.zero))
        defer { bench.remove() }
        let spool = try bench.openSpool()
        let start = bench.clock.wallNow
        try await bench.collect(spool, for: .seconds(1200))
        let before = try await (spool.lastSequence, spool.stateSummary())
        bench.clock.advance(by: .seconds(600))
        let stream = try await Self.audit(bench, spool, start, bench.clock.wallNow)
        #expect(stream.unread > 100)
        #expect(stream.missingCount == 0)
        #expect(!stream.isComplete)
        let after = try await (spool.lastSequence, spool.stateSummary())
        #expect(before.0 == after.0)
        #expect(before.1.streams.map(\.coverage) == after.1.streams.map(\.coverage))
        #expect(after.1.streams.map(\.requestsToday) != before.1.streams.map(\.requestsToday))
    }

    @Test func `a stream that was never collected is not compared`() async throws {
        let bench = Bench(Self.options())
        defer { bench.remove() }
        let spool = try bench.openSpool()
        let stream = try await Self.audit(bench, spool, bench.clock.wallNow - .seconds(60), bench.clock.wallNow)
        #expect(stream.id == nil)
        #expect(stream.leftOut.map(\.reason) == ["it was never collected"])
    }
}
