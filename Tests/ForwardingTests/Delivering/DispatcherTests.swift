import Forwarding
import Foundation
import Logging
import PipelineCore
import PipelineTestKit
import Simulating
import Spooling
import Synchronization
import Testing

/// A sink that does what a script says and remembers what it was given.
private final class ScriptedSink: Sink {
    private struct State {
        var attempts: [[Int64]] = []
        var accepted: [SpooledRecord] = []
        var isClosed = false
    }

    private let state = Mutex(State())
    private let script: @Sendable (_ attempt: Int, _ batch: Batch) -> Delivery

    init(_ script: @escaping @Sendable (_ attempt: Int, _ batch: Batch) -> Delivery = { _, _ in .accepted() }) {
        self.script = script
    }

    var attempts: [[Int64]] { state.withLock { $0.attempts } }
    var accepted: [String] { state.withLock { $0.accepted.map(\.id) } }
    var isClosed: Bool { state.withLock { $0.isClosed } }

    var guarantee: DeliveryGuarantee { .atLeastOnce }
    var outstanding: Int { 1 }
    var pinsBatches: Bool { false }

    func deliver(_ batch: Batch, handedOver: @escaping @Sendable () -> Void) async -> Delivery {
        let attempt = state.withLock { state in
            state.attempts.append(batch.records.map(\.sequence))
            return state.attempts.count
        }
        let delivery = script(attempt, batch)
        if case .accepted = delivery { state.withLock { $0.accepted += batch.records } }
        return delivery
    }

    func close() async {
        state.withLock { $0.isClosed = true }
    }
}

@Suite struct DispatcherTests {
    private static let options = Dispatcher.Options(
        maximumRecords: 100, maximumBytes: 1 << 20, initialBackoff: .seconds(1), longestBackoff: .seconds(60))

