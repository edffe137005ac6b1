import PipelineCore
import PipelineTestKit
import Spooling
import Testing

@testable import Forwarding

/// What `DispatcherTests` leaves: several batches at once, restarts, refusals, and what goes behind live records.
@Suite struct DeliveryTests {
    private static func withBench(_ body: (inout DeliveryBench) async throws -> Void) async throws {
        var bench = try DeliveryBench()
        defer { bench.remove() }
        try await bench.attach()
        try await body(&bench)
        try await bench.spool.close()
    }

    @Test func `batches of several streams are on their way at once, each stream's own one after the other`()
        async throws
    {
        try await Self.withBench { bench in
            bench.options.inFlight = 3
            for round in 0..<10 {
                for stream in 1...3 { try await bench.append(40 + round, stream: stream) }
            }
            bench.options.maximumRecords = 30
            let clock = bench.clock
            let sink = RecordingSink(outstanding: 3) { attempt, _ in
                // The later one is asked, the sooner it answers.
                try? await clock.sleep(for: .milliseconds(900 - 50 * (attempt % 10)))
                return .accepted()
            }
            try await bench.clock.run { [bench] in await bench.deliver(to: sink) }
            #expect(sink.mostAtOnce == 3)
            let last = await bench.spool.lastSequence
            #expect(sink.accepted.map(\.sequence).sorted() == Array(1...last))
            for account in Set(sink.accepted.map(\.origin.account)) {
                let own = sink.batches.flatMap(\.records).filter { $0.origin.account == account }.map(\.sequence)
                #expect(own == own.sorted())
            }
            let position = try await bench.spool.position(of: "siem")
            #expect(position == last)
        }
    }

    @Test func `one that is recalled settles what is on its way and sends nothing more; another goes on behind it`()
        async throws
    {
        try await Self.withBench { bench in
            try await bench.append(250)
            let clock = bench.clock
            let first = RecordingSink { _, _ in
                try? await clock.sleep(for: .seconds(3))
                return .accepted()
            }
            let dispatcher = bench.dispatcher(first)
            try await bench.clock.run {
                async let running: Void = dispatcher.run()
                try? await clock.sleep(for: .seconds(1))
                dispatcher.recall()
                await running
            }
            #expect(first.accepted.count == 100)
            let position = try await bench.spool.position(of: "siem")
            #expect(position == 100)
            let second = RecordingSink()
            try await bench.clock.run { [bench] in await bench.deliver(to: second) }
            #expect(second.accepted.map(\.sequence) == Array(101...250))
        }
    }

    @Test func `one that is recalled does not wait for a sink that fails`() async throws {
        try await Self.withBench { bench in
            try await bench.append(10)
            let clock = bench.clock
            let sink = RecordingSink { _, _ in .retry(after: .seconds(600), reason: "down") }
            let dispatcher = bench.dispatcher(sink)
            let before = clock.monotonicNow
            try await bench.clock.run {
                async let running: Void = dispatcher.run()
                try? await clock.sleep(for: .seconds(1))
                dispatcher.recall()
                await running
            }
            #expect(before.duration(to: clock.monotonicNow) < .seconds(60))
            #expect(sink.batches.count == 1)
        }
    }

    @Test func `a batch is the same after a restart, with the same key, until it is settled`() async throws {
        try await Self.withBench { bench in
            try await bench.append(150)
            let ending = bench.ending
            let first = RecordingSink(pinsBatches: true) { _, _ in
                ending.request(.soon)
                return .retry(reason: "down")
            }
            await bench.dispatcher(first).run()
            // By now a larger batch could be cut.
            try await bench.append(5)
            bench.options.maximumRecords = 1000
            let second = RecordingSink(pinsBatches: true)
            try await bench.clock.run { [bench] in await bench.deliver(to: second) }
            #expect(second.batches.map(\.records.count) == [100, 55])
            #expect(second.batches.first?.key == first.batches.first?.key)
            #expect(Set(second.batches.map(\.key)).count == 2)
            let cuts = try await bench.spool.cuts(of: "siem")
            #expect(cuts.isEmpty)
        }
    }

