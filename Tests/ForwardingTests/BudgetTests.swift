import Forwarding
import PipelineCore
import PipelineTestKit
import Simulating
import Spooling
import Testing

@Suite struct BudgetTests {
    @Test(arguments: [Duration.milliseconds(80), .milliseconds(900)])
    func `behind, a strict server sees 99 percent of the budget used and refuses nothing`(latency: Duration)
        async throws
    {
        var options = SimulatorOptions()
        // Exactly as many as are allowed, in any second.
        options.requestsPerSecond = 4
        options.history = 400_000
        options.historySpan = .seconds(29 * 86_400)
        let bench = Bench(
            options,
            plan: CollectionPlan(pollInterval: .seconds(30), overlap: .seconds(600), rereadAfter: [], pageSize: 200),
            latency: latency)
        defer { bench.remove() }
        let spool = try bench.openSpool()
        let (clock, transport, ingestor) = (
            bench.clock, bench.transport, try bench.ingestor(spool, requestsPerSecond: 4)
        )
        try await clock.run(for: .seconds(360)) {
            await withTaskGroup { group in
                group.addTask { await ingestor.run() }
                await group.waitForAll()
            }
        }
        // The first half minute is for finding out how long windows may be.
        let begin = try #require(transport.sentAt.first) + .seconds(30)
        let steady = transport.sentAt.count { $0 >= begin && $0 < begin + .seconds(300) }
        #expect(Double(steady) >= 0.99 * 4 * 300)
        #expect(bench.twilio.summary(at: clock.wallNow.milliseconds).rateLimited == 0)
        #expect(bench.board.now.streams[bench.key]?.state == .catchingUp)
    }

    @Test func `a stream far behind is followed live beside its history`() async throws {
        var options = SimulatorOptions()
        options.requestsPerSecond = 0
        options.history = 100_000
        options.rate = 2
        let bench = Bench(
            options,
            plan: CollectionPlan(pollInterval: .seconds(10), overlap: .seconds(60), rereadAfter: [], pageSize: 100))
        defer { bench.remove() }
        let spool = try bench.openSpool()
        let (clock, ingestor) = (bench.clock, try bench.ingestor(spool, requestsPerSecond: 2))
        let begin = clock.wallNow
        try await clock.run(for: .seconds(200)) { await ingestor.run() }

        let records = try await bench.collected(spool)
        let live = records.filter { $0.origin.lane == .live }
        #expect(records.contains { $0.origin.lane == .catchUp })
        // All of the history takes 500 s and more; what happens now is there within a poll or two.
        #expect(records.count < 100_000)
        let fresh = bench.twilio.truth(account: bench.account.sid, dataset: .events, at: clock.wallNow.milliseconds)
            .filter { $0.date > begin.milliseconds && $0.date < (clock.wallNow - .seconds(40)).milliseconds }
        #expect(fresh.count > 200)
        #expect(Set(fresh.map(\.sid)).subtracting(live.map(\.id)).isEmpty)
        for lane in [Lane.live, .catchUp] {
            let order = records.filter { $0.origin.lane == lane }.map { ($0.entry.time.milliseconds, $0.id) }
            #expect(zip(order, order.dropFirst()).allSatisfy { $0 < $1 })
        }
    }

    @Test(arguments: [9000, 3000])
    func `a pile-up in one second of a long history costs a bounded number of requests`(count: Int) async throws {
        var options = SimulatorOptions()
        options.requestsPerSecond = 0
        let bench = Bench(
            options,
            plan: CollectionPlan(pollInterval: .seconds(60), overlap: .seconds(60), rereadAfter: [], pageSize: 1000))
        defer { bench.remove() }
        let spool = try bench.openSpool()
        let now = bench.clock.wallNow.milliseconds
        bench.twilio.emit(count, account: bench.account.sid, date: now - 11 * 86_400_000 - 12_345_678, at: now)
        let (clock, ingestor) = (bench.clock, try bench.ingestor(spool))
        try await clock.run { await ingestor.run(.once) }
        #expect(try await bench.collected(spool).count == count)
        // Finding it: at most log2(7 days in seconds) = 20 windows given up after at most 9 requests, and as many that
        // are sparse. Reading it: its pages, once more when it is confirmed. The rest: 30 days in windows that grow.
        let pages = (count + 999) / 1000
        #expect(bench.transport.requests.count <= 20 * 9 + 20 + 2 * (pages + 1) + 60)
    }

