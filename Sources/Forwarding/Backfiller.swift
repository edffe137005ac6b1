import Logging
import PipelineCore
import Spooling

/// Carries out backfills: reads past ranges beside live collection, whose place it does not touch.
///
/// - A job without a sink is for all sinks. It reads only what lies before the stream's start and what no other such job
///   has read: the rest was or will be collected anyway.
/// - A job for one sink reads everything again, for that sink only; of what the spool lost, just that.
/// - Progress is durable with the records, so that a job goes on after a restart where it was.
/// - A window that was empty is read once more before the job ends: an empty page is no proof.
package struct Backfiller: Sendable {
    private let spool: Spool
    private let registry: StreamRegistry
    private let clock: any PipelineClock
    private let pulse: Pulse
    private let logger: Logger

    package init(_ surroundings: Ingestor.Surroundings) {
        spool = surroundings.spool
        registry = surroundings.registry
        clock = surroundings.clock
        pulse = surroundings.pulse
        logger = surroundings.logger
    }

    /// How often new jobs are looked for.
    static let interval: Duration = .seconds(2)
    /// A job that finds nothing to read from for so long is told.
    static let patience: Duration = .seconds(300)

    /// Whose jobs wait for each other: those of one API of an account.
    private struct Place: Hashable {
        let accountSID: String
        let dataset: Dataset

        init(_ job: BackfillJob) {
            accountSID = job.accountSID
            dataset = job.dataset
        }
    }

    private enum Event: Sendable {
        case isFree(Place, givenUp: Int64?)
        case lookAgain
    }

    /// Works on open jobs until the task is cancelled; with `untilDone`, until there is none that can be worked on:
    /// streams that cannot be found and credentials that are refused again and again do not hold it up.
    ///
    /// Jobs of one API of an account are done oldest first, one at a time; those of others do not wait for them.
    package func run(untilDone: Bool = false) async {
        var busy: Set<Place> = []
        var givenUp: Set<Int64> = []
        var stranded = Stranded()
        pulse.begin("backfills")
        defer { pulse.end("backfills") }
        await withTaskGroup(of: Event.self) { group in
            repeat {
                pulse.beat("backfills")
                let jobs = await openJobs()
                for job in jobs ?? [] where !givenUp.contains(job.id) {
                    guard registry.ingestors(accountSID: job.accountSID, job.dataset) != nil else {
                        if stranded.isToldOf(job.id, at: clock.monotonicNow) { tell(stranded: job) }
                        continue
                    }
                    stranded.isFound(job.id)
                    let place = Place(job)
                    guard busy.insert(place).inserted else { continue }
                    group.addTask {
                        let isDone = await finish(job, unlessHopeless: untilDone)
                        return .isFree(place, givenUp: isDone ? nil : job.id)
                    }
                }
                if untilDone, busy.isEmpty, jobs != nil { return group.cancelAll() }
                group.addTask {
                    try? await clock.sleep(for: Self.interval)
                    return .lookAgain
                }
                while case .isFree(let place, let job)? = await group.next() {
                    busy.remove(place)
                    if let job { givenUp.insert(job) }
                }
            } while !Task.isCancelled
            group.cancelAll()
        }
    }

    /// Jobs without anything to read from, since when, and of which that was told.
    private struct Stranded {
        private var since: [Int64: ContinuousClock.Instant] = [:]
        private var told: Set<Int64> = []

        mutating func isToldOf(_ job: Int64, at now: ContinuousClock.Instant) -> Bool {
            let begin = since[job, default: now]
            since[job] = begin
            return begin.duration(to: now) >= Backfiller.patience && told.insert(job).inserted
        }

        mutating func isFound(_ job: Int64) {
            since[job] = nil
            told.remove(job)
        }
    }

    private func tell(stranded job: BackfillJob) {
        logger.warning(
            "a backfill waits, since nothing of its account and dataset is collected now; it goes on when that is",
            metadata: [
                "message_id": "\(LogKind.backfillWaits)", "job": "\(job.id)", "source.account": "\(job.account)",
                "source.account_sid": "\(job.accountSID)", "dataset": "\(job.dataset.rawValue)",
                "window": "\(job.window)",
            ])
    }

    /// Nil if they cannot be read now.
    private func openJobs() async -> [BackfillJob]? {
        do {
            return try await spool.backfills(openOnly: true)
        } catch {
            logger.warning(
                "the open backfills cannot be read; it is tried again",
                metadata: ["message_id": "\(LogKind.backfillFails)", "reason": "\(error)"])
            return nil
        }
    }

    /// Works on a job until it has ended, is cancelled, or its streams are being looked for anew.
    /// - Parameter unlessHopeless: gives it up when the credential is refused again and again.
    /// - Returns: false if it was given up.
    private func finish(_ job: BackfillJob, unlessHopeless: Bool) async -> Bool {
        var refusals = 0
        var backoff = Backoff(initial: .seconds(2), limit: .seconds(300))
        var recurrence = Recurrence()
        var random = ClockRandomness(clock)
        while !Task.isCancelled, registry.ingestors(accountSID: job.accountSID, job.dataset) != nil {
            do {
                try await work(on: job)
                return true
            } catch {
                // Somebody has cancelled it, or this process stops.
                if error is CancellationError || Task.isCancelled { return true }
                refusals = (error as? SourceError)?.isRefusal == true ? refusals + 1 : 0
                if unlessHopeless, refusals >= Trouble.refusalsThatLast { return false }
                let pause = backoff.next(using: &random)
                if recurrence.again(at: clock.monotonicNow) {
                    var metadata: Logger.Metadata = [
                        "message_id": "\(LogKind.backfillFails)",
                        "job": "\(job.id)", "source.account": "\(job.account)", "reason": "\(error)",
                        "next_try_seconds": "\(Int(pause.inSeconds.rounded(.up)))",
                    ]
                    metadata["repeated"] = recurrence.folded(at: clock.monotonicNow).map { "\($0)" }
                    logger.warning("a backfill fails and is tried again", metadata: metadata)
                }
                if (try? await clock.sleep(for: pause)) == nil { return true }
            }
        }
        return true
    }

    private func work(on job: BackfillJob) async throws {
        guard var ingestors = registry.ingestors(accountSID: job.accountSID, job.dataset) else { return }
        if let stream = job.stream {
            let key = try await spool.key(of: stream)
            ingestors = ingestors.filter { $0.stream.key == key }
        }
        // One stream that fails does not stop the others; its error is told when they are done.
        let errors = await withTaskGroup(of: (any Error)?.self) { group in
            for ingestor in ingestors {
                group.addTask {
                    var side = BackfilledStream(job, ingestor)
                    pulse.begin(side.pulseName)
                    defer { pulse.end(side.pulseName) }
                    do {
                        try await side.collect()
                        return nil
                    } catch {
                        await side.countAsked()
                        if let error = error as? SourceError, case .gone = error { ingestor.whenGone() }
                        return error
                    }
                }
            }
            return await group.reduce(into: []) { $0 += $1.map { [$0] } ?? [] }
        }
        if let error = errors.first(where: { !($0 is CancellationError) }) ?? errors.first { throw error }
        guard let unread = try await spool.finishBackfill(job.id) else { return }
        for gap in unread { logger.tell(unread: gap) }
        logger.notice(
            "backfill finished",
            metadata: [
                "message_id": "\(LogKind.backfillFinished)",
                "job": "\(job.id)", "source.account": "\(job.account)", "dataset": "\(job.dataset.rawValue)",
                "window": "\(job.window)",
            ])
    }
}

