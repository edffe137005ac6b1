import PipelineCore
import Spooling

/// Which of a sink's parcels are sent when, and what an answer means: a state machine without clock, spool or network.
///
/// - Parcels that share a stream go one after the other, until one is handed over.
/// - **Split**: what is too much, or holds a record that is refused, is halved until the refused record is alone.
/// - **Rejection**: a record that is refused alone is given up only if the sink then accepts something else, refuses it
///   again, accepts something else once more, and refuses it still; or if the very answer that refuses it accepts
///   others. If nothing is accepted, it is not the records' fault: `isStuck` says to hold. So a wrong path never turns a
///   backlog into dead letters, nor does a sink that begins to refuse everything in the middle of a batch.
/// - **Faults**: a batch at which the other end fails for `longestFault` is sent in halves, turn and turn about, and what
///   fails while its other half is accepted is narrowed down until a single record fails: then as above. A failure
///   alone never blames a record.
struct DeliveryQueue {
    /// How long the other end may fail at a batch before one of its records is suspected.
    static let longestFault: Duration = .seconds(15 * 60)
    /// How often what is left of such a batch may fail while other parts are accepted.
    static let mostFaults = 3
    /// After how many acceptances of others a record that is still refused is given up.
    static let enoughChances = 2
    /// So many records are refused without one being accepted before the sink is held.
    static let mostSuspects = 8
    /// So many before it is only tried with these, and no more with what follows them.
    static let mostProbed = 64

    private(set) var parcels: [Parcel] = [] { didSet { tally = Tally(parcels) } }
    /// Of a sink that confirms late there are hundreds of parcels: they are counted once after each change.
    private var tally = Tally([])
    private var nextID = 0
    private var tries = 0
    /// Families of which something was accepted, and those that were split because of faults.
    private var accepted: Set<Int> = []
    private var faulty: Set<Int> = []

    /// What the dispatcher is to do after an answer.
    struct Outcome {
        /// Something was accepted: the sink works.
        var isSuccess = false
        /// Something was not: pause, for `after` at least.
        var failure: (reason: String, after: Duration?)?
        /// Nothing has a chance before somebody sees to it.
        var isHold = false
    }

    // MARK: - Parcels

    var isEmpty: Bool { parcels.isEmpty }
    var underWay: Int { tally.underWay }
    var outstanding: Int { tally.outstanding }
    var outstandingBytes: Int { tally.outstandingBytes }
    var suspects: Int { tally.suspects }
    /// Too much was refused and nothing accepted since.
    var isStuck: Bool { suspects >= Self.mostSuspects }
    /// Even what would follow was refused.
    var isExhausted: Bool { suspects >= Self.mostProbed }

    /// Streams whose records must not be sent now.
    var busyStreams: Set<StreamID> {
        guard tally.blocking > 0 else { return [] }
        return parcels.reduce(into: []) { busy, parcel in
            if parcel.blocksItsStreams { busy.formUnion(parcel.streams) }
        }
    }

    /// - Returns: the parcel's family.
    @discardableResult
    mutating func add(
        _ records: [SpooledRecord], of sequences: ClosedRange<Int64>, filtered: [Int64] = [], streams: Set<StreamID>,
        isAside: Bool, isPinned: Bool = false
    ) -> Int {
        nextID += 1
        parcels.append(
            Parcel(
                id: nextID, sequences: sequences, records: records, filtered: filtered, streams: streams,
                isAside: isAside, isPinned: isPinned, family: nextID))
        return nextID
    }

    /// Whether a parcel that is not aside is still to be sent.
    var isLiveWaiting: Bool { tally.blocking > 0 && parcels.contains { !$0.isAside && $0.blocksItsStreams } }

    /// The parcel to send next; nil if each must wait for another one.
    func next() -> Parcel? {
        var busy: Set<StreamID> = []
        var best: Parcel?
        guard tally.blocking > 0 else { return nil }
        for parcel in parcels.filter(\.blocksItsStreams).sorted(by: Parcel.isBefore) {
            let isFaulty = faulty.contains(parcel.family)
            if parcel.state == .ready, isFaulty || parcel.chances > 0 || busy.isDisjoint(with: parcel.streams) {
                if best == nil || isFaulty && parcel.lastTried < best?.lastTried ?? 0 { best = parcel }
            }
            busy.formUnion(parcel.streams)
        }
        return best
    }

