import Normalising
import PipelineCore
import Spooling

/// The new records of one pass, by lane, on their way into one append.
struct SortedRecords {
    private var main: [SourceRecord] = []
    private var late: [SourceRecord] = []
    private var mainLane: Lane = .live
    /// Whether a record of the window itself was new.
    private(set) var foundNew = false

    /// Records of finished instants that the server was not asked for.
    private(set) var strayCount = 0

    var lateCount: Int { late.count }

    /// Files a record that is not known.
    ///
    /// - A record of an instant that was read before is late.
    /// - One in the tick after the window, where nothing was read yet, is left to the window that will read it, so that
    ///   a stream's records leave in order.
    /// - One of an instant that is finished, and that was not asked for, is left out: whether it was taken is no longer
    ///   known, and the server cannot be believed.
    /// - All others are taken, even if the server was not asked for them.
    mutating func take(
        _ record: SourceRecord, window: Window, purpose: WindowPlanner.Purpose, _ coverage: Coverage, tick: Duration
    ) {
        mainLane = purpose == .catchUp ? .catchUp : .live
        guard let time = record.time else {
            main.append(record)
            return
        }
        let isAsked = window.from - tick <= time && time <= window.to + tick
        if coverage.interval(at: time)?.state == .finished, !isAsked {
            strayCount += 1
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
        if window.contains(time) { foundNew = true }
    }

    /// Everything that is made durable together after the pass.
    func advance(
        _ id: StreamID, _ stream: Ingestor.Stream, _ normaliser: Normaliser, window: Window, contents: WindowContents,
        coverage: Coverage, gap: Advance.Gap?, collected: Timestamp, requests: Int,
        recordsRead: Int
    ) -> Advance {
        var parts: [Advance.Part] = []
        var taken: [LedgerItem] = []
        var checkpoint: Checkpoint?
        for (lane, records) in [(Lane.late, late), (mainLane, main)] where !records.isEmpty {
            let context = RecordContext(
                account: stream.account, accountSID: stream.key.accountSID, dataset: stream.key.dataset,
                collected: collected, lane: lane, serviceSID: stream.key.serviceSID,
                environmentSID: stream.key.environmentSID)
            var block = EnvelopeBlock()
            for record in records.sorted(by: Self.order) {
                normaliser.append(record, context: context, to: &block)
                taken.append(LedgerItem(identity: record.identity, time: record.time))
            }
            if let last = records.filter({ $0.time != nil }).max(by: Self.order), let time = last.time,
                let index = block.entries.lastIndex(where: { $0.identity == last.identity })
            {
                let sid = String(decoding: block.bytes[block.entries[index].id], as: UTF8.self)
                checkpoint = max(checkpoint ?? Checkpoint(time: time, sid: sid), Checkpoint(time: time, sid: sid))
            }
            parts.append(Advance.Part(lane: lane, block: block))
        }
        return Advance(
            stream: id, account: stream.account, accountSID: stream.key.accountSID, dataset: stream.key.dataset,
            blocks: parts, taken: taken, coverage: coverage, checkpoint: checkpoint, window: window,
            readAt: contents.readAt, gap: gap, requestIDs: contents.requestIDs, requests: requests,
            recordsRead: recordsRead)
    }

    /// By time, then SID; those without a date come first.
    private static func order(_ left: SourceRecord, _ right: SourceRecord) -> Bool {
        let (first, second) = (left.time?.milliseconds ?? .min, right.time?.milliseconds ?? .min)
        return first != second ? first < second : left.identity < right.identity
    }
}
