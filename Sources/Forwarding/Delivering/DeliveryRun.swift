import Logging
import PipelineCore
import Spooling

/// The work of one dispatcher: what is on its way, and what becomes of the answers.
struct DeliveryRun {
    enum Event: Sendable {
        /// Records came, something was settled, or the ending changed.
        case changed
        case handedOver(Int)
        case delivered(Int, Delivery)
        case woke
        /// Shows that the loop turns.
        case pulse
    }

    /// What is on its way may take this much memory; one parcel always may.
    private static let mostBytes = 8 << 20
    /// So many parcels are noted as settled in one transaction.
    private static let mostTogether = 64
    /// Refused records that come closer together than this are told as one trouble.
    private static let episode: Duration = .seconds(600)

    private let dispatcher: Dispatcher
    private let inbox: AsyncStream<Event>.Continuation
    private var queue = DeliveryQueue()
    private var cutter: BatchCutter
    private var trouble: DeliveryTrouble
    private var pausedUntil: ContinuousClock.Instant?
    private var timer: ContinuousClock.Instant?
    private var lastStart: ContinuousClock.Instant?
    /// What is sent once more on demand, and its parcels' family.
    private var resend: (batch: Resend, family: Int)?
    private var spoolID = ""
    /// Those since records were last refused a good while ago.
    private var refusals = Recurrence()
    private var refusedAt: ContinuousClock.Instant?

    private var spool: Spool { dispatcher.spool }
    private var sink: any Sink { dispatcher.sink }
    private var clock: any PipelineClock { dispatcher.clock }

    init(_ dispatcher: Dispatcher, _ inbox: AsyncStream<Event>.Continuation) {
        self.dispatcher = dispatcher
        self.inbox = inbox
        cutter = BatchCutter(dispatcher)
        trouble = DeliveryTrouble(dispatcher)
    }

    /// - Returns: false when all is done.
    mutating func take(_ event: Event, _ group: inout DiscardingTaskGroup) async -> Bool {
        // Asked before the spool is: what was appended before the ending is still delivered.
        let ending = dispatcher.endingNow
        do {
            switch event {
            case .changed: break
            case .handedOver(let id): queue.handedOver(id, isShelved: canShelve && !isResent(id))
            case .delivered(let id, let delivery): take(queue.finished(id, delivery, now: clock.monotonicNow))
            case .woke: timer = nil
            case .pulse: break
            }
            try await prepare()
            try await settle()
            if ending != .atOnce { try await send(ending, &group) }
        } catch is CancellationError {
            return false
        } catch {
            pause("\(error)", after: nil, isHold: false)
        }
        guard !Task.isCancelled else { return false }
        if queue.outstanding > 0 {
            // At an end at once nothing is sent after the pause.
            let pauseEnd = ending == .atOnce ? nil : pausedUntil
            if let next = [filling, pauseEnd].compactMap(\.self).min() { wake(at: next, &group) }
            return true
        }
        // What was accepted is noted first: it would be sent again otherwise.
        if ending == .atOnce, queue.decided.allSatisfy({ $0.family == resend?.family }) { return false }
        if let pausedUntil, pausedUntil > clock.monotonicNow {
            // An ending soon does not wait for a sink that fails.
            if ending == .soon { return false }
            wake(at: pausedUntil, &group)
            return true
        }
        return ending == nil || !queue.isEmpty
    }

    /// Where confirming takes long and says nothing of single records, those that wait for it are not kept in memory.
    private var canShelve: Bool { sink.guarantee == .firstKernel && !sink.pinsBatches }

    private func isResent(_ id: Int) -> Bool {
        guard let resend else { return false }
        return queue.parcels.contains { $0.id == id && $0.family == resend.family }
    }

    private mutating func take(_ outcome: DeliveryQueue.Outcome) {
        if outcome.isSuccess { trouble.succeeded() }
        if let failure = outcome.failure { pause(failure.reason, after: failure.after, isHold: outcome.isHold) }
        for parcel in queue.takeShelved(besides: resend?.family) { cutter.putBack(parcel.sequences) }
    }

    private mutating func pause(_ reason: String, after: Duration?, isHold: Bool) {
        let instant = clock.monotonicNow + trouble.failed(reason, after: after, isHold: isHold)
        pausedUntil = max(instant, pausedUntil ?? instant)
    }