/// One stream's part of a backfill.
private struct BackfilledStream {
    private let job: BackfillJob
    private let ingestor: Ingestor
    private let source: any Source
    private var counted = Asked()
    /// Set when it begins.
    private var id: StreamID?
    /// What the job has read: settled, or read if it was empty and is to be confirmed.
    private var done = Coverage()
    /// The only records to take; nil for all.
    private var wanted: Set<RecordIdentity>?
    private static let always = Window(from: Timestamp(milliseconds: .min), to: Timestamp(milliseconds: .max))

    private var stream: Ingestor.Stream { ingestor.stream }
    private var spool: Spool { ingestor.surroundings.spool }
    private var clock: any PipelineClock { ingestor.surroundings.clock }
    private var pulse: Pulse { ingestor.surroundings.pulse }
    /// It beats whenever it has an answer and with each pass.
    var pulseName: String { "backfill \(job.id) of \(stream.key)" }

    init(_ job: BackfillJob, _ ingestor: Ingestor) {
        self.job = job
        self.ingestor = ingestor
        source = ingestor.stream.makeSideSource()
        wanted = job.identities
    }

    mutating func collect() async throws {
        let now = try await serverTime()
        let place = try await spool.place(
            of: stream.key, account: stream.account, start: stream.start.instant(now), names: stream.names)
        id = place.id
        done = try await spool.backfillPlace(job.id, stream: place.id)
        let tick = source.tick
        let from = job.window.from.rounded(downTo: tick)
        // The tick in which it ends is read whole.
        let end = (job.window.to + tick - .milliseconds(1)).rounded(downTo: tick)
        var to = min(end, (now - WindowPlanner.lag).rounded(downTo: tick))
        var covered = done
        if job.sink == nil, wanted == nil {
            // What lies behind the start is live collection's.
            to = min(to, place.start.rounded(downTo: tick))
            for interval in try await spool.backfilled(place.id).intervals {
                covered.recordPass(over: interval.window, at: now, foundNew: false)
            }
        }
        guard from < to else { return }
        let plan = CollectionPlan(
            pollInterval: stream.plan.pollInterval, overlap: .zero, rereadAfter: [], pageSize: stream.plan.pageSize)
        var planner = WindowPlanner(
            plan: plan, start: from, tick: tick, coverage: covered,
            length: place.length ?? WindowPlanner.firstLength)
        while let window = planner.nextUnread(in: Window(from: from, to: to)) {
            try await pass(over: window, &planner, place.id, confirms: false)
        }
        try await confirm(&planner, place.id)
    }

