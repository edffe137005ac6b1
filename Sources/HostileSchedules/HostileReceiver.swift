import PipelineCore
import PipelineTestKit
import Synchronization

/// What is at the other end of a sink, over all sessions: it keeps everything that it ever took.
final class HostileReceiver: Sendable {
    struct Receipt: Sendable {
        let record: SpooledRecord
        let key: String
        let session: Int
        /// Whether the sink said so, and the dispatcher heard it.
        let isAcknowledged: Bool
    }

    private struct State {
        var receipts: [Receipt] = []
        var session = 0
        var chance: HostileChance
        /// The records of each batch that was ever sent, by key.
        var batches: [String: [String]] = [:]
        var problems: [String] = []
        /// What was ever refused, or failed at, alone: all else must be taken in the end.
        var refused: Set<Int64> = []
        /// How often it took something, and how often when it last refused a record; of this session.
        var acceptances = 0
        var refusals: [Int64: Int] = [:]
    }

    let character: HostileDeliveries.Receiver
    private let clock: VirtualClock
    private let offset: @Sendable () -> Duration
    private let state: Mutex<State>

    /// - Parameter offset: how long the world has been there.
    init(
        _ character: HostileDeliveries.Receiver, seed: UInt64, clock: VirtualClock,
        offset: @escaping @Sendable () -> Duration
    ) {
        self.character = character
        self.clock = clock
        self.offset = offset
        state = Mutex(State(chance: HostileChance(seed)))
    }

    var receipts: [Receipt] { state.withLock { $0.receipts } }
    var problems: [String] { state.withLock { $0.problems } }

    /// Whether it ever refused the record, or failed at it, when it came alone.
    func hasRefused(_ record: SpooledRecord) -> Bool {
        state.withLock { $0.refused.contains(record.sequence) }
    }

    /// Whether it refused the record in the last session and took nothing since.
    func isUndecided(_ record: SpooledRecord) -> Bool {
        state.withLock { $0.refusals[record.sequence] == $0.acceptances }
    }

    /// A sink for the next session.
    func makeSink() -> some Sink {
        state.withLock { state in
            state.session += 1
            state.acceptances = 0
            state.refusals = [:]
        }
        return HostileSink(receiver: self)
    }

    /// Refused whenever it comes; by its identity, so that it is the same one in every session.
    func isPoison(_ record: SpooledRecord) -> Bool {
        character.poison > 0 && record.origin.dataset != .twilship
            && (record.entry.identity.low ^ record.entry.identity.high) % character.poison == 0
    }

    fileprivate func deliver(_ batch: Batch, handedOver: @escaping @Sendable () -> Void) async -> Delivery {
        let delivery = await answer(batch, handedOver: handedOver)
        state.withLock { state in
            switch delivery {
            case .split, .fault:
                guard batch.records.count == 1 else { break }
                state.refused.insert(batch.records[0].sequence)
                state.refusals[batch.records[0].sequence] = state.acceptances
            case .perRecord(let verdicts):
                if verdicts.contains(.accepted) { state.acceptances += 1 }
                for (record, verdict) in zip(batch.records, verdicts) {
                    guard case .rejected = verdict else { continue }
                    state.refused.insert(record.sequence)
                    state.refusals[record.sequence] = state.acceptances
                }
            case .accepted: state.acceptances += 1
            case .retry, .hold: break
            }
        }
        return delivery
    }

    private func answer(_ batch: Batch, handedOver: @escaping @Sendable () -> Void) async -> Delivery {
        note(batch)
        try? await clock.sleep(for: chance { $0.span(.milliseconds(2)...(.milliseconds(80))) })
        let trouble = trouble
        switch trouble {
        case .down: return .retry(reason: "nobody answers")
        case .fault: return .fault(reason: "500")
        case .hold: return .hold(reason: "401")
        case .refuseAll: return .split(reason: "404")
        case .tooMuch where batch.records.count > 2: return .split(reason: "413")
        case .lostAnswer, .hang:
            if !batch.records.contains(where: isPoison) { take(batch.records, batch, isAcknowledged: false) }
            if trouble == .hang { try? await clock.sleep(for: .seconds(90)) }
            return .retry(reason: "no answer came")
        case .perRecord:
            let verdicts = batch.records.map { record -> Verdict in
                if isPoison(record) { return .rejected(reason: "400") }
                return chance { $0.happens(30) } ? .retry(reason: "429") : .accepted
            }
            take(zip(batch.records, verdicts).filter { $1 == .accepted }.map(\.0), batch, isAcknowledged: true)
            return .perRecord(verdicts)
        case .tooMuch, nil:
            if batch.records.contains(where: isPoison) { return .split(reason: "400") }
            guard character.confirmsLate else {
                take(batch.records, batch, isAcknowledged: true)
                return .accepted()
            }
            handedOver()
            try? await clock.sleep(for: .seconds(2))
            // What broke meanwhile took the connection with it.
            let isConfirmed = self.trouble == nil && !Task.isCancelled
            take(batch.records, batch, isAcknowledged: isConfirmed)
            return isConfirmed ? .accepted() : .retry(reason: "the connection broke")
        }
    }

    private var trouble: HostileDeliveries.Trouble? {
        let now = offset()
        return character.spells.first { $0.from <= now && now < $0.until }?.trouble
    }

    private func chance<Value>(_ draw: (inout HostileChance) -> Value) -> Value {
        state.withLock { draw(&$0.chance) }
    }

    private func take(_ records: [SpooledRecord], _ batch: Batch, isAcknowledged: Bool) {
        state.withLock { state in
            let session = state.session
            state.receipts += records.map {
                Receipt(record: $0, key: batch.key, session: session, isAcknowledged: isAcknowledged)
            }
        }
    }

    /// A key stands for the same records for ever.
    private func note(_ batch: Batch) {
        state.withLock { state in
            let ids = batch.records.map(\.id)
            if let before = state.batches[batch.key], before != ids {
                state.problems.append("TWO BATCHES WITH THE KEY \(batch.key): \(before) and \(ids)")
            }
            state.batches[batch.key] = ids
            if batch.records.count > character.maximumRecords {
                state.problems.append(
                    "A BATCH OF \(batch.records.count) RECORDS, allowed are \(character.maximumRecords)")
            }
        }
    }
}

private struct HostileSink: Sink {
    let receiver: HostileReceiver

    var guarantee: DeliveryGuarantee { .atLeastOnce }
    var outstanding: Int { receiver.character.confirmsLate ? 16 : receiver.character.inFlight }
    var pinsBatches: Bool { receiver.character.pinsBatches }

    func deliver(_ batch: Batch, handedOver: @escaping @Sendable () -> Void) async -> Delivery {
        await receiver.deliver(batch, handedOver: handedOver)
    }

    func close() async {}
}
