package import Logging
package import Normalising
package import PipelineCore
package import Spooling

/// Collects one stream: asks the planner for a window, reads it, removes what was taken before, and appends the rest
/// to the spool together with the progress made.
///
/// Whatever goes wrong, nothing counts as read that was not appended: the same window is asked for again.
package struct Ingestor: Sendable {
    package struct Stream: Sendable {
        package let key: StreamKey
        /// The account's label.
        package let account: String
        package let source: any Source
        package let plan: CollectionPlan
        /// Where collection of a stream that was never seen begins.
        package let start: StreamStart

        package init(key: StreamKey, account: String, source: any Source, plan: CollectionPlan, start: StreamStart) {
            self.key = key
            self.account = account
            self.source = source
            self.plan = plan
            self.start = start
        }
    }

    package let stream: Stream
    let spool: Spool
    let normaliser: Normaliser
    let clock: any PipelineClock
    let board: StatusBoard
    let logger: Logger

    package init(
        stream: Stream, spool: Spool, normaliser: Normaliser, clock: any PipelineClock, board: StatusBoard,
        logger: Logger
    ) {
        self.stream = stream
        self.spool = spool
        self.normaliser = normaliser
        self.clock = clock
        self.board = board
        var logger = logger
        logger[metadataKey: "source.account"] = "\(stream.account)"
        logger[metadataKey: "source.stream"] = "\(stream.key)"
        self.logger = logger
    }

    /// How long Twilio keeps events at least; some editions 13 months.
    static let retention: Duration = .seconds(30 * 86_400)
    /// How often identities that nothing will be compared with any more are forgotten.
    static let compactionInterval: Duration = .seconds(600)
    /// A record this much older than the first unfinished instant is remembered still: servers round.
    static let compactionMargin: Duration = .seconds(3600)

    /// Collects until the task is cancelled; with `once`, until everything that was there at the server's first answer
    /// has been read.
    package func run(once: Bool = false) async {
        var trouble = Trouble(stream: stream.key, board: board, logger: logger)
        var memory = Memory()
        while !Task.isCancelled {
            do {
                try await collect(once: once, &trouble, &memory)
                return
            } catch {
                if error is CancellationError || Task.isCancelled { return }
                if case SourceError.cancelled = error { return }
                let pause = trouble.failed(error)
                if once, trouble.isHopeless { return }
                if (try? await clock.sleep(for: pause)) == nil { return }
            }
        }
    }

    private func collect(once: Bool, _ trouble: inout Trouble, _ memory: inout Memory) async throws {
        let serverNow = try await stream.source.serverTime()
        let place = try await spool.place(
            of: stream.key, account: stream.account, start: stream.start.instant(serverNow))
        var planner = WindowPlanner(
            plan: stream.plan, start: place.start, tick: stream.source.tick, coverage: place.coverage,
            length: memory.length)
        if once {
            let target = memory.target ?? serverNow
            memory.target = target
            planner.finish(at: target)
        }
        var compacted = clock.monotonicNow
        show(.waiting)
        while true {
            try Task.checkCancellation()
            let now = try await stream.source.serverTime()
            let isQuiet = try await isQuiet(now, place.id)
            switch planner.next(now: now, isQuiet: isQuiet) {
            case .done:
                try await spool.flush()
                board.update(stream.key) { $0.state = .done }
                return
            case .wait(let duration):
                show(.waiting)
                try await clock.sleep(for: duration)
            case .read(let window, let purpose):
                show(purpose == .catchUp ? .catchingUp : .reading)
                defer { memory.length = planner.length }
                if try await pass(over: window, purpose, &planner, &memory, place.id) { trouble.recovered() }
            }
            if compacted.duration(to: clock.monotonicNow) > Self.compactionInterval {
                compacted = clock.monotonicNow
                let horizon = (planner.coverage.firstUnfinished ?? now) - Self.compactionMargin
                try await spool.compactLedger(of: place.id, before: horizon)
            }
        }
    }

    /// Posts what the stream does; one that failed shows that until it works again.
    private func show(_ state: StreamStatus.State) {
        board.update(stream.key) { status in
            if status.failures == 0 { status.state = state }
        }
    }

    private func isQuiet(_ now: Timestamp, _ id: StreamID) async throws -> Bool {
        let overlap = Window(from: now - stream.plan.overlap - stream.plan.pollInterval, to: now)
        return try await spool.count(in: id, window: overlap) <= WindowPlanner.quietRecords
    }

    // MARK: - One pass

    /// - Returns: false if the window held too much and is to be split.
    private func pass(
        over window: Window, _ purpose: WindowPlanner.Purpose, _ planner: inout WindowPlanner, _ memory: inout Memory,
        _ id: StreamID
    ) async throws -> Bool {
        let contents: WindowContents
        do {
            contents = try await stream.source.read(window, canSplit: planner.canSplit(window))
        } catch {
            await spool.count(requests: stream.source.requestsMade - memory.requestsCounted, of: id)
            memory.requestsCounted = stream.source.requestsMade
            guard case .tooMuch(let reason) = error, planner.canSplit(window) else { throw error }
            logger.debug(
                "a window holds too much and is split", metadata: ["window": "\(window)", "reason": "\(reason)"])
            planner.didHoldTooMuch(window)
            return false
        }
        let records = contents.pages.reduce(0) { $0 + $1.records.count }
        let gap =
            contents.gap.map { Advance.Gap(window: window, reason: $0) }
            ?? (purpose == .catchUp ? lapsed(contents, window, planner, memory) : nil)
        let collected = clock.wallNow
        let candidates = Self.distinct(contents.pages)
        let known = try await spool.known(candidates.map(\.item), in: id)
        var sorted = SortedRecords()
        for (index, candidate) in candidates.enumerated() where !known.contains(index) {
            sorted.take(candidate.record, window: window, purpose: purpose, planner.coverage, tick: stream.source.tick)
        }
        var after = planner
        after.didRead(
            window, purpose: purpose, at: contents.readAt,
            now: max(contents.readAt, try await stream.source.serverTime()),
            records: records, foundNew: sorted.foundNew)
        let advance = sorted.advance(
            id, stream, normaliser, window: window, contents: contents, coverage: after.coverage, gap: gap,
            collected: collected,
            requests: stream.source.requestsMade - memory.requestsCounted, recordsRead: records)
        try await append(advance)
        memory.requestsCounted += advance.requests
        if purpose == .catchUp { memory.lapsedUpTo = gap?.window.to }
        // Only now: an append that failed leaves the planner where the spool is.
        planner = after
        board.update(stream.key) { status in
            status.failures = 0
            status.lastReadAt = collected
            status.requests += advance.requests
            status.recordsRead += records
            status.taken += advance.taken.count
            status.late += sorted.lateCount
        }
        if let gap {
            logger.error(
                "records cannot be read and are missing from here on; collection goes on behind them",
                metadata: ["window": "\(gap.window)", "reason": "\(gap.reason)"])
        }
        if sorted.strayCount > 0 {
            logger.warning(
                "Twilio answered records that were not asked for and that were finished long ago; they are left out",
                metadata: ["window": "\(window)", "records": "\(sorted.strayCount)"])
        }
        if !advance.taken.isEmpty {
            logger.debug("records collected", metadata: ["window": "\(window)", "records": "\(advance.taken.count)"])
        }
        return true
    }

    /// The part of a window that became older than Twilio keeps events for everybody while it waited to be read, if
    /// Twilio lists none there: whether there were any can never be known again.
    private func lapsed(
        _ contents: WindowContents, _ window: Window, _ planner: WindowPlanner, _ memory: Memory
    ) -> Advance.Gap? {
        let limit = min(window.to, (contents.readAt - Self.retention).rounded(downTo: stream.source.tick))
        guard window.from < limit else { return nil }
        // What lies right before was read in time, or lapsed with it; history from before the first start did neither.
        let before = planner.coverage.interval(at: window.from - .milliseconds(1))
        guard before.map({ $0.readAt - $0.window.to < Self.retention }) == true || memory.lapsedUpTo == window.from,
            !contents.pages.contains(where: { $0.records.contains { $0.time.map { $0 < limit } ?? false } })
        else { return nil }
        return Advance.Gap(
            window: Window(from: window.from, to: limit),
            reason: "it was not collected for longer than Twilio keeps events, and Twilio lists none of it any more")
    }

    /// Appends, and waits as long as the spool is full.
    private func append(_ advance: Advance) async throws {
        var isWaiting = false
        for await _ in await spool.changes() {
            do {
                try await spool.append(advance)
                if isWaiting { logger.notice("the spool has room again; polling goes on") }
                return
            } catch let error as SpoolError {
                guard case .full = error else { throw error }
                if !isWaiting { logger.error("\(error)") }
                isWaiting = true
                board.update(stream.key) { status in
                    status.state = .waitingForRoom
                    status.lastError = "\(error)"
                    status.lastErrorAt = clock.wallNow
                }
            }
        }
        throw CancellationError()
    }

    /// The pages' records, each identity once: pages shift while they are read.
    private static func distinct(_ pages: [Page]) -> [(record: SourceRecord, item: LedgerItem)] {
        var seen: Set<RecordIdentity> = []
        var result: [(record: SourceRecord, item: LedgerItem)] = []
        for page in pages {
            for index in page.records.indices {
                let record = page[index]
                guard seen.insert(record.identity).inserted else { continue }
                result.append((record, LedgerItem(identity: record.identity, time: record.time)))
            }
        }
        return result
    }
}

/// What a failure must not make an ingestor forget: or dense history and a few failures would never get anywhere, and
/// the end of `once` would move.
private struct Memory {
    var length = WindowPlanner.firstLength
    var target: Timestamp?
    /// The end of the last window, if it lapsed.
    var lapsedUpTo: Timestamp?
    /// How many of the source's requests are counted in the spool.
    var requestsCounted = 0
}

/// Where collection of a stream begins that was never seen.
package enum StreamStart: Sendable, Equatable {
    case ago(Duration)
    case at(Timestamp)

    func instant(_ now: Timestamp) -> Timestamp {
        switch self {
        case .ago(let duration): now - duration
        case .at(let instant): instant
        }
    }
}
