import Normalising
import PipelineCore
import Spooling

/// One stream's part of an audit.
struct AuditedStream {
    /// So many missing records are kept one by one; the others are counted, and found by the next audit.
    static let mostMissing = 100_000
    /// So many records without a date are told apart, of each day.
    static let mostUndated = 100_000
    /// So often a window that fails is tried again.
    static let retries = 5

    let side: SideStream
    let spool: Spool
    let clock: any PipelineClock
    let source: any Source
    /// How long windows are, as learnt.
    var length: Duration?
    var result: StreamAudit

    private let window: Window
    private let normaliser: Normaliser
    private let progress: Auditor.Progress
    private var counted = Asked()
    private var spanDone: Duration = .zero

    init(
        _ side: SideStream, _ window: Window, _ surroundings: Ingestor.Surroundings, _ progress: Auditor.Progress
    ) {
        self.side = side
        self.window = window
        self.progress = progress
        spool = surroundings.spool
        clock = surroundings.clock
        normaliser = surroundings.normaliser
        source = side.stream.makeSideSource()
        result = StreamAudit(key: side.stream.key, account: side.stream.account, names: side.stream.names)
    }

    mutating func run() async throws -> StreamAudit {
        if let place = try await spool.auditPlace(of: side.stream.key, window: window) {
            result.id = place.id
            result.gaps = place.gaps
            do {
                try await compare(place)
            } catch let error as SourceError {
                if case .cancelled = error { throw CancellationError() }
                result.error = error
            }
            await countAsked(place: place.id)
            try await lookAgain(place)
        } else {
            result.leftOut = [StreamAudit.LeftOut(window: window, reason: "it was never collected")]
        }
        progress.change { state in
            state.streamsDone += 1
            state.spanDone += window.length - spanDone
        }
        return result
    }

    // MARK: - What is compared

    private mutating func compare(_ place: AuditPlace) async throws {
        let now = try await source.serverTime(.reread)
        let tick = source.tick
        let horizon = horizon(place, now)
        let from = window.from.rounded(downTo: tick)
        // The tick in which it ends is read whole.
        let to = max(from, min((window.to + tick - .milliseconds(1)).rounded(downTo: tick), horizon))
        // Live collection begins with the whole second.
        let start = place.start.rounded(downTo: .seconds(1))
        let promised = Self.promised(place, start, until: horizon)
        leaveOut(
            promised.holes(in: Window(from: from, to: to)),
            "it lies before the start of collection, and no backfill has read it")
        if to < window.to { leaveOut([Window(from: to, to: window.to)], "it is too young to be compared") }
        var midnight = from.rounded(downTo: .seconds(86_400))
        while midnight < to {
            let whole = Window(from: midnight, to: midnight + .seconds(86_400))
            let asked = Window(from: max(from, whole.from), to: min(to, whole.to))
            let day = Day(number: midnight.milliseconds / 86_400_000, asked, place)
            // Number and digest are those of the whole day.
            let parts = promised.parts(in: day.folded == nil ? asked : whole)
            if !parts.isEmpty {
                // A moment before the start, records may have come along.
                let isFirst = whole.contains(start) && !place.backfilled.contains(start - .milliseconds(1))
                try await compare(parts, day, isFirst: isFirst, place, now)
                result.compared += parts
            }
            spanDone += asked.length
            progress.change { $0.spanDone += asked.length }
            midnight = whole.to
        }
    }

    /// Where the audit ends at the latest: with what has been read, if collection is up to date; if it is behind, that is
    /// to be seen.
    private func horizon(_ place: AuditPlace, _ now: Timestamp) -> Timestamp {
        let latest = (now - WindowPlanner.lag).rounded(downTo: source.tick)
        let interval = side.sharing.pacer.interval(ofFollowed: side.stream.key) ?? side.stream.plan.pollInterval
        let read = place.read.completeUpTo(from: place.start.rounded(downTo: .seconds(1)))
        return read < latest - interval * 2 - .seconds(60) ? latest : min(latest, read.rounded(downTo: source.tick))
    }

    private mutating func leaveOut(_ windows: [Window], _ reason: String) {
        result.leftOut += windows.map { StreamAudit.LeftOut(window: $0, reason: reason) }
    }

    /// Where everything that Twilio has was taken, or will be.
    private static func promised(_ place: AuditPlace, _ start: Timestamp, until horizon: Timestamp) -> Coverage {
        var promised = Coverage()
        let live = start < horizon ? [Window(from: start, to: horizon)] : []
        for window in live + place.backfilled.intervals.map(\.window) where window.from < horizon {
            promised.finish(holesIn: Window(from: window.from, to: min(window.to, horizon)))
        }
        return promised
    }

    // MARK: - One day