    /// A spool with `count` records of a simulated account, and a dispatcher on it.
    private static func withSpool(
        _ count: Int,
        _ body: (Bench, Spool, _ dispatcher: (any Sink, RecordFilter) -> Dispatcher, Ending) async throws -> Void
    ) async throws {
        var options = SimulatorOptions()
        options.requestsPerSecond = 0
        options.history = count
        let bench = Bench(options)
        defer { bench.remove() }
        let spool = try bench.openSpool()
        _ = try await spool.attach([("siem", .oldest)])
        try await bench.clock.run { [ingestor = try bench.ingestor(spool)] in await ingestor.run(.once) }
        let ending = Ending()
        let make: (any Sink, RecordFilter) -> Dispatcher = { sink, filter in
            Dispatcher(
                name: "siem", sink: sink, filter: filter, options: Self.options, spool: spool, clock: bench.clock,
                board: bench.board, ending: ending, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        }
        try await body(bench, spool, make, ending)
    }

    @Test func `everything is delivered in order and settled, then the sink is closed`() async throws {
        try await Self.withSpool(950) { bench, spool, dispatcher, ending in
            let sink = ScriptedSink()
            ending.request(.whenDelivered)
            await dispatcher(sink, RecordFilter()).run()
            let collected = try await bench.collected(spool).map(\.id)
            #expect(sink.accepted == collected)
            #expect(sink.attempts.map(\.count) == [Int](repeating: 100, count: 9) + [50])
            let backlogs = try await spool.backlogs()
            #expect(backlogs == ["siem": 0])
            #expect(sink.isClosed)
        }
    }

    @Test func `the same batch is sent until it is accepted, with growing pauses`() async throws {
        try await Self.withSpool(150) { bench, spool, dispatcher, ending in
            let sink = ScriptedSink { attempt, _ in attempt <= 10 ? .retry(reason: "down") : .accepted() }
            ending.request(.whenDelivered)
            let before = bench.clock.monotonicNow
            await dispatcher(sink, RecordFilter()).run()
            #expect(Set(sink.attempts.prefix(11)) == [Array(1...100)])
            #expect(sink.attempts.count == 12)
            // Ten pauses of at least a tenth of 1, 2, 4 ... 60 s.
            #expect(before.duration(to: bench.clock.monotonicNow) > .seconds(20))
            #expect(bench.board.now.sinks["siem"]?.retries == 10)
            #expect(bench.board.now.sinks["siem"]?.attempts == 0)
            let backlogs = try await spool.backlogs()
            #expect(backlogs == ["siem": 0])
        }
    }

    @Test func `a sink is not asked sooner than it said`() async throws {
        try await Self.withSpool(10) { bench, _, dispatcher, ending in
            let sink = ScriptedSink { attempt, _ in
                attempt == 1 ? .retry(after: .seconds(300), reason: "busy") : .accepted()
            }
            ending.request(.whenDelivered)
            let before = bench.clock.monotonicNow
            await dispatcher(sink, RecordFilter()).run()
            #expect(before.duration(to: bench.clock.monotonicNow) >= .seconds(300))
            #expect(sink.accepted.count == 10)
        }
    }

    @Test func `what the filter does not want is settled without being sent`() async throws {
        try await Self.withSpool(400) { bench, spool, dispatcher, ending in
            let sink = ScriptedSink()
            ending.request(.whenDelivered)
            await dispatcher(sink, RecordFilter(minimumSeverity: .warning)).run()
            let wanted = try await bench.collected(spool).filter {
                $0.entry.severity.rawValue <= Severity.warning.rawValue
            }
            #expect(sink.accepted == wanted.map(\.id))
            #expect((1..<400).contains(wanted.count))
            let status = try #require(try StateReader(bench.directory).summary().sinks.first)
            #expect(
                (status.backlog, status.delivered, status.filtered) == (
                    0, Int64(wanted.count), Int64(400 - wanted.count)
                ))

            let reader = try StateReader(bench.directory)
            let rest = try #require(try await bench.collected(spool).first { $0.entry.severity == .notice })
            guard case .filtered = try #require(try reader.explain(sid: rest.id).first).deliveries[0].state else {
                Issue.record("a filtered record is explained as filtered")
                return
            }
            guard case .delivered = try #require(try reader.explain(sid: wanted[0].id).first).deliveries[0].state else {
                Issue.record("a delivered record is explained as delivered")
                return
            }
        }
    }

    @Test func `told to end soon, a failing sink is left as it is and starts there again`() async throws {
        try await Self.withSpool(250) { _, spool, dispatcher, ending in
            let sink = ScriptedSink { attempt, _ in
                if attempt == 2 { ending.request(.soon) }
                return attempt == 1 ? .accepted() : .retry(reason: "down")
            }
            await dispatcher(sink, RecordFilter()).run()
            #expect(sink.accepted.count == 100)
            #expect(sink.attempts.count == 2)
            let backlogs = try await spool.backlogs()
            #expect(backlogs == ["siem": 150])
            #expect(sink.isClosed)
            let position = try await spool.attach([("siem", .now)])["siem"]
            #expect(position == 100)
        }
    }

    @Test func `a sink's state is kept with its position`() async throws {
        try await Self.withSpool(150) { _, spool, dispatcher, ending in
            let sink = ScriptedSink { _, batch in
                .accepted(state: ["last": Array("\(batch.records.last?.sequence ?? 0)".utf8)])
            }
            ending.request(.whenDelivered)
            await dispatcher(sink, RecordFilter()).run()
            let state = try await spool.stateStore(of: "siem").load()
            #expect(state == ["last": Array("150".utf8)])
        }
    }

    @Test func `records that come while the dispatcher waits are delivered`() async throws {
        try await Self.withSpool(10) { bench, spool, dispatcher, ending in
            let sink = ScriptedSink()
            try await withThrowingTaskGroup(of: Void.self) { group in
                let waiting = dispatcher(sink, RecordFilter())
                group.addTask { await waiting.run() }
                while sink.accepted.count < 10 { await Task.yield() }
                bench.twilio.emit(5, account: bench.account.sid, at: bench.clock.wallNow.milliseconds)
                try await bench.clock.run { [ingestor = try bench.ingestor(spool)] in await ingestor.run(.once) }
                while sink.accepted.count < 15 { await Task.yield() }
                ending.request(.soon)
                try await group.waitForAll()
            }
            #expect(sink.accepted.count == 15)
        }
    }
}
