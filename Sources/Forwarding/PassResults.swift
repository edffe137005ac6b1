import Logging
import PipelineCore
import Spooling

/// Turns what a pass returned into one append: removes what was taken before, notes progress, gaps and lateness.
struct PassResults {
    private let ingestor: Ingestor
    /// What of all that was asked is counted in the spool.
    private var counted = Asked()
    /// The end of the last window caught up, if it lapsed.
    private var lapsedUpTo: Timestamp?

    private var stream: Ingestor.Stream { ingestor.stream }
    private var spool: Spool { ingestor.surroundings.spool }
    private var clock: any PipelineClock { ingestor.surroundings.clock }
    private var board: StatusBoard { ingestor.surroundings.board }
    private var logger: Logger { ingestor.logger }

    init(_ ingestor: Ingestor) {
        self.ingestor = ingestor
    }

    /// Counts what passes that failed have asked.
    mutating func countAsked(of id: StreamID) async {
        let asked = stream.source.asked
        await spool.count(asked - counted, of: id)
        ingestor.sharing.allowance?.add((asked - counted).records, at: clock.wallNow)
        counted = asked
    }

    /// Makes the records and the progress of a pass durable.
    /// - Returns: the planner that knows of it. If this throws, nothing was counted.
    mutating func append(
        _ contents: WindowContents, of pass: PassUnderWay, _ planner: WindowPlanner, _ id: StreamID
    ) async throws -> WindowPlanner {
        while true {
            do {
                return try await tryToAppend(contents, of: pass, planner, id)
            } catch is AdvanceOvertaken {
                // A backfill may have taken the same of the second in which the stream begins.
            }
        }
    }

    private mutating func tryToAppend(
        _ contents: WindowContents, of pass: PassUnderWay, _ planner: WindowPlanner, _ id: StreamID
    ) async throws -> WindowPlanner {
        let window = pass.window
        let records = contents.pages.reduce(0) { $0 + $1.records.count }
        let gap =
            contents.gap.map { Advance.Gap(window: window, reason: $0) }
            ?? (pass.purpose == .catchUp
                ? lapsed(contents, window, planner) : lapsedLook(contents, window, planner))
        let collected = clock.wallNow
        let candidates = Candidate.distinct(contents.pages)
        let (known, comparedAt) =
            candidates.isEmpty ? ([], nil) : try await spool.compare(candidates.map(\.item), in: id)
        var sorted = SortedRecords(lane: pass.purpose == .catchUp ? .catchUp : .live)
        for (index, candidate) in candidates.enumerated() where !known.contains(index) {
            sorted.take(
                candidate, window: window, planner.coverage, tick: stream.source.tick, readAt: contents.readAt,
                dataset: stream.key.dataset)
        }
        var after = planner
        after.didRead(
            window, purpose: pass.purpose, at: contents.readAt,
            now: max(contents.readAt, try await stream.source.serverTime(.live)),
            records: records, foundNew: sorted.foundNew)
        let asked = stream.source.asked
        let advance = sorted.advance(
            id, stream, ingestor.surroundings.normaliser, window: window, contents: contents, comparedAt: comparedAt,
            coverage: after.coverage, length: after.length, gap: gap, collected: collected,
            requests: (asked - counted).requests,
            recordsRead: (asked - counted).records)
        try await ingestor.surroundings.pulse.waiting("stream \(stream.key)") {
            try await Self.append(advance, ingestor)
        }
        counted = asked
        if pass.purpose == .catchUp { lapsedUpTo = gap?.window.to }
        report(advance, sorted, window, collected)
        return after
    }

    private func report(_ advance: Advance, _ sorted: SortedRecords, _ window: Window, _ collected: Timestamp) {
        ingestor.sharing.allowance?.add(advance.recordsRead, at: collected)
        if sorted.foundNew { ingestor.sharing.pacer.foundNew(stream.key) }
        board.update(stream.key) { status in
            status.lastReadAt = collected
            status.requests += advance.requests
            status.recordsRead += advance.recordsRead
            status.taken += advance.taken.count
            status.late += sorted.lateCount
        }
        if let gap = advance.gap {
            logger.error(
                "records cannot be read and are missing from here on; collection goes on behind them",
                metadata: ["message_id": "\(LogKind.gap)", "window": "\(gap.window)", "reason": "\(gap.reason)"])
        }
        if sorted.strayCount > 0 {
            logger.warning(
                "Twilio answered records that were not asked for and that were finished long ago; they are left out",
                metadata: [
                    "message_id": "\(LogKind.strayRecords)", "window": "\(window)", "records": "\(sorted.strayCount)",
                ])
        }
        if !advance.taken.isEmpty {
            logger.debug("records collected", metadata: ["window": "\(window)", "records": "\(advance.taken.count)"])
        }
    }

