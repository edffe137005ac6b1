import PipelineCore
import Spooling

/// Reading a range again, window by window.
extension AuditedStream {
    /// What one look at some windows of a day has found.
    struct Look {
        var atTwilio = RecordTally()
        /// In rows of the ledger.
        var taken = RecordTally()
        /// In none, but so old that they may be among those that are known by days only.
        var unknown = RecordTally()
        /// Never taken; as many as are kept, and how many there are.
        var missing: [StreamAudit.Missing] = []
        var missingCount = 0
        /// How many of each row's records Twilio has, and which.
        var seen: [Int64: RecordTally] = [:]
        var undatedMissing: [StreamAudit.Missing] = []
        var undated: Set<RecordIdentity> = []
    }

    /// - Parameter foldedUpTo: what is not younger may be known by days only; nil if nothing is.
    mutating func look(_ parts: [Window], _ place: AuditPlace, foldedUpTo: Timestamp?) async throws -> Look {
        var look = Look()
        for part in parts {
            var planner = WindowPlanner(
                plan: CollectionPlan(
                    pollInterval: side.stream.plan.pollInterval, overlap: .zero, rereadAfter: [],
                    pageSize: side.stream.plan.pageSize),
                start: part.from, tick: source.tick, coverage: Coverage(),
                length: length ?? place.length ?? WindowPlanner.firstLength)
            while let window = planner.nextUnread(in: part) {
                let memory = side.sharing.memory.hold(isFirst: true)
                defer { memory.release() }
                let pass = Pass(canSplit: planner.canSplit(window), urgency: .reread, memory: memory)
                guard let contents = try await read(window, pass) else {
                    planner.didHoldTooMuch(window)
                    continue
                }
                memory.finishReading()
                try await compare(contents, window, place, &look, foldedUpTo)
                let records = contents.pages.reduce(0) { $0 + $1.records.count }
                planner.didRead(
                    window, purpose: .catchUp, at: contents.readAt, now: contents.readAt, records: records,
                    foundNew: true)
                length = planner.length
            }
        }
        return look
    }

    /// - Returns: nil if the window held too much and is to be split.
    private mutating func read(_ window: Window, _ pass: Pass) async throws -> WindowContents? {
        var backoff = Backoff(initial: .seconds(2), limit: .seconds(60))
        var random = ClockRandomness(clock)
        while true {
            try await waitForAllowance()
            do throws(SourceError) {
                let source = source
                let contents = try await side.sharing.slots.with(.reread) { () throws(SourceError) in
                    try await source.read(window, pass)
                }
                await countAsked(place: nil)
                if let gap = contents.gap { result.unlisted.append(Advance.Gap(window: window, reason: gap)) }
                return contents
            } catch {
                await countAsked(place: nil)
                switch error {
                case .tooMuch where pass.canSplit: return nil
                case .unavailable(_, let retryAfter) where backoff.attempts < Self.retries:
                    try await clock.sleep(
                        for: max(backoff.next(using: &random), min(retryAfter ?? .zero, .seconds(300))))
                default: throw error
                }
            }
        }
    }

    private mutating func compare(
        _ contents: WindowContents, _ window: Window, _ place: AuditPlace, _ look: inout Look,
        _ foldedUpTo: Timestamp?
    ) async throws {
        let candidates = Candidate.distinct(contents.pages).filter { $0.time.map(window.contains) ?? true }
        let rows = try await spool.ledgerRows(of: candidates.map(\.item), in: place.id)
        for (index, candidate) in candidates.enumerated() {
            guard let time = candidate.time else {
                guard look.undated.count < Self.mostUndated, look.undated.insert(candidate.identity).inserted,
                    rows[index] == nil
                else { continue }
                look.undatedMissing.append(missing(candidate))
                continue
            }
            look.atTwilio.add(candidate.identity)
            if let row = rows[index] {
                look.taken.add(candidate.identity)
                look.seen[row, default: RecordTally()].add(candidate.identity)
            } else if let foldedUpTo, time <= foldedUpTo {
                look.unknown.add(candidate.identity)
            } else {
                look.missingCount += 1
                if result.missing.count + look.missing.count < Self.mostMissing {
                    look.missing.append(missing(candidate))
                }
            }
        }
    }

    private func missing(_ candidate: Candidate) -> StreamAudit.Missing {
        StreamAudit.Missing(item: candidate.item, id: id(candidate, side.stream))
    }

    /// Audits wait for `max_reads_per_day`, as backfills do.
    private func waitForAllowance() async throws {
        guard let allowance = side.sharing.allowance else { return }
        while true {
            let (level, untilTomorrow) = allowance.level(at: clock.wallNow)
            guard level >= .scarce else { return }
            try await clock.sleep(for: min(untilTomorrow, .seconds(600)))
        }
    }
}