    mutating func start(_ id: Int) -> Parcel? {
        tries += 1
        return change(id) { [tries] parcel in
            parcel.state = .underWay
            parcel.isPinned = true
            parcel.attempts += 1
            parcel.lastTried = tries
        }
    }

    /// - Parameter isShelved: whether to let go of the records.
    mutating func handedOver(_ id: Int, isShelved: Bool = false) {
        _ = change(id) { parcel in
            guard parcel.state == .underWay else { return }
            parcel.state = .handedOver
            guard isShelved else { return }
            parcel.isShelved = true
            parcel.records = []
        }
    }

    /// Takes out what waits to be sent again, once something of which the records were let go of does: all that follows
    /// it must follow it again.
    /// - Parameter resent: the family of what is sent once more on demand. It lies elsewhere, and stays.
    mutating func takeShelved(besides resent: Int? = nil) -> [Parcel] {
        guard parcels.contains(where: { $0.isShelved && $0.state == .ready }) else { return [] }
        let ready = parcels.filter { $0.state == .ready && $0.family != resent }
        for parcel in ready { remove(parcel.id) }
        return ready
    }

    /// The parcels whose records' fate is known, oldest first.
    var decided: [Parcel] {
        tally.decided == 0 ? [] : parcels.filter { $0.state == .decided }.sorted(by: Parcel.isBefore)
    }

    /// Forgets a parcel whose fate is noted.
    mutating func remove(_ id: Int) {
        guard let index = parcels.firstIndex(where: { $0.id == id }) else { return }
        let family = parcels.remove(at: index).family
        if !parcels.contains(where: { $0.family == family }) {
            accepted.remove(family)
            faulty.remove(family)
        }
    }

    /// The suspect that was tried longest ago is tried again.
    mutating func retrySuspect() {
        guard let suspect = parcels.filter({ $0.state == .suspect }).min(by: { $0.lastTried < $1.lastTried }) else {
            return
        }
        _ = change(suspect.id) { $0.state = .ready }
    }

    /// With nothing to come that could be accepted, what was refused although others were accepted gets its last try.
    /// - Returns: whether there was any.
    mutating func judgeSuspects() -> Bool {
        var isAny = false
        for index in parcels.indices where parcels[index].state == .suspect {
            guard parcels[index].chances > 0 || accepted.contains(parcels[index].family) else { continue }
            isAny = true
            giveChance(index)
            parcels[index].chances = Self.enoughChances
        }
        return isAny
    }

    // MARK: - Answers

    mutating func finished(_ id: Int, _ delivery: Delivery, now: ContinuousClock.Instant) -> Outcome {
        guard let index = parcels.firstIndex(where: { $0.id == id }) else { return Outcome() }
        var outcome = Outcome()
        parcels[index].state = .ready
        switch parcels[index].isShelved ? delivery.ofAll : delivery {
        case .accepted(let state):
            parcels[index].records = []
            parcels[index].sinkState = state
            parcels[index].state = .decided
            didAccept(from: index, &outcome)
        case .retry(let after, let reason):
            parcels[index].reason = reason
            outcome.failure = (reason, after)
        case .hold(let reason):
            parcels[index].reason = reason
            outcome.failure = (reason, nil)
            outcome.isHold = true
        case .fault(let after, let reason): didFault(index, after, reason, now, &outcome)
        case .split(let reason): didRefuse(index, reason)
        case .perRecord(let verdicts): apply(verdicts, to: index, &outcome)
        }
        return outcome
    }

    private mutating func didAccept(from index: Int, _ outcome: inout Outcome) {
        outcome.isSuccess = true
        accepted.insert(parcels[index].family)
        parcels[index].faultsSince = nil
        for other in parcels.indices where parcels[other].state == .suspect { giveChance(other) }
    }

    private mutating func giveChance(_ index: Int) {
        parcels[index].state = .ready
        parcels[index].chances += 1
        parcels[index].faultsSince = nil
        parcels[index].faults = 0
    }

    private mutating func didFault(
        _ index: Int, _ after: Duration?, _ reason: String, _ now: ContinuousClock.Instant, _ outcome: inout Outcome
    ) {
        let since = parcels[index].faultsSince ?? now
        parcels[index].faultsSince = since
        parcels[index].faults += 1
        parcels[index].reason = reason
        outcome.failure = (reason, after)
        // Of what is narrowed down already, parts may be in order.
        let family = parcels[index].family
        let isNarrowed = faulty.contains(family) && accepted.contains(family) || parcels[index].chances > 0
        guard since.duration(to: now) >= Self.longestFault || isNarrowed && parcels[index].faults >= Self.mostFaults
        else { return }
        faulty.insert(family)
        didRefuse(index, reason)
    }