    @Test func `a batch that was cut for another form is cut anew, and has another key`() async throws {
        try await Self.withBench { bench in
            try await bench.append(150)
            let ending = bench.ending
            let first = RecordingSink(pinsBatches: true) { _, _ in
                ending.request(.soon)
                return .retry(reason: "down")
            }
            await bench.dispatcher(first).run()
            bench.options.maximumRecords = 1000
            bench.options.form = "other"
            let second = RecordingSink(pinsBatches: true)
            try await bench.clock.run { [bench] in await bench.deliver(to: second) }
            #expect(second.batches.map(\.records.count) == [150])
            #expect(second.batches.first?.key != first.batches.first?.key)
        }
    }

    @Test func `what a sink refuses for good becomes a dead letter, and the others are delivered`() async throws {
        try await Self.withBench { bench in
            try await bench.append(250)
            let sink = RecordingSink { _, batch in
                batch.records.contains { $0.sequence == 42 } ? .split(reason: "400: no such field") : .accepted()
            }
            try await bench.clock.run { [bench] in await bench.deliver(to: sink) }
            #expect(sink.accepted.map(\.sequence).sorted() == (1...250).filter { $0 != 42 })
            let letters = try await bench.spool.deadLetters(sink: "siem", limit: 10)
            #expect(letters.map(\.reason) == ["400: no such field"])
            let backlogs = try await bench.spool.backlogs()
            #expect(backlogs == ["siem": 0])
            let status = try #require(try StateReader(bench.directory).summary().sinks.first)
            #expect(status.delivered == 249)
        }
    }