    private struct Day {
        /// Since 1970-01-01.
        let number: Int64
        /// What is no longer known one by one.
        let folded: RecordTally?

        init(number: Int64, _ asked: Window, _ place: AuditPlace) {
            self.number = number
            folded = asked.from <= place.foldedUpTo ? place.folded[number] : nil
        }
    }

    private mutating func compare(
        _ parts: [Window], _ day: Day, isFirst: Bool, _ place: AuditPlace, _ now: Timestamp
    ) async throws {
        var rows: [LedgerRow] = []
        for part in parts {
            // A row of which a part was not asked for says nothing about what Twilio lacks.
            rows += try await spool.ledgerRows(of: place.id, in: part).filter {
                part.contains($0.dates.lowerBound) && part.contains($0.dates.upperBound)
            }
        }
        let foldedUpTo = day.folded == nil ? nil : place.foldedUpTo
        var look = try await self.look(parts, place, foldedUpTo: foldedUpTo)
        let lacks = rows.contains { look.seen[$0.id] != $0.tally } || (day.folded?.count ?? 0) > look.unknown.count
        if lacks, parts.contains(where: { now - $0.to < Ingestor.retention }) {
            // What Twilio did not list may be back in a moment.
            try await clock.sleep(for: WindowPlanner.confirmation)
            look = try await self.look(parts, place, foldedUpTo: foldedUpTo)
        }
        result.atTwilio.add(look.atTwilio)
        result.taken.add(look.taken)
        for row in rows {
            let lost = row.tally - (look.seen[row.id] ?? RecordTally())
            result.extra += lost.count
            result.taken.add(lost)
        }
        take(undated: look, place)
        result.missingCount += look.missingCount
        result.missing += look.missing
        if let folded = day.folded { compare(folded, look, day.number, isFirst ? parts : nil) }
    }

    /// - Parameter firstParts: what is compared of the day on which collection began; nil of any other.
    private mutating func compare(_ folded: RecordTally, _ look: Look, _ day: Int64, _ firstParts: [Window]?) {
        result.taken.add(folded)
        guard look.unknown != folded else { return }
        if let firstParts {
            leaveOut(
                firstParts,
                "collection began on this day, and its records are no longer known one by one; Twilio has "
                    + "\(look.unknown.count) of them, taken were \(folded.count)")
            return
        }
        let difference = StreamAudit.Difference(day: day, atTwilio: look.unknown, taken: folded)
        result.differences.append(difference)
        result.missingCount += difference.missing
        result.extra += difference.extra
    }

    private mutating func take(undated look: Look, _ place: AuditPlace) {
        result.undated += look.undated.count
        if place.foldedUndated > 0 {
            // Each may be one of those that are no longer known one by one.
            result.undatedUnsure += look.undatedMissing.count
        } else {
            result.missingCount += look.undatedMissing.count
            result.missing += look.undatedMissing.prefix(max(0, Self.mostMissing - result.missing.count))
        }
    }

    // MARK: - At the end

    /// Live collection has gone on meanwhile, and reads by itself where it has not been yet.
    private mutating func lookAgain(_ place: AuditPlace) async throws {
        guard !result.missing.isEmpty else { return }
        let found = try await spool.ledgerRows(of: result.missing.map(\.item), in: place.id)
        for index in found.keys { result.taken.add(result.missing[index].item.identity) }
        let left = result.missing.indices.filter { found[$0] == nil }.map { result.missing[$0] }
        let missing = left.filter { $0.item.time.map(place.read.contains) ?? true }
        result.unread = left.count - missing.count
        result.missingCount -= result.missing.count - missing.count
        result.missing = missing
    }

    /// Counts what was asked of Twilio since it was counted last.
    /// - Parameter place: the stream, if it is known.
    mutating func countAsked(place id: StreamID?) async {
        let more = source.asked - counted
        counted = source.asked
        if let id = id ?? result.id { await spool.count(more, of: id) }
        side.sharing.allowance?.add(more.records, at: clock.wallNow)
        result.asked = counted
        progress.change { state in
            state.asked.requests += more.requests
            state.asked.records += more.records
        }
    }

    /// The envelope's `id` of a record.
    func id(_ candidate: Candidate, _ stream: Ingestor.Stream) -> String {
        let context = RecordContext(
            account: stream.account, accountSID: stream.key.accountSID, dataset: stream.key.dataset,
            collected: clock.wallNow, lane: .live)
        var block = EnvelopeBlock()
        normaliser.append(candidate.record, occurrence: candidate.number, context: context, to: &block)
        return block.entries.first.map { String(decoding: block.bytes[$0.id], as: UTF8.self) } ?? ""
    }
}

extension Coverage {
    /// What of `window` was read.
    fileprivate func parts(in window: Window) -> [Window] {
        window.subtracting(holes(in: window))
    }
}