    private mutating func wake(at instant: ContinuousClock.Instant, _ group: inout DiscardingTaskGroup) {
        if let timer, timer <= instant { return }
        timer = instant
        let (clock, inbox) = (clock, inbox)
        group.addTask {
            try? await clock.sleep(for: max(.zero, clock.monotonicNow.duration(to: instant)))
            inbox.yield(.woke)
        }
    }

    // MARK: - Sending

    /// Takes up what was on its way when the process ended.
    private mutating func prepare() async throws {
        guard spoolID.isEmpty else { return }
        try await cutter.prepare(&queue)
        spoolID = try await spool.identifier()
    }

    private mutating func send(_ ending: Ending.Kind?, _ group: inout DiscardingTaskGroup) async throws {
        var wasPaused = false
        if let pausedUntil {
            guard pausedUntil <= clock.monotonicNow else { return }
            self.pausedUntil = nil
            wasPaused = true
        }
        // Held, it is tried with one parcel a pause: with what would follow first, which may be better.
        var isProbing = wasPaused && queue.isStuck && queue.outstanding == 0
        if isProbing, queue.isExhausted { queue.retrySuspect() }
        while isProbing || !queue.isStuck, queue.underWay < max(1, dispatcher.options.inFlight),
            queue.outstanding < sink.outstanding,
            queue.outstanding == 0 || queue.outstandingBytes < Self.mostBytes
        {
            if let parcel = queue.next() {
                (isProbing, wasPaused) = (false, false)
                try await start(parcel, &group)
            } else if try await addParcel(ending) {
                continue
            } else if queue.suspects > 0, queue.outstanding == 0, wasPaused {
                queue.retrySuspect()
            } else if ending != .whenDelivered || queue.outstanding > 0 || !queue.judgeSuspects() {
                break
            }
        }
        // With nothing else to send, what was refused alone cannot be judged.
        if queue.suspects > 0, queue.outstanding == 0, queue.isStuck || queue.next() == nil {
            let reason = queue.parcels.last { $0.state == .suspect }?.reason ?? ""
            pause("nothing is accepted: \(reason)", after: nil, isHold: true)
        }
        trouble.show(isDelivering: queue.outstanding > 0)
    }

    /// Until when records may wait for a batch to fill; nil when an idle sink is to get them at once.
    private var filling: ContinuousClock.Instant? {
        guard queue.outstanding > 0, let lastStart else { return nil }
        let end = lastStart + dispatcher.options.maximumWait
        return end > clock.monotonicNow ? end : nil
    }

    /// - Returns: whether anything was found, be it settled at once.
    private mutating func addParcel(_ ending: Ending.Kind?) async throws -> Bool {
        let onlyFull = filling != nil && ending == nil
        if try await cutter.cut(&queue, isAside: false, onlyFull: onlyFull) { return true }
        // What was not collected live goes behind what was, and an end that is near does not wait for it.
        if ending == .soon || queue.isLiveWaiting { return false }
        if try await cutter.cut(&queue, isAside: true, onlyFull: onlyFull) { return true }
        guard resend == nil, !queue.parcels.contains(where: \.blocksItsStreams) else { return false }
        let next = try await spool.nextResend(
            of: dispatcher.name, maximumRecords: dispatcher.options.maximumRecords,
            maximumBytes: dispatcher.options.maximumBytes)
        guard let next, let first = next.records.first, let last = next.records.last else { return false }
        let wanted = next.records.filter(dispatcher.wants)
        guard !wanted.isEmpty else {
            try await spool.settle(
                next, of: dispatcher.name, verdicts: [], filtered: Array(next.records.indices), state: [:])
            return true
        }
        resend = (next, queue.add(wanted, of: first.sequence...last.sequence, streams: [], isAside: true))
        return true
    }

    private mutating func start(_ waiting: Parcel, _ group: inout DiscardingTaskGroup) async throws {
        if sink.pinsBatches, !waiting.isPinned, resend?.family != waiting.family {
            try await spool.pin(
                [Cut(sequences: waiting.sequences, form: dispatcher.options.form)], of: dispatcher.name)
        }
        guard let parcel = queue.start(waiting.id) else { return }
        lastStart = clock.monotonicNow
        let batch = Handoff(Batch(records: parcel.records, key: key(of: parcel), attempt: parcel.attempts))
        let (sink, inbox, id) = (sink, inbox, parcel.id)
        group.addTask {
            guard let batch = batch.take() else { return }
            let delivery = await sink.deliver(batch) { inbox.yield(.handedOver(id)) }
            inbox.yield(.delivered(id, delivery))
        }
    }