    private func serverTime() async throws -> Timestamp {
        try await pulse.waiting(pulseName) { try await source.serverTime(.idle) }
    }

    /// Counts what a pass that failed has asked.
    mutating func countAsked() async {
        guard let id else { return }
        let asked = source.asked
        await spool.count(asked - counted, of: id)
        ingestor.sharing.allowance?.add((asked - counted).records, at: clock.wallNow)
        counted = asked
    }

    /// Reads once more what was empty.
    private mutating func confirm(_ planner: inout WindowPlanner, _ id: StreamID) async throws {
        let empty = done.intervals.filter { $0.state == .read }
        guard let last = empty.map(\.readAt).max() else { return }
        let now = try await serverTime()
        let wait = last + WindowPlanner.confirmation - now
        if wait > .zero {
            try await pulse.waiting(pulseName) { try await clock.sleep(for: min(wait, WindowPlanner.confirmation)) }
        }
        for interval in empty {
            var rest = interval.window
            while rest.from < rest.to {
                let window = Window(from: rest.from, to: min(rest.to, rest.from + planner.length))
                if try await pass(over: window, &planner, id, confirms: true) {
                    rest = Window(from: window.to, to: rest.to)
                }
            }
        }
    }

    /// - Returns: false if the window held too much and is to be split.
    @discardableResult
    private mutating func pass(
        over window: Window, _ planner: inout WindowPlanner, _ id: StreamID, confirms: Bool
    ) async throws -> Bool {
        guard try await spool.backfills(openOnly: true).contains(where: { $0.id == job.id }) else {
            throw CancellationError()
        }
        try await pulse.waiting(pulseName) { try await waitForAllowance() }
        let memory = ingestor.sharing.memory.hold(isFirst: true)
        defer { memory.release() }
        let pass = Pass(canSplit: planner.canSplit(window), urgency: .idle, memory: memory)
        let contents: WindowContents
        do {
            let (source, slots) = (source, ingestor.sharing.slots)
            contents = try await pulse.waiting(pulseName) { () throws(SourceError) in
                try await slots.with(.idle) { () throws(SourceError) in try await source.read(window, pass) }
            }
        } catch {
            guard case .tooMuch = error, pass.canSplit else { throw error }
            planner.didHoldTooMuch(window)
            return false
        }
        memory.finishReading()
        try await append(contents, window, &planner, id, confirms: confirms)
        return true
    }

