import Foundation
import Logging
import PipelineCore
import PipelineTestKit
import Spooling
import Synchronization

@testable import Forwarding

/// A spool on disk with records of numbered streams, and dispatchers on it, over virtual time.
struct DeliveryBench {
    let clock = VirtualClock()
    let directory = StateDirectory(path: Bench.temporary + "twilship-delivery-" + UUID().uuidString)
    let board: StatusBoard
    let ending = Ending()
    let spool: Spool
    var filter = RecordFilter()
    var options = Dispatcher.Options(
        maximumRecords: 100, maximumBytes: 1 << 20, initialBackoff: .seconds(1), longestBackoff: .seconds(60))

    init() throws {
        let clock = clock
        board = StatusBoard(clock: clock)
        spool = try Spool(
            directory: directory, options: SpoolOptions(maximumBytes: 1 << 30, retain: .seconds(86_400)),
            version: "1.0.0",
            now: { clock.wallNow }, executor: clock.executor)
    }

    func remove() {
        try? FileManager.default.removeItem(atPath: directory.path)
    }

    func attach() async throws {
        _ = try await spool.attach([("siem", .oldest)])
    }

    /// Appends records of a stream, as a pass does.
    func append(_ count: Int, stream: Int = 1, lane: Lane = .live) async throws {
        let key = StreamKey(
            accountSID: "AC" + String(repeating: "\(stream)", count: 32), dataset: .monitorEvents, host: "monitor.test")
        let place = try await spool.place(
            of: key, account: "account\(stream)", start: clock.wallNow, names: StreamNames())
        let first = await spool.lastSequence + 1
        var block = EnvelopeBlock()
        var taken: [LedgerItem] = []
        for number in first..<first + Int64(count) {
            let digits = String(number)
            let sid = "AE" + String(repeating: "0", count: 32 - digits.count) + digits
            guard let identity = RecordIdentity(sid: sid.utf8) else { continue }
            let line = Array(#"{"id":"\#(sid)"}"#.utf8)
            let start = block.bytes.count
            block.bytes += line + [UInt8(ascii: "\n")]
            block.entries.append(
                EnvelopeBlock.Entry(
                    line: start..<start + line.count, raw: 0..<0, id: start + 7..<start + 41, type: 0..<0,
                    time: clock.wallNow, severity: .info, identity: identity))
            taken.append(LedgerItem(identity: identity, time: clock.wallNow))
        }
        try await spool.append(
            Advance(
                stream: place.id, account: "account\(stream)", accountSID: key.accountSID, dataset: key.dataset,
                parts: [EnvelopeLines(lane: lane, block: block)], taken: taken, coverage: place.coverage,
                checkpoint: nil, window: Window(from: clock.wallNow, to: clock.wallNow + .seconds(1)),
                readAt: clock.wallNow, requestIDs: [], requests: 1, recordsRead: count))
    }

    func dispatcher(_ sink: any Sink) -> Dispatcher {
        Dispatcher(
            name: "siem", sink: sink, filter: filter, options: options, spool: spool, clock: clock,
            board: board, ending: ending, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    /// Delivers until there is nothing left.
    func deliver(to sink: any Sink) async {
        ending.request(.whenDelivered)
        await dispatcher(sink).run()
    }
}

/// A sink that does what a script says and remembers what it was given.
final class RecordingSink: Sink {
    private struct State {
        var batches: [Batch] = []
        var accepted: [SpooledRecord] = []
        var mostAtOnce = 0
        var atOnce = 0
    }

    private let state = Mutex(State())
    private let script: @Sendable (_ attempt: Int, _ batch: Batch) async -> Delivery
    let outstanding: Int
    let pinsBatches: Bool
    let guarantee: DeliveryGuarantee
    private let handsOver: Bool

    init(
        outstanding: Int = 1, pinsBatches: Bool = false, guarantee: DeliveryGuarantee = .atLeastOnce,
        handsOver: Bool = false,
        _ script: @escaping @Sendable (_ attempt: Int, _ batch: Batch) async -> Delivery = { _, _ in .accepted() }
    ) {
        self.outstanding = outstanding
        self.pinsBatches = pinsBatches
        self.guarantee = guarantee
        self.handsOver = handsOver
        self.script = script
    }

    var batches: [Batch] { state.withLock { $0.batches } }
    var accepted: [SpooledRecord] { state.withLock { $0.accepted } }
    var mostAtOnce: Int { state.withLock { $0.mostAtOnce } }

    func deliver(_ batch: Batch, handedOver: @escaping @Sendable () -> Void) async -> Delivery {
        let attempt = state.withLock { state in
            state.batches.append(batch)
            state.atOnce += 1
            state.mostAtOnce = max(state.mostAtOnce, state.atOnce)
            return state.batches.count
        }
        if handsOver { handedOver() }
        let delivery = await script(attempt, batch)
        state.withLock { state in
            state.atOnce -= 1
            if case .accepted = delivery { state.accepted += batch.records }
        }
        return delivery
    }

    func close() async {}
}
