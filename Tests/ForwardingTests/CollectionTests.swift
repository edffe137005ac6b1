import Forwarding
import PipelineCore
import PipelineTestKit
import Simulating
import Spooling
import Testing
import Transport

@Suite struct CollectionTests {
    @Test func `records that come late are all collected, once, and each is read about five times`() async throws {
        var options = SimulatorOptions()
        options.requestsPerSecond = 0
        options.rate = 20
        options.rateFor = .seconds(900)
        options.late = 0.2
        options.lateMax = .seconds(60)
        let bench = Bench(options)
        defer { bench.remove() }
        let spool = try bench.openSpool()
        try await bench.collect(spool, for: .seconds(1200))

        let collected = try await bench.collected(spool).map(\.id)
        #expect(collected.count > 17_000)
        #expect(Set(collected) == bench.readable())
        #expect(collected.count == Set(collected).count)
        #expect((3...6).contains(bench.meanReads))
    }

    @Test func `how often a record is read does not depend on the poll interval`() async throws {
        var options = SimulatorOptions()
        options.requestsPerSecond = 0
        options.rate = 20
        options.rateFor = .seconds(600)
        var plan = CollectionPlan.test
        plan.pollInterval = .seconds(2)
        let bench = Bench(options, plan: plan)
        defer { bench.remove() }
        let spool = try bench.openSpool()
        try await bench.collect(spool, for: .seconds(900))
        #expect(Set(try await bench.collected(spool).map(\.id)) == bench.readable())
        // Twice a tick of margin on windows of two seconds is what is left of it.
        #expect((3...7).contains(bench.meanReads))
    }

    @Test func `each lane leaves in the order of time and SID`() async throws {
        var options = SimulatorOptions()
        options.requestsPerSecond = 0
        options.history = 3000
        options.rate = 5
        options.late = 0.3
        options.lateMax = .seconds(20)
        let bench = Bench(options)
        defer { bench.remove() }
        let spool = try bench.openSpool()
        try await bench.collect(spool, for: .seconds(300))
        let records = try await bench.collected(spool)
        for lane in [Lane.live, .catchUp] {
            let order = records.filter { $0.origin.lane == lane }.map { ($0.entry.time.milliseconds, $0.id) }
            #expect(order.count > 100)
            #expect(zip(order, order.dropFirst()).allSatisfy { $0 < $1 })
        }
        #expect(records.contains { $0.origin.lane == .late })
    }

    @Test func `a record is there within the poll interval and two and a half seconds`() async throws {
        var options = SimulatorOptions()
        options.requestsPerSecond = 0
        options.rate = 5
        let bench = Bench(
            options,
            plan: CollectionPlan(pollInterval: .seconds(1), overlap: .seconds(60), rereadAfter: [], pageSize: 1000))
        defer { bench.remove() }
        let spool = try bench.openSpool()
        // The first half minute is for finding out how late the server's clock is.
        let begin = bench.clock.wallNow + .seconds(30)
        let bound: Duration = .milliseconds(3500)
        // Looked at each tenth of a second: what has been readable for longer than that must be there.
        let ingestor = try bench.ingestor(spool)
        try await bench.clock.run(for: .seconds(60)) {
            await withTaskGroup { group in
                group.addTask { await ingestor.run() }
                group.addTask {
                    while (try? await bench.clock.sleep(for: .milliseconds(100))) != nil {
                        let now = bench.clock.wallNow
                        let due = bench.twilio.truth(
                            account: bench.account.sid, dataset: .events, at: now.milliseconds
                        ).filter {
                            $0.date > begin.milliseconds && $0.readableAt <= (now - bound).milliseconds
                        }.map(\.sid)
                        let taken = Set((try? await bench.collected(spool))?.map(\.id) ?? [])
                        #expect(taken.isSuperset(of: due), "\(now)")
                    }
                }
            }
        }
        #expect(try await bench.collected(spool).count > 200)
    }

    @Test func `a quiet account costs one request a poll and little more`() async throws {
        var options = SimulatorOptions()
        options.rate = 0.01
        options.late = 0.5
        let bench = Bench(options)
        defer { bench.remove() }
        let spool = try bench.openSpool()
        try await bench.collect(spool, for: .seconds(3600))
        let late = bench.clock.wallNow.milliseconds - 130_000
        let due = bench.twilio.truth(account: bench.account.sid, dataset: .events, at: late).map(\.sid)
        #expect(Set(try await bench.collected(spool).map(\.id)).isSuperset(of: due))
        // 360 polls, and looks at the empty past at the beginning.
        #expect(bench.transport.requests.count < 500)
    }