    /// The part of a window that became older than Twilio keeps records for everybody while it waited to be read, if
    /// Twilio lists none there: whether there were any can never be known again.
    private func lapsed(_ contents: WindowContents, _ window: Window, _ planner: WindowPlanner) -> Advance.Gap? {
        let limit = min(window.to, (contents.readAt - Ingestor.retention).rounded(downTo: stream.source.tick))
        guard window.from < limit else { return nil }
        // What lies right before was read in time, or lapsed with it; history from before the first start did neither.
        let before = planner.coverage.interval(at: window.from - .milliseconds(1))
        guard before.map({ $0.readAt - $0.window.to < Ingestor.retention }) == true || lapsedUpTo == window.from,
            !Self.lists(contents, before: limit)
        else { return nil }
        return Advance.Gap(
            window: Window(from: window.from, to: limit),
            reason: "it was not collected for longer than Twilio keeps records, and Twilio lists none of it any more")
    }

    private static func lists(_ contents: WindowContents, before limit: Timestamp) -> Bool {
        contents.pages.contains { $0.records.contains { $0.time.map { $0 < limit } ?? false } }
    }

    /// The part of a window that was read but not looked at again until it was as old as the overlap, and now is older
    /// than Twilio keeps records: late ones that came meanwhile can never be known.
    private func lapsedLook(_ contents: WindowContents, _ window: Window, _ planner: WindowPlanner) -> Advance.Gap? {
        let limit = (contents.readAt - Ingestor.retention).rounded(downTo: stream.source.tick)
        guard window.from < limit else { return nil }
        let unsure = planner.coverage.intervals.filter {
            $0.window.from < min(window.to, limit) && window.from < $0.window.to && $0.state != .finished
                && $0.readAt - $0.window.to < min(stream.plan.overlap, Ingestor.retention)
        }
        // Some editions keep events for longer.
        guard let first = unsure.first, let last = unsure.last, !Self.lists(contents, before: limit) else { return nil }
        return Advance.Gap(
            window: Window(
                from: max(first.window.from, window.from), to: min(last.window.to, min(window.to, limit))),
            reason: "it was not looked at again for longer than Twilio keeps records; what became readable late is lost"
        )
    }

    /// Whatever changes in a full spool, room is looked for this seldom.
    private static let roomInterval: Duration = .seconds(1)

    /// Appends, and waits as long as the spool is full.
    static func append(_ advance: Advance, _ ingestor: Ingestor) async throws {
        let spool = ingestor.surroundings.spool
        guard let lack = try await lackOfRoom(for: advance, spool) else { return }
        ingestor.logger.error("\(lack)", metadata: ["message_id": "\(LogKind.spoolFull)"])
        show(lack, ingestor)
        for await _ in await spool.changes() {
            guard let lack = try await lackOfRoom(for: advance, spool) else {
                ingestor.logger.notice(
                    "the spool has room again; polling goes on", metadata: ["message_id": "\(LogKind.spoolHasRoom)"])
                return
            }
            show(lack, ingestor)
            try await ingestor.surroundings.clock.sleep(for: roomInterval)
        }
        throw CancellationError()
    }

    /// Appends, unless the spool is full: then it says so.
    private static func lackOfRoom(for advance: Advance, _ spool: Spool) async throws -> String? {
        do {
            try await spool.append(advance)
            return nil
        } catch let error as SpoolError {
            guard case .full = error else { throw error }
            return "\(error)"
        }
    }

    private static func show(_ lack: String, _ ingestor: Ingestor) {
        ingestor.surroundings.board.update(ingestor.stream.key) { status in
            status.state = .waitingForRoom
            status.lastError = lack
            status.lastErrorAt = ingestor.surroundings.clock.wallNow
        }
    }
}
