import Normalising
import Parsing
import PipelineCore
import Spooling

/// A record that a pass returned, told apart from its equals.
struct Candidate {
    let record: SourceRecord
    /// Which one it is of equal records without a SID on its page: 1 for the first.
    let number: Int
    let identity: RecordIdentity

    var time: Timestamp? { record.time }
    var item: LedgerItem { LedgerItem(identity: identity, time: record.time) }

    /// The pages' records, each identity once: pages shift while they are read.
    static func distinct(_ pages: [Page]) -> [Candidate] {
        let count = pages.reduce(0) { $0 + $1.records.count }
        var seen: Set<RecordIdentity> = []
        var result: [Candidate] = []
        seen.reserveCapacity(count)
        result.reserveCapacity(count)
        for page in pages {
            var occurrences = Occurrences()
            for index in page.records.indices {
                let record = page[index]
                let number = occurrences.number(of: record.slot)
                let identity = number == 1 ? record.identity : record.identity.occurrence(number)
                guard seen.insert(identity).inserted else { continue }
                result.append(Candidate(record: record, number: number, identity: identity))
            }
        }
        return result
    }
}

/// The new records of one pass, by lane, on their way into one append.
struct SortedRecords {
    private var main: [Candidate] = []
    private var late: [Candidate] = []
    private let lane: Lane
    /// Whether a record of the window itself was new.
    private(set) var foundNew = false

    /// Records of finished instants that the server was not asked for.
    private(set) var strayCount = 0

    var lateCount: Int { late.count }

    /// - Parameter lane: of what is read for the first time.
    init(lane: Lane) {
        self.lane = lane
    }

    /// How old records were when they first came, the wait for the poll included; without what was caught up.
    private var lateness = LatenessHistogram()

    /// Files a record that is not known.
    ///
    /// - A record of an instant that was read before is late.
    /// - One in the tick after the window, where nothing was read yet, is left to the window that will read it, so that
    ///   a stream's records leave in order.
    /// - One of an instant that is finished and lies outside the window is left out: whether it was taken is no longer
    ///   known. Alerts are taken: which of their two dates is filtered by is not known.
    /// - A backfill takes what lies in its window and what has no date: all else has a window of its own.
    /// - All others are taken, even if the server was not asked for them.
    mutating func take(
        _ record: Candidate, window: Window, _ coverage: Coverage, tick: Duration, readAt: Timestamp, dataset: Dataset
    ) {
        if lane == .backfill {
            if record.time.map(window.contains) ?? true { main.append(record) }
            return
        }
        guard let time = record.time else {
            main.append(record)
            return
        }
        let isAsked = window.from - tick <= time && time <= window.to + tick
        if coverage.interval(at: time)?.state == .finished, !window.contains(time), dataset != .monitorAlerts {
            if !isAsked { strayCount += 1 }
            return
        } else if coverage.contains(time) {
            late.append(record)
        } else if window.contains(time) {
            main.append(record)
        } else if time >= window.to, time <= window.to + tick {
            return
        } else {
            main.append(record)
        }
        if lane == .live { lateness.add(max(.zero, readAt - time)) }
        if window.contains(time) { foundNew = true }
    }

    /// Everything that is made durable together after the pass.
    func advance(
        _ id: StreamID, _ stream: Ingestor.Stream, _ normaliser: Normaliser, window: Window, contents: WindowContents,
        comparedAt: Int64?, coverage: Coverage, length: Duration, gap: Advance.Gap?, collected: Timestamp,
        requests: Int, recordsRead: Int,
        backfill: BackfillProgress? = nil
    ) -> Advance {
        var parts: [EnvelopeLines] = []
        var taken: [LedgerItem] = []
        var checkpoint: Checkpoint?
        taken.reserveCapacity(late.count + main.count)
        for (lane, records) in [(Lane.late, late), (lane, main)] where !records.isEmpty {
            let context = RecordContext(
                account: stream.account, accountSID: stream.key.accountSID, dataset: stream.key.dataset,
                collected: collected, lane: lane, serviceSID: stream.key.serviceSID,
                environmentSID: stream.key.environmentSID)
            let sorted = Self.sorted(records)
            taken.append(contentsOf: sorted.lazy.map(\.item))
            let lines = EnvelopeLines(
                lane: lane, count: sorted.count,
                estimatedBytes: sorted.reduce(0) { $0 + $1.record.raw.count + Self.envelopeBytes }
            ) { index, block in
                let candidate = sorted[index]
                normaliser.append(candidate.record, occurrence: candidate.number, context: context, to: &block)
            }
            parts.append(lines)
            if let time = sorted.last?.time {
                let last = Checkpoint(time: time, sid: Self.id(of: sorted.count - 1, in: lines))
                checkpoint = max(checkpoint ?? last, last)
            }
        }
        return Advance(
            stream: id, account: stream.account, accountSID: stream.key.accountSID, dataset: stream.key.dataset,
            parts: parts, taken: taken, comparedAt: comparedAt, coverage: coverage, checkpoint: checkpoint,
            window: window,
            readAt: contents.readAt, gap: gap, requestIDs: contents.requestIDs, requests: requests,
            recordsRead: recordsRead, length: length, lateness: lateness, backfill: backfill)
    }

    private static func id(of index: Int, in lines: EnvelopeLines) -> String {
        var block = EnvelopeBlock()
        lines.append(index, &block)
        return block.entries.last.map { String(decoding: block.bytes[$0.id], as: UTF8.self) } ?? ""
    }

    /// What the envelope of a log adds to its record, with its message once more; others add less.
    private static let envelopeBytes = 768

    /// By time, then SID; those without a date come first.
    ///
    /// What is moved about are keys: moving candidates would count references to their pages each time.
    private static func sorted(_ records: [Candidate]) -> [Candidate] {
        // Twilio lists the newest first: turned round, what is to be sorted nearly is.
        let keys = records.indices.reversed().map { index in
            SortKey(
                time: records[index].time?.milliseconds ?? .min, identity: records[index].identity, index: index)
        }
        return keys.sorted { $0.isBefore($1) }.map { records[$0.index] }
    }
}

private struct SortKey {
    let time: Int64
    let identity: RecordIdentity
    let index: Int

    /// Word by word: a comparison of another module is not inlined.
    func isBefore(_ other: SortKey) -> Bool {
        if time != other.time { return time < other.time }
        if identity.high != other.identity.high { return identity.high < other.identity.high }
        return identity.low < other.identity.low
    }
}