    @Test func `a sink that refuses everything is held until it does not, and nothing is given up`() async throws {
        try await Self.withBench { bench in
            try await bench.append(250)
            let board = bench.board
            let sink = RecordingSink { attempt, _ in
                if attempt == 39 { #expect(board.now.sinks["siem"]?.state == .held) }
                return attempt < 40 ? .split(reason: "404") : .accepted()
            }
            try await bench.clock.run { [bench] in await bench.deliver(to: sink) }
            #expect(sink.accepted.map(\.sequence).sorted() == Array(1...250))
            let letters = try await bench.spool.deadLetters(sink: "siem", limit: 10)
            #expect(letters.isEmpty)
        }
    }

    @Test func `many refused records in a row do not hold what follows them`() async throws {
        try await Self.withBench { bench in
            try await bench.append(250)
            let sink = RecordingSink { _, batch in
                batch.records.contains { (21...50).contains($0.sequence) } ? .split(reason: "413") : .accepted()
            }
            try await bench.clock.run { [bench] in await bench.deliver(to: sink) }
            #expect(sink.accepted.map(\.sequence).sorted() == Array(1...20) + Array(51...250))
            let letters = try await bench.spool.deadLetters(sink: "siem", limit: 100)
            #expect(letters.count == 30)
        }
    }

    @Test func `a sink that failed is tried again while another batch waits to be confirmed`() async throws {
        try await Self.withBench { bench in
            bench.options.inFlight = 2
            try await bench.append(10, stream: 1)
            try await bench.append(10, stream: 2)
            let clock = bench.clock
            let begun = clock.monotonicNow
            let sink = RecordingSink(outstanding: 2) { attempt, _ in
                switch attempt {
                case 1:
                    try? await clock.sleep(for: .seconds(600))
                    return .accepted()
                case 2: return .retry(reason: "busy")
                default:
                    #expect(begun.duration(to: clock.monotonicNow) < .seconds(60))
                    return .accepted()
                }
            }
            bench.options.maximumRecords = 10
            try await bench.clock.run { [bench] in await bench.deliver(to: sink) }
            #expect(sink.batches.count == 3)
        }
    }

    @Test func `what the first kernel had when the connection broke is sent again, in order`() async throws {
        try await Self.withBench { bench in
            bench.options.inFlight = 4
            bench.options.maximumRecords = 10
            for _ in 1...5 {
                for stream in 1...2 { try await bench.append(50, stream: stream) }
            }
            let clock = bench.clock
            let begun = clock.monotonicNow
            let sink = RecordingSink(outstanding: 1024, guarantee: .firstKernel, handsOver: true) { _, _ in
                // Ten seconds after the first batch the connection breaks, with all that is on it.
                let left = Duration.seconds(10) - begun.duration(to: clock.monotonicNow)
                try? await clock.sleep(for: left > .zero ? left : .seconds(2))
                return left > .zero ? .retry(reason: "closed") : .accepted()
            }
            try await bench.clock.run { [bench] in await bench.deliver(to: sink) }
            #expect(sink.accepted.map(\.sequence).sorted() == Array(1...500))
            #expect(sink.batches.count == 100)
            for account in ["account1", "account2"] {
                let again = sink.batches.suffix(50).flatMap(\.records).filter { $0.origin.account == account }
                #expect(again.map(\.sequence) == again.map(\.sequence).sorted())
            }
            let position = try await bench.spool.position(of: "siem")
            #expect(position == 500)
        }
    }

    @Test func `what is sent again on demand is not done with when the connection breaks under it`() async throws {
        try await Self.withBench { bench in
            try await bench.append(10)
            await bench.deliver(to: RecordingSink())
            _ = try await bench.spool.addReplay(
                sink: "siem", from: Timestamp(milliseconds: 0), to: bench.clock.wallNow + .seconds(86_400),
                requestedBy: 0)
            try await bench.append(5)
            let (clock, begun) = (bench.clock, bench.clock.monotonicNow)
            bench.options.inFlight = 4
            let sink = RecordingSink(outstanding: 16, guarantee: .firstKernel, handsOver: true) { _, batch in
                // Live records are handed over first; what is sent again breaks with them, and is told of it first.
                let isReplay = batch.records.contains(where: \.isReplay)
                let left = .milliseconds(isReplay ? 9_999 : 10_000) - begun.duration(to: clock.monotonicNow)
                try? await clock.sleep(for: left > .zero ? left : .seconds(2))
                return left > .zero ? .retry(reason: "closed") : .accepted()
            }
            try await bench.clock.run { [bench] in await bench.deliver(to: sink) }
            #expect(sink.accepted.filter(\.isReplay).count == 10)
            #expect(sink.accepted.filter { !$0.isReplay }.count == 5)
            let open = try await bench.spool.replays(openOnly: true)
            #expect(open.isEmpty)
        }
    }

    @Test func `what a filter leaves out is left out of what is sent again, too`() async throws {
        try await Self.withBench { bench in
            try await bench.append(6, stream: 1)
            try await bench.append(4, stream: 2)
            let refusing = RecordingSink { _, batch in
                batch.records.contains { [2, 8].contains($0.sequence) } ? .split(reason: "400") : .accepted()
            }
            try await bench.clock.run { [bench] in await bench.deliver(to: refusing) }
            let letters = try await bench.spool.deadLetters(sink: "siem", limit: 10)
            #expect(letters.count == 2)
            bench.filter.accounts = ["account1"]
            let until = bench.clock.wallNow + .seconds(86_400)
            _ = try await bench.spool.addReplay(
                sink: "siem", from: Timestamp(milliseconds: 0), to: until, requestedBy: 0)
            _ = try await bench.spool.requestReplay(deadLetters: .all(sink: "siem"))
            let sink = RecordingSink()
            try await bench.clock.run { [bench] in await bench.deliver(to: sink) }
            #expect(sink.accepted.map(\.origin.account) == [String](repeating: "account1", count: 7))
            let left = try await bench.spool.deadLetters(sink: "siem", limit: 10)
            #expect(left.count == 1)
            let open = try await bench.spool.replays(openOnly: true)
            #expect(open.isEmpty)
            // All of it is unwanted now.
            bench.filter.accounts = ["account3"]
            _ = try await bench.spool.addReplay(
                sink: "siem", from: Timestamp(milliseconds: 0), to: until, requestedBy: 0)
            let idle = RecordingSink()
            try await bench.clock.run { [bench] in await bench.deliver(to: idle) }
            #expect(idle.batches.isEmpty)
        }
    }

    @Test func `a held sink is asked again with growing pauses`() async throws {
        try await Self.withBench { bench in
            try await bench.append(10)
            let sink = RecordingSink { attempt, _ in attempt <= 10 ? .hold(reason: "401") : .accepted() }
            let before = bench.clock.monotonicNow
            try await bench.clock.run { [bench] in await bench.deliver(to: sink) }
            #expect(sink.batches.count == 11)
            #expect(before.duration(to: bench.clock.monotonicNow) > .seconds(20))
        }
    }

    @Test func `what a backfill read goes behind what is live, whatever came first`() async throws {
        try await Self.withBench { bench in
            try await bench.append(50, lane: .backfill)
            try await bench.append(60, stream: 2)
            try await bench.append(50, lane: .backfill)
            try await bench.append(60, stream: 2)
            let sink = RecordingSink()
            try await bench.clock.run { [bench] in await bench.deliver(to: sink) }
            #expect(
                sink.accepted.map(\.sequence) == Array(51...110) + Array(161...220) + Array(1...50) + Array(111...160))
            let position = try await bench.spool.position(of: "siem")
            #expect(position == 220)
        }
    }

