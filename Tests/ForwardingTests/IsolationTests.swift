import Forwarding
import PipelineCore
import PipelineTestKit
import Simulating
import Spooling
import Testing
import Transport
import TwilioSources

/// What of one stream goes on while something else of it takes long, or fails for good.
@Suite struct IsolationTests {
    private static let plan = CollectionPlan(
        pollInterval: .seconds(10), overlap: .seconds(60), rereadAfter: [], pageSize: 10)

    // Hostile schedule 656.
    @Test func `polls go on while a full second is looked at again for minutes`() async throws {
        var options = SimulatorOptions()
        options.requestsPerSecond = 0
        options.eventsCap = 400
        let bench = Bench(options, plan: Self.plan, start: .ago(.seconds(60)), cap: 400)
        defer { bench.remove() }
        let spool = try bench.openSpool()
        let dense = bench.clock.wallNow.rounded(downTo: .seconds(1)).milliseconds
        bench.twilio.emit(390, account: bench.account.sid, date: dense, at: dense)
        let ingestor = try bench.ingestor(spool, requestsPerSecond: 1)
        try await bench.clock.run(for: .seconds(1200)) { await ingestor.run() }

        let start = bench.clock.wallNow - .seconds(1200)
        let origin = try #require(bench.transport.sentAt.first)
        var polls: [Duration] = []
        var pages = 0
        for (request, sentAt) in zip(bench.transport.requests, bench.transport.sentAt) {
            let query = (request.url.query ?? "").replacing("%3A", with: ":")
            let end = query.split(separator: "&").first { $0.hasPrefix("EndDate=") }
                .flatMap { Timestamp(rfc3339: $0.dropFirst(8).utf8) }
            guard let end else { continue }
            let at = origin.duration(to: sentAt)
            if end > start + at - .seconds(6), !query.contains("PageToken") { polls.append(at) }
            if end < start + at - .seconds(15) { pages += 1 }
        }
        // It was looked at again, at two ages at least, page by page.
        #expect(pages > 80)
        // Reading it for the first time is a poll itself.
        let waits = zip(polls, polls.dropFirst()).map { $1 - $0 }
        #expect(waits.count { $0 > .seconds(15) } <= 1, "\(waits)")
        let stream = try #require(try StateReader(bench.directory).summary(at: bench.clock.wallNow).streams.first)
        #expect(bench.clock.wallNow - stream.completeUpTo < .seconds(25))
        #expect(try await bench.collected(spool).count == 390)
    }

    /// An ingestor of the bench's stream whose windows that hold `bad` are refused for as long as there is one.
    private static func ingestor(_ bench: Bench, _ spool: Spool, bad: Shared<Timestamp?>) throws -> Ingestor {
        let limiter = RateLimiter(requestsPerSecond: 1000, burst: 1, clock: bench.clock)
        let api = try bench.api(limiter)
        let (plan, name) = (bench.plan, bench.key.description)
        let stream = Ingestor.Stream(key: bench.key, account: "test", plan: plan, start: bench.start) {
            HookedSource(
                source: MonitorEventsSource(line: api.line(for: name), pageSize: plan.pageSize),
                beforeRead: { window throws(SourceError) in
                    guard let bad = bad.now, window.contains(bad) else { return }
                    throw .refused(reason: "this window is refused")
                })
        }
        return Ingestor(stream: stream, sharing: bench.sharing(limiter), surroundings: bench.surroundings(spool))
    }

    @Test func `what is refused for good while catching up stops no poll, and is told`() async throws {
        var options = SimulatorOptions()
        options.requestsPerSecond = 0
        options.history = 300
        options.historySpan = .seconds(7200)
        options.rate = 0.5
        options.rateFor = .seconds(900)
        let bench = Bench(options, plan: Self.plan, start: .ago(.seconds(7200)))
        defer { bench.remove() }
        let spool = try bench.openSpool()
        let bad = Shared<Timestamp?>(bench.clock.wallNow - .seconds(3000))
        let ingestor = try Self.ingestor(bench, spool, bad: bad)
        try await bench.clock.run(for: .seconds(900)) { await ingestor.run() }
        func late(_ records: [SpooledRecord]) -> Int { records.count { $0.origin.lane == .catchUp } }
        let before = try await bench.collected(spool)
        // All that happened meanwhile, but for the last poll.
        let issued = bench.twilio.truth(
            account: bench.account.sid, dataset: .events, at: bench.clock.wallNow.milliseconds
        ).filter { $0.date > (bench.clock.wallNow - .seconds(900)).milliseconds }
        let young = issued.filter { $0.date < (bench.clock.wallNow - .seconds(20)).milliseconds }
        #expect(young.count > 300)
        #expect(Set(young.map(\.sid)).isSubset(of: before.map(\.id)))
        let status = try #require(bench.board.now.streams[bench.key])
        #expect(status.state == .failing && status.lastError == "this window is refused")
        #expect((4...20).contains(status.failures))

        bad.set(nil)
        try await bench.clock.run(for: .seconds(600)) { await ingestor.run() }
        let after = try await bench.collected(spool)
        #expect(Set(after.map(\.id)) == bench.readable())
        #expect(after.count == bench.readable().count)
        #expect(late(after) > late(before))
        #expect(bench.board.now.streams[bench.key]?.failures == 0)
    }

    @Test func `a look again that is refused for good stops no poll, and is told`() async throws {
        var options = SimulatorOptions()
        options.requestsPerSecond = 0
        options.rate = 0.2
        options.rateFor = .seconds(900)
        let bench = Bench(options, plan: Self.plan, start: .ago(.seconds(60)))
        defer { bench.remove() }
        let spool = try bench.openSpool()
        let bad = Shared<Timestamp?>(nil)
        let ingestor = try Self.ingestor(bench, spool, bad: bad)
        try await bench.clock.run(for: .seconds(100)) { await ingestor.run() }
        bad.set(bench.clock.wallNow - .seconds(20))
        try await bench.clock.run(for: .seconds(600)) { await ingestor.run() }
        let stream = try #require(try StateReader(bench.directory).summary(at: bench.clock.wallNow).streams.first)
        #expect(bench.clock.wallNow - stream.completeUpTo < .seconds(25))
        let status = try #require(bench.board.now.streams[bench.key])
        #expect(status.state == .failing && status.failures >= 4)
        bad.set(nil)
        try await bench.clock.run(for: .seconds(600)) { await ingestor.run() }
        #expect(Set(try await bench.collected(spool).map(\.id)) == bench.readable())
        #expect(bench.board.now.streams[bench.key]?.failures == 0)
    }
}
