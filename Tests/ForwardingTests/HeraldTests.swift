import Foundation
import PipelineCore
import PipelineTestKit
import Simulating
import Spooling
import Testing

@testable import Forwarding

@Suite struct HeraldTests {
    private static func options() -> SimulatorOptions {
        var options = SimulatorOptions()
        options.requestsPerSecond = 0
        options.history = 100
        return options
    }

    private static func herald(_ bench: Bench, _ spool: Spool, heartbeat: Duration? = .seconds(300)) -> Herald {
        let account = Herald.Account(name: "test", sid: bench.account.sid)
        return Herald(bench.surroundings(spool), accounts: { [account] }, heartbeat: { heartbeat }, version: "1.0.0")
    }

    private static func own(_ bench: Bench, _ spool: Spool) async throws -> [(type: String, facts: [String: Any])] {
        try await bench.collected(spool).filter { $0.origin.dataset == .twilship }.map { record in
            let facts = try JSONSerialization.jsonObject(with: Data(record.raw)) as? [String: Any]
            return (record.type, try #require(facts))
        }
    }

    @Test func `each interval brings one heartbeat of each account, and a quiet account is told from a dead one`()
        async throws
    {
        let bench = Bench(Self.options())
        defer { bench.remove() }
        let spool = try bench.openSpool()
        _ = try await spool.attach([("siem", .oldest)])
        let (ingestor, herald) = (try bench.ingestor(spool), Self.herald(bench, spool))
        try await bench.clock.run(for: .seconds(1000)) {
            async let collecting: Void = ingestor.run()
            await herald.run()
            await collecting
        }
        let beats = try await Self.own(bench, spool)
        #expect(beats.map(\.type) == Array(repeating: "twilship.heartbeat", count: 3))
        let last = try #require(beats.last?.facts)
        #expect(last["account"] as? String == "test")
        #expect(last["version"] as? String == "1.0.0")
        let dataset = try #require((last["datasets"] as? [[String: Any]])?.first)
        #expect(dataset["dataset"] as? String == "monitor.events")
        #expect(dataset["collected"] as? Int == 100)
        #expect(try #require(dataset["lag_seconds"] as? Double) < 60)
        let sink = try #require((last["sinks"] as? [[String: Any]])?.first)
        #expect(sink["sink"] as? String == "siem")
        // Two heartbeats before it wait, too.
        #expect(sink["waiting"] as? Int == 102)
        #expect(try #require(sink["oldest_waiting_seconds"] as? Double) > 800)
    }

    @Test func `without an interval there are no heartbeats, and what is announced is told all the same`() async throws
    {
        let bench = Bench(Self.options())
        defer { bench.remove() }
        let spool = try bench.openSpool()
        let herald = Self.herald(bench, spool, heartbeat: nil)
        try await spool.announceCommand("replay", arguments: [:], uid: 1000)
        try await bench.clock.run(for: .seconds(1000)) { await herald.run() }
        #expect(try await Self.own(bench, spool).map(\.type) == ["twilship.operator"])
    }

    @Test func `another interval counts from when it is there`() async throws {
        let bench = Bench(Self.options())
        defer { bench.remove() }
        let spool = try bench.openSpool()
        let account = Herald.Account(name: "test", sid: bench.account.sid)
        let clock = bench.clock
        let reload = clock.wallNow + .seconds(550)
        let herald = Herald(
            bench.surroundings(spool), accounts: { [account] },
            heartbeat: { clock.wallNow < reload ? .seconds(300) : .seconds(100) }, version: "1.0.0")
        try await bench.clock.run(for: .seconds(1000)) { await herald.run() }
        let beats = try await Self.own(bench, spool)
        // At 300 s, and at 650, 750, 850 and 950 s.
        #expect(beats.count == 5)
    }

    @Test func `a full spool leaves heartbeats out, and they come back with room`() async throws {
        var many = Self.options()
        many.history = 3000
        let bench = Bench(
            many, plan: CollectionPlan(pollInterval: .seconds(10), overlap: .seconds(120), rereadAfter: [], pageSize: 5)
        )
        defer { bench.remove() }
        let spool = try bench.openSpool(
            SpoolOptions(maximumBytes: 1_600_000, retain: .seconds(86_400), segmentBytes: 800_000))
        _ = try await spool.attach([("siem", .oldest)])
        let (ingestor, herald) = (try bench.ingestor(spool), Self.herald(bench, spool, heartbeat: .seconds(60)))
        try await bench.clock.run(for: .seconds(50)) { await ingestor.run() }
        let lack = try await spool.lackOfRoom()
        #expect(lack != nil)
        try await bench.clock.run(for: .seconds(300)) { await herald.run() }
        #expect(try await Self.own(bench, spool).isEmpty)
        let last = await spool.lastSequence
        try await spool.settle(Settlement(sink: "siem", sequences: 1...last, attempts: 1))
        try await bench.clock.run(for: .seconds(130)) { await herald.run() }
        let records = try await spool.read(last + 1...last + 10)
        #expect(records.map(\.type) == Array(repeating: "twilship.heartbeat", count: 2))
    }

    // MARK: - Failing streams

    private static func place(_ failures: Int, refused: Bool = false, worked: Bool = true) -> WatchedPlace {
        WatchedPlace(
            id: "a", name: "AC1/monitor.events", account: Herald.Account(name: "test", sid: "AC1"),
            dataset: .monitorEvents, names: StreamNames(), failures: failures, isRefused: refused,
            lastError: "GET x answered 503", workedAt: worked ? Timestamp(milliseconds: 0) : nil)
    }

    private static let start = ContinuousClock.now

    private static func changes(_ watch: inout TroubleWatch, _ places: [WatchedPlace], after seconds: Int) -> [String] {
        let changes = watch.changes(
            places, at: start + .seconds(seconds), wall: Timestamp(milliseconds: Int64(seconds) * 1000))
        for change in changes { watch.wasTold(change) }
        return changes.map { change in
            switch change {
            case .fails(_, let since): "fails since \(since.milliseconds / 1000)"
            case .works(_, let since): "works, failed since \(since.milliseconds / 1000)"
            case .isGone: "is gone"
            }
        }
    }

    @Test func `a failure is told after five minutes, a refused credential at once, each with its end`() {
        var watch = TroubleWatch()
        #expect(Self.changes(&watch, [Self.place(1)], after: 10).isEmpty)
        #expect(Self.changes(&watch, [Self.place(9)], after: 309).isEmpty)
        #expect(Self.changes(&watch, [Self.place(9)], after: 310) == ["fails since 10"])
        #expect(Self.changes(&watch, [Self.place(10)], after: 900).isEmpty)
        #expect(Self.changes(&watch, [Self.place(0)], after: 910) == ["works, failed since 10"])
        #expect(Self.changes(&watch, [Self.place(0)], after: 911).isEmpty)
        #expect(Self.changes(&watch, [Self.place(1, refused: true)], after: 920) == ["fails since 920"])
        #expect(Self.changes(&watch, [], after: 930) == ["is gone"])
        #expect(!watch.isWatching)
    }

    @Test func `what fails for a moment is not told`() {
        var watch = TroubleWatch()
        for second in stride(from: 0, to: 2000, by: 200) {
            #expect(Self.changes(&watch, [Self.place(1)], after: second).isEmpty)
            #expect(Self.changes(&watch, [Self.place(0)], after: second + 100).isEmpty)
        }
    }

    @Test func `after a restart a failure is not told again, and its end is told once it works`() {
        var watch = TroubleWatch(announced: ["a": Timestamp(milliseconds: 7000)])
        #expect(Self.changes(&watch, [], after: 0).isEmpty)
        #expect(Self.changes(&watch, [Self.place(0, worked: false)], after: 2).isEmpty)
        #expect(Self.changes(&watch, [Self.place(5)], after: 900).isEmpty)
        #expect(Self.changes(&watch, [Self.place(0)], after: 910) == ["works, failed since 7"])
    }

    @Test func `a credential that is refused is announced with what Twilio said`() async throws {
        let bench = Bench(Self.options())
        defer { bench.remove() }
        let spool = try bench.openSpool()
        let herald = Self.herald(bench, spool, heartbeat: nil)
        let refused = try bench.ingestor(spool, password: "wrong")
        try await bench.clock.run(for: .seconds(60)) {
            async let collecting: Void = refused.run()
            await herald.run()
            await collecting
        }
        let told = try await Self.own(bench, spool)
        #expect(told.map(\.type) == ["twilship.stream.failing"])
        #expect(told[0].facts["state"] as? String == "auth_failed")
        #expect(told[0].facts["stream"] as? String == bench.key.description)
        #expect((told[0].facts["last_error"] as? String)?.contains("401") == true)
        let again = try bench.ingestor(spool)
        try await bench.clock.run(for: .seconds(60)) {
            async let collecting: Void = again.run()
            await Self.herald(bench, spool, heartbeat: nil).run()
            await collecting
        }
        #expect(
            try await Self.own(bench, spool).map(\.type) == ["twilship.stream.failing", "twilship.stream.recovered"])
    }
}