    @Test func `what is sent again on demand is marked and behind what is live, in parts if need be`() async throws {
        try await Self.withBench { bench in
            try await bench.append(120)
            await bench.deliver(to: RecordingSink())
            let job = try await bench.spool.addReplay(
                sink: "siem", from: Timestamp(milliseconds: 0), to: bench.clock.wallNow + .seconds(86_400),
                requestedBy: 0)
            #expect(job != nil)
            try await bench.append(10)
            let sink = RecordingSink { _, batch in batch.records.count > 40 ? .split(reason: "413") : .accepted() }
            try await bench.clock.run { [bench] in await bench.deliver(to: sink) }
            #expect(
                sink.accepted.map(\.isReplay) == [Bool](repeating: false, count: 10)
                    + [Bool](repeating: true, count: 120))
            #expect(Set(sink.accepted.map(\.id)).count == 130)
            let open = try await bench.spool.replays(openOnly: true)
            #expect(open.isEmpty)
        }
    }

    @Test func `behind a batch on its way, records wait for others to fill the next one`() async throws {
        try await Self.withBench { bench in
            bench.options.maximumWait = .seconds(5)
            bench.options.inFlight = 4
            let (clock, ending) = (bench.clock, bench.ending)
            let sink = RecordingSink(outstanding: 4) { _, _ in
                try? await clock.sleep(for: .seconds(60))
                return .accepted()
            }
            try await bench.clock.run { [bench] in
                await withDiscardingTaskGroup { group in
                    group.addTask { await bench.dispatcher(sink).run() }
                    group.addTask {
                        // Each is of another stream, so nothing but the wait holds it.
                        for stream in 1...8 {
                            try? await bench.append(1, stream: stream)
                            try? await clock.sleep(for: .seconds(1))
                        }
                        try? await clock.sleep(for: .seconds(10))
                        ending.request(.whenDelivered)
                    }
                }
            }
            // The first goes at once; what comes within five seconds goes together.
            #expect(sink.batches.first?.records.count == 1)
            #expect((2...3).contains(sink.batches.count))
            #expect(sink.accepted.count == 8)
        }
    }
}