    @Test func `a burst on a quiet stream is collected without asking for the same again and again`() async throws {
        var options = SimulatorOptions()
        options.requestsPerSecond = 0
        let bench = Bench(
            options,
            plan: CollectionPlan(pollInterval: .seconds(30), overlap: .seconds(600), rereadAfter: [], pageSize: 50))
        defer { bench.remove() }
        let spool = try bench.openSpool()
        try await bench.collect(spool, for: .seconds(3600))
        let quiet = bench.transport.requests.count
        for second in 0..<20 {
            let date = bench.clock.wallNow.milliseconds - Int64(second) * 1000
            bench.twilio.emit(100, account: bench.account.sid, date: date, at: bench.clock.wallNow.milliseconds)
        }
        try await bench.collect(spool, for: .seconds(60))
        #expect(try await bench.collected(spool).count == 2000)
        // 40 pages, those of each second with its neighbours, two or three times within a minute; a few windows given
        // up after 9 requests.
        #expect(bench.transport.requests.count - quiet < 600)
    }

    @Test func `with memory for a page or two, everything is still collected, in order`() async throws {
        var options = SimulatorOptions()
        options.requestsPerSecond = 0
        options.history = 20_000
        options.rate = 5
        options.rateFor = .seconds(300)
        let bench = Bench(
            options,
            plan: CollectionPlan(pollInterval: .seconds(10), overlap: .seconds(60), rereadAfter: [], pageSize: 100),
            latency: .milliseconds(300), memory: 100_000)
        defer { bench.remove() }
        let spool = try bench.openSpool()
        try await bench.collect(spool, for: .seconds(3000))
        let records = try await bench.collected(spool)
        #expect(records.count == Set(records.map(\.id)).count)
        #expect(Set(records.map(\.id)) == bench.readable())
        let order = records.filter { $0.origin.lane == .catchUp }.map { ($0.entry.time.milliseconds, $0.id) }
        #expect(zip(order, order.dropFirst()).allSatisfy { $0 < $1 })
    }

    @Test func `max_reads_per_day puts looking again off, then polls, and everything comes the next day`() async throws
    {
        var options = SimulatorOptions()
        options.requestsPerSecond = 0
        options.rate = 0.05
        let plan = CollectionPlan(pollInterval: .seconds(120), overlap: .seconds(600), rereadAfter: [], pageSize: 1000)
        let limited = Bench(options, plan: plan, start: .ago(.seconds(3600)), dailyReads: 6_000)
        defer { limited.remove() }
        let spool = try limited.openSpool()
        try await limited.collect(spool, for: .seconds(2 * 86_400))
        // 4,320 records come in a day; each is read about five times without a limit.
        let reads = limited.twilio.summary(at: limited.clock.wallNow.milliseconds).reads
        #expect(reads < 3 * 6_200)
        let collected = try await limited.collected(spool).map(\.id)
        #expect(collected.count == Set(collected).count)
        let yesterday = (limited.clock.wallNow - .seconds(86_400)).milliseconds
        let due = limited.twilio.truth(
            account: limited.account.sid, dataset: .events, at: limited.clock.wallNow.milliseconds
        ).filter { $0.date < yesterday }
        #expect(due.count > 4_000)
        let known = Set(collected)
        let missing = due.filter { !known.contains($0.sid) }
        #expect(missing.isEmpty, "\(missing.count) are missing, from \(missing.first?.date ?? 0) on")
    }
}