    private mutating func append(
        _ contents: WindowContents, _ window: Window, _ planner: inout WindowPlanner, _ id: StreamID, confirms: Bool
    ) async throws {
        while true {
            do {
                return try await tryToAppend(contents, window, &planner, id, confirms: confirms)
            } catch is AdvanceOvertaken {
                // Live collection may have taken the same of the second in which it began.
            }
        }
    }

    private mutating func tryToAppend(
        _ contents: WindowContents, _ window: Window, _ planner: inout WindowPlanner, _ id: StreamID, confirms: Bool
    ) async throws {
        let candidates = Candidate.distinct(contents.pages)
        let compared = job.sink == nil ? try await spool.compare(candidates.map(\.item), in: id) : nil
        let known = compared?.known ?? []
        var sorted = SortedRecords(lane: .backfill)
        for (index, candidate) in candidates.enumerated() where !known.contains(index) {
            guard wanted?.contains(candidate.identity) ?? true else { continue }
            // One that is looked for is taken wherever it is listed.
            sorted.take(
                candidate, window: wanted == nil ? window : Self.always, done, tick: source.tick,
                readAt: contents.readAt,
                dataset: stream.key.dataset)
        }
        let isEmpty = !candidates.contains { $0.time.map(window.contains) ?? false }
        var after = done
        after.recordPass(over: window, at: contents.readAt, foundNew: false)
        // Only an empty window waits for a second look.
        if !isEmpty || confirms { after.recordPass(over: window, at: contents.readAt, foundNew: false) }
        let records = contents.pages.reduce(0) { $0 + $1.records.count }
        let asked = source.asked
        let advance = sorted.advance(
            id, stream, ingestor.surroundings.normaliser, window: window, contents: contents,
            comparedAt: compared?.at, coverage: after, length: planner.length,
            gap: contents.gap.map { Advance.Gap(window: window, reason: $0) },
            collected: clock.wallNow, requests: (asked - counted).requests,
            recordsRead: (asked - counted).records,
            backfill: BackfillProgress(job: job.id, coverage: after, sink: job.sink))
        // It waits while the spool is full.
        try await pulse.waiting(pulseName) { try await PassResults.append(advance, ingestor) }
        wanted?.subtract(advance.taken.map(\.identity))
        done = after
        counted = asked
        ingestor.sharing.allowance?.add(advance.recordsRead, at: clock.wallNow)
        planner.didRead(
            window, purpose: .catchUp, at: contents.readAt, now: contents.readAt, records: records, foundNew: !isEmpty)
    }

    /// Backfills are the first to wait for `max_reads_per_day`.
    private func waitForAllowance() async throws {
        guard let allowance = ingestor.sharing.allowance else { return }
        while true {
            let (level, untilTomorrow) = allowance.level(at: clock.wallNow)
            guard level >= .scarce else { return }
            try await clock.sleep(for: min(untilTomorrow, .seconds(600)))
        }
    }
}