    @Test(arguments: [
        SimulatedFault.serverError, .unavailable, .tooMany, .truncated, .reset, .malformedJSON,
        .unauthorized,
    ])
    func `trouble of every kind costs nothing`(fault: SimulatedFault) async throws {
        var options = SimulatorOptions()
        options.requestsPerSecond = 0
        options.history = 4000
        options.rate = 5
        options.rateFor = .seconds(300)
        options.faults = [fault: 0.2]
        let bench = Bench(
            options,
            plan: CollectionPlan(pollInterval: .seconds(10), overlap: .seconds(120), rereadAfter: [], pageSize: 100))
        defer { bench.remove() }
        let spool = try bench.openSpool()
        try await bench.collect(spool, for: .seconds(3600))
        let collected = try await bench.collected(spool).map(\.id)
        #expect(collected.count == Set(collected).count)
        #expect(Set(collected) == bench.readable())
    }

    @Test(arguments: [SimulatedFault.nextElsewhere, .redirect])
    func `a server that leads elsewhere is refused, and credentials go nowhere else`(fault: SimulatedFault) async throws
    {
        var options = SimulatorOptions()
        options.requestsPerSecond = 0
        options.history = 500
        options.faults = [fault: 1]
        let bench = Bench(options)
        defer { bench.remove() }
        let spool = try bench.openSpool()
        try await bench.collect(spool, for: .seconds(600))
        #expect(try await bench.collected(spool).isEmpty)
        #expect(Set(bench.transport.requests.map(\.url.origin.host)) == ["monitor.test"])
        // No hot loop: pauses grow to five minutes.
        #expect(bench.transport.requests.count < 60)
        bench.twilio.setFault(fault, rate: 0)
        try await bench.collect(spool, for: .seconds(1200))
        #expect(Set(try await bench.collected(spool).map(\.id)) == bench.readable())
    }

    @Test func `a refused credential is probed on, and works again without a restart`() async throws {
        var options = SimulatorOptions()
        options.requestsPerSecond = 0
        options.history = 100
        options.faults = [.unauthorized: 1]
        let bench = Bench(options)
        defer { bench.remove() }
        let spool = try bench.openSpool()
        try await bench.collect(spool, for: .seconds(3600))
        #expect(bench.board.now.streams[bench.key]?.state == .authFailed)
        #expect(bench.board.now.streams[bench.key]?.lastError?.contains("20003") == true)
        #expect((30..<150).contains(bench.transport.requests.count))
        bench.twilio.setFault(.unauthorized, rate: 0)
        try await bench.collect(spool, for: .seconds(600))
        #expect(try await bench.collected(spool).count == 100)
        #expect(bench.board.now.streams[bench.key]?.failures == 0)
    }

    @Test func `empty answers where there is something are found out`() async throws {
        var options = SimulatorOptions()
        options.requestsPerSecond = 0
        options.history = 2000
        options.rate = 5
        options.rateFor = .seconds(60)
        options.faults = [.emptyPage: 1]
        let bench = Bench(options)
        defer { bench.remove() }
        let spool = try bench.openSpool()
        try await bench.collect(spool, for: .seconds(25))
        #expect(try await bench.collected(spool).isEmpty)
        #expect(bench.transport.requests.count > 5)
        bench.twilio.setFault(.emptyPage, rate: 0)
        try await bench.collect(spool, for: .seconds(600))
        let collected = try await bench.collected(spool).map(\.id)
        #expect(collected.count == Set(collected).count)
        #expect(Set(collected) == bench.readable())
    }

    @Test func `a wall clock that is a day off changes nothing`() async throws {
        for offset in [Duration.seconds(-86_400), .seconds(86_400)] {
            var options = SimulatorOptions()
            options.requestsPerSecond = 0
            options.rate = 2
            options.rateFor = .seconds(300)
            options.clockSkew = offset
            // The skewed simulator is right by definition: its Date is what differs from our wall clock.
            let bench = Bench(options)
            defer { bench.remove() }
            let spool = try bench.openSpool()
            try await bench.collect(spool, for: .seconds(1200))
            if offset > .zero {
                #expect(Set(try await bench.collected(spool).map(\.id)) == bench.readable())
            } else {
                // Windows end a day ago, by the only clock that counts; nothing is invented.
                #expect(Set(try await bench.collected(spool).map(\.id)).isSubset(of: bench.readable()))
            }
        }
    }