    /// Equal for all attempts to send the same records: what of a parcel was accepted changes it.
    private func key(of parcel: Parcel) -> String {
        func text(_ number: Int64) -> String { String(number, radix: 36) }
        let (first, last) = (parcel.records.first?.sequence ?? 0, parcel.records.last?.sequence ?? 0)
        return [spoolID, text(first), text(last), String(parcel.records.count, radix: 36), dispatcher.options.form]
            .joined(separator: "-")
    }

    // MARK: - Settling

    private mutating func settle() async throws {
        var decided = queue.decided.filter { $0.family != resend?.family }[...]
        while let first = decided.popFirst() {
            // What follows without a hole, as where many are confirmed together, is noted together.
            var parcels = [first]
            while let next = decided.first, let last = parcels.last, parcels.count < Self.mostTogether,
                next.sequences.lowerBound == last.sequences.upperBound + 1, next.attempts == last.attempts,
                last.sinkState.isEmpty
            {
                parcels.append(decided.removeFirst())
            }
            try await settle(parcels)
        }
        try await settleResend()
    }

    private mutating func settle(_ parcels: [Parcel]) async throws {
        guard let first = parcels.first, let last = parcels.last else { return }
        let rejected = parcels.flatMap(\.rejected)
        if !rejected.isEmpty { try await reportRejected(rejected) }
        try await spool.settle(
            Settlement(
                sink: dispatcher.name, sequences: first.sequences.lowerBound...last.sequences.upperBound,
                filtered: parcels.flatMap(\.filtered), rejected: rejected, attempts: first.attempts,
                state: last.sinkState))
        for parcel in parcels { queue.remove(parcel.id) }
        cutter.settled(queue)
    }

    /// Settles what is sent once more when the fate of all of it is known.
    private mutating func settleResend() async throws {
        guard let resend else { return }
        let parcels = queue.parcels.filter { $0.family == resend.family }
        guard !parcels.isEmpty, parcels.allSatisfy({ $0.state == .decided }) else { return }
        let rejected = parcels.flatMap(\.rejected)
        if !rejected.isEmpty { try await reportRejected(rejected) }
        let reasons = Dictionary(rejected.map { ($0.record.sequence, $0.reason) }) { first, _ in first }
        let records = resend.batch.records
        try await spool.settle(
            resend.batch, of: dispatcher.name,
            verdicts: records.filter(dispatcher.wants).map { record in
                reasons[record.sequence].map { .rejected(reason: $0) } ?? .accepted
            },
            filtered: records.indices.filter { !dispatcher.wants(records[$0]) },
            state: parcels.last?.sinkState ?? [:])
        for parcel in parcels { queue.remove(parcel.id) }
        self.resend = nil
    }

    /// - Throws: `DeadLettersFull`, so that nothing is given up of which no copy can be kept.
    private mutating func reportRejected(_ rejected: [Settlement.Rejection]) async throws {
        guard try await spool.deadLetterRoom(bytes: rejected.reduce(0) { $0 + $1.record.line.count }) else {
            throw DeadLettersFull()
        }
        let now = clock.monotonicNow
        if refusedAt.map({ $0.duration(to: now) > Self.episode }) ?? false { refusals = Recurrence() }
        refusedAt = now
        for rejection in rejected {
            guard refusals.again(at: clock.monotonicNow) else { continue }
            var metadata: Logger.Metadata = [
                "message_id": "\(LogKind.deadLetter)", "record.sid": "\(rejection.record.id)",
                "reason": "\(rejection.reason)",
            ]
            metadata["repeated"] = refusals.folded(at: clock.monotonicNow).map { "\($0)" }
            dispatcher.logger.error(
                "the sink refuses a record for good; a copy is kept as a dead letter", metadata: metadata)
        }
    }
}

private struct DeadLettersFull: Error, CustomStringConvertible {
    var description: String {
        "the sink refuses records, and no more dead letters can be kept; it is held until some are sent again or "
            + "dropped (twilship dead-letters list, replay, drop)"
    }
}