    private mutating func didRefuse(_ index: Int, _ reason: String) {
        parcels[index].reason = reason
        if parcels[index].records.count > 1 {
            split(index)
        } else if parcels[index].chances >= Self.enoughChances {
            reject(index, reason)
        } else {
            parcels[index].state = .suspect
        }
    }

    private mutating func apply(_ verdicts: [Verdict], to index: Int, _ outcome: inout Outcome) {
        let records = parcels[index].records
        guard verdicts.count == records.count else {
            outcome.failure = ("the sink answered \(verdicts.count) outcomes for \(records.count) records", nil)
            return
        }
        for case .retry(let after, let reason) in verdicts where outcome.failure == nil || after != nil {
            parcels[index].reason = reason
            outcome.failure = (reason, max(after ?? .zero, outcome.failure?.after ?? .zero))
        }
        guard verdicts.contains(.accepted) else {
            // What was refused is judged when the others have had their answer.
            guard outcome.failure == nil else { return }
            let reasons = verdicts.compactMap { if case .rejected(let reason) = $0 { reason } else { nil } }
            return didRefuse(index, reasons.first ?? "")
        }
        didAccept(from: index, &outcome)
        var open: [SpooledRecord] = []
        for (record, verdict) in zip(records, verdicts) {
            switch verdict {
            case .accepted: continue
            case .retry: open.append(record)
            case .rejected(let reason): parcels[index].reject(record, reason)
            }
        }
        parcels[index].records = open
        if open.isEmpty { parcels[index].state = .decided }
    }

    private mutating func reject(_ index: Int, _ reason: String) {
        for record in parcels[index].records { parcels[index].reject(record, reason) }
        parcels[index].records = []
        parcels[index].state = .decided
    }

    private mutating func split(_ index: Int) {
        let whole = parcels.remove(at: index)
        let middle = whole.records.count / 2
        // What is decided between the halves belongs to the first.
        let last = whole.records[middle].sequence - 1
        let halves = [
            (whole.sequences.lowerBound...last, whole.records[..<middle]),
            (last + 1...whole.sequences.upperBound, whole.records[middle...]),
        ]
        for (sequences, records) in halves {
            nextID += 1
            var half = Parcel(
                id: nextID, sequences: sequences, records: Array(records),
                filtered: whole.filtered.filter(sequences.contains),
                rejected: whole.rejected.filter { sequences.contains($0.record.sequence) }, streams: whole.streams,
                isAside: whole.isAside, family: whole.family)
            half.attempts = whole.attempts
            half.reason = whole.reason
            parcels.append(half)
        }
    }

    private mutating func change(_ id: Int, _ change: (inout Parcel) -> Void) -> Parcel? {
        guard let index = parcels.firstIndex(where: { $0.id == id }) else { return nil }
        change(&parcels[index])
        return parcels[index]
    }
}

/// How many parcels there are of each kind.
private struct Tally {
    var underWay = 0
    var outstanding = 0
    var outstandingBytes = 0
    /// Those whose streams must wait.
    var blocking = 0
    var suspects = 0
    var decided = 0

    init(_ parcels: [Parcel]) {
        for index in parcels.indices {
            let state = parcels[index].state
            switch state {
            case .underWay: underWay += 1
            case .suspect: suspects += 1
            case .decided: decided += 1
            case .ready, .handedOver: break
            }
            if state.isOutstanding {
                outstanding += 1
                outstandingBytes += parcels[index].bytes
            }
            if state.blocksStreams { blocking += 1 }
        }
    }
}

extension Delivery {
    /// Without judging records: those that are not in memory must be found again first.
    fileprivate var ofAll: Delivery {
        switch self {
        case .accepted, .retry, .hold: self
        case .fault(let after, let reason): .retry(after: after, reason: reason)
        case .split(let reason): .retry(reason: reason)
        case .perRecord: .retry(reason: "the sink has an outcome for each record of what it had handed over")
        }
    }
}

extension Parcel {
    fileprivate mutating func reject(_ record: SpooledRecord, _ reason: String) {
        rejected.append(Settlement.Rejection(record: record, reason: reason, attempts: attempts))
    }
}