    @Test func `once reads what is there at the first answer, and again only what is new`() async throws {
        var options = SimulatorOptions()
        options.requestsPerSecond = 0
        options.history = 5000
        let bench = Bench(options)
        defer { bench.remove() }
        let spool = try bench.openSpool()
        let clock = bench.clock
        try await clock.run { [ingestor = try bench.ingestor(spool)] in await ingestor.run(.once) }
        #expect(try await bench.collected(spool).count == 5000)
        #expect(bench.board.now.streams[bench.key]?.state == .done)

        try await clock.run { [ingestor = try bench.ingestor(spool)] in await ingestor.run(.once) }
        #expect(try await bench.collected(spool).count == 5000)
        let new = bench.twilio.emit(7, account: bench.account.sid, at: bench.clock.wallNow.milliseconds)
        try await clock.run { [ingestor = try bench.ingestor(spool)] in await ingestor.run(.once) }
        #expect(Set(try await bench.collected(spool).suffix(7).map(\.id)) == Set(new))
        #expect(try await bench.collected(spool).count == 5007)
    }

    @Test func `many records of one second are collected once, whatever windows end there`() async throws {
        var options = SimulatorOptions()
        options.requestsPerSecond = 0
        let bench = Bench(
            options,
            plan: CollectionPlan(pollInterval: .seconds(1), overlap: .seconds(120), rereadAfter: [], pageSize: 100))
        defer { bench.remove() }
        let spool = try bench.openSpool()
        try await bench.collect(spool, for: .seconds(30))
        var issued: Set<String> = []
        for burst in 0..<20 {
            issued.formUnion(bench.twilio.emit(700, account: bench.account.sid, at: bench.clock.wallNow.milliseconds))
            try await bench.collect(spool, for: .milliseconds(300 + burst * 170))
        }
        try await bench.collect(spool, for: .seconds(300))
        let collected = try await bench.collected(spool).map(\.id)
        #expect(collected.count == 14_000)
        #expect(Set(collected) == issued)
    }

    @Test func `a restart at any moment goes on where the spool is`() async throws {
        var options = SimulatorOptions()
        options.requestsPerSecond = 0
        options.history = 3000
        options.rate = 3
        options.rateFor = .seconds(400)
        options.late = 0.2
        options.lateMax = .seconds(30)
        let bench = Bench(options)
        defer { bench.remove() }
        for _ in 0..<40 {
            let spool = try bench.openSpool()
            try await bench.collect(spool, for: .seconds(11))
            // No flush: as after a kill.
            try await spool.close()
        }
        let spool = try bench.openSpool()
        try await bench.collect(spool, for: .seconds(600))
        let collected = try await bench.collected(spool).map(\.id)
        #expect(collected.count == Set(collected).count)
        #expect(Set(collected) == bench.readable())
    }

    @Test func `a stream so dense that one poll is many windows does not fall behind`() async throws {
        var options = SimulatorOptions()
        options.requestsPerSecond = 0
        options.rate = 100
        let plan = CollectionPlan(pollInterval: .seconds(20), overlap: .seconds(60), rereadAfter: [], pageSize: 50)
        let bench = Bench(options, plan: plan, start: .ago(.zero))
        defer { bench.remove() }
        let spool = try bench.openSpool()
        try await bench.collect(spool, for: .seconds(240))
        let records = try await bench.collected(spool)
        #expect(records.count > 20_000)
        #expect(!records.contains { $0.origin.lane == .catchUp })
        let stream = try #require(try StateReader(bench.directory).summary().streams.first)
        #expect((bench.clock.wallNow - stream.completeUpTo) < .seconds(30))
    }

    @Test func `history settles and is not read for ever`() async throws {
        var options = SimulatorOptions()
        options.requestsPerSecond = 0
        options.history = 5000
        let bench = Bench(options)
        defer { bench.remove() }
        let spool = try bench.openSpool()
        try await bench.collect(spool, for: .seconds(7200))
        let reads = bench.twilio.summary(at: bench.clock.wallNow.milliseconds).reads
        #expect(reads < 5000 * 4)
        try await bench.collect(spool, for: .seconds(7200))
        #expect(bench.twilio.summary(at: bench.clock.wallNow.milliseconds).reads < reads + 50)
        let stream = try #require(try StateReader(bench.directory).summary().streams.first)
        #expect(stream.coverage.intervals.count < 100)
        #expect(stream.coverage.intervals.first?.state == .finished)
    }
}
