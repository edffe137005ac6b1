import Logging
import PipelineCore
import Spooling

/// The work on one stream: which passes are under way, and what becomes of their results.
///
/// - One pass at a time polls and one looks again; up to `PassSlots.perUrgency` catch up beside them. None waits for
///   another: a full second takes minutes at a low rate, and may fail for good.
/// - What was caught up is appended oldest first: a younger window that is complete waits for the older ones.
/// - A failed pass is dropped and its window planned again after a pause of its kind of work; the others go on.
struct Collection {
    private enum Event: Sendable {
        case read(Int, Result<WindowContents, SourceError>)
        case woke(ContinuousClock.Instant)
        case pulse
    }

    private let ingestor: Ingestor
    private let once: Bool
    private var place: StreamPlace?
    // Set together with `place`.
    private var planner: WindowPlanner?
    private var trouble: Trouble
    private var poll: PassUnderWay?
    private var look: PassUnderWay?
    /// Oldest first.
    private var catchingUp: [PassUnderWay] = []
    private var nextPass = 0
    /// How many passes may catch up at once: one more after each that succeeds, so that a service that never lives for
    /// long gets ahead, and after memory ran out as many as found room.
    private var width = 1
    /// After how many successes `width` grows. What runs out of memory was read in vain, so it is tried ever more rarely.
    private var patience = 1
    private var successes = 0
    private static let mostPatience = 64
    private var timers: [ContinuousClock.Instant] = []
    private var target: Timestamp?
    private var lacksRoom = false
    private var compacted: ContinuousClock.Instant
    private var results: PassResults

    private var stream: Ingestor.Stream { ingestor.stream }
    private var clock: any PipelineClock { ingestor.surroundings.clock }
    private var board: StatusBoard { ingestor.surroundings.board }
    private var spool: Spool { ingestor.surroundings.spool }
    private var pulse: Pulse { ingestor.surroundings.pulse }
    private var pulseName: String { "stream \(stream.key)" }

    init(_ ingestor: Ingestor, once: Bool) {
        self.ingestor = ingestor
        self.once = once
        trouble = Trouble(ingestor)
        results = PassResults(ingestor)
        compacted = ingestor.surroundings.clock.monotonicNow
    }

    mutating func run() async {
        // What an earlier run of the stream had failed at, this one finds out anew.
        board.update(stream.key) { $0.failures = 0 }
        show(.starting)
        pulse.begin(pulseName)
        defer { pulse.end(pulseName) }
        await withTaskGroup(of: Event.self) { group in
            startPulse(&group)
            while !Task.isCancelled {
                var isDone = false
                do {
                    isDone = try await schedule(&group)
                } catch {
                    fail(error, .all)
                    if !Task.isCancelled { wake(in: trouble.pause(of: .all) ?? .seconds(1), &group) }
                }
                if isDone || (once && trouble.isHopeless) { break }
                guard let event = await nextEvent(&group) else { continue }
                switch event {
                case .woke(let instant): timers.removeAll { $0 == instant }
                case .pulse: break
                case .read(let id, let result):
                    let work = underWay.first { $0.id == id }.map { Trouble.Work($0.purpose) }
                    do {
                        try await take(id, result)
                    } catch {
                        fail(error, work ?? .all)
                    }
                }
            }
            group.cancelAll()
        }
    }

    /// The next event that means work, or any once cancelled. Beats for each.
    private func nextEvent(_ group: inout TaskGroup<Event>) async -> Event? {
        while let event = await group.next() {
            pulse.beat(pulseName)
            // Once cancelled, no sleep takes time any more: it would be asked for a pulse for ever.
            guard case .pulse = event, !Task.isCancelled else { return event }
            startPulse(&group)
        }
        return nil
    }

    private func startPulse(_ group: inout TaskGroup<Event>) {
        guard let interval = pulse.interval else { return }
        let clock = clock
        group.addTask {
            try? await clock.sleep(for: interval)
            return .pulse
        }
    }

    // MARK: - Starting passes

    /// Starts what can be started now, and sees to it that something wakes the loop.
    /// - Returns: whether everything is done.
    @inline(never)  // As all that `run` calls: what it needs is not to be kept while the stream waits.
    private mutating func schedule(_ group: inout TaskGroup<Event>) async throws -> Bool {
        if let pause = trouble.pause(of: .all) {
            wake(in: pause, &group)
            return false
        }
        let source = stream.source
        let now = try await pulse.waiting(pulseName) { try await source.serverTime(.live) }
        if place == nil { try await begin(now) }
        guard let id = place?.id else { return false }
        if let wait = spentUntilTomorrow() {
            wake(in: wait, &group)
            return false
        }
        var circumstances = circumstances(now)
        if wantsToStart(circumstances) {
            let overlap = Window(from: now - stream.plan.overlap - circumstances.pollInterval, to: now)
            let (lack, records) = try await spool.outlook(of: id, overlap)
            guard !isOutOfRoom(lack) else {
                wake(in: .seconds(2), &group)
                return false
            }
            circumstances.isQuiet = records <= WindowPlanner.quietRecords
        }
        if startPasses(circumstances, &group) {
            try await spool.flush()
            board.update(stream.key) { $0.state = .done }
            return true
        }
        if let horizon = compactionHorizon(now) { try await spool.compactLedger(of: id, before: horizon) }
        return false
    }

    /// Whether a pass is due and may begin. Only then need the spool be asked, which costs more than all else here.
    private func wantsToStart(_ circumstances: WindowPlanner.Circumstances) -> Bool {
        guard var planner else { return false }
        if poll == nil || look == nil, case .read = planner.next(circumstances, front) { return true }
        return nextCatchUp(circumstances, planner) != nil
    }

    /// - Returns: whether everything is done.
    @inline(never)
    private mutating func startPasses(
        _ circumstances: WindowPlanner.Circumstances, _ group: inout TaskGroup<Event>
    ) -> Bool {
        guard var planner else { return false }
        defer { self.planner = planner }
        if startFront(circumstances, &planner, &group), catchingUp.isEmpty { return true }
        while let window = nextCatchUp(circumstances, planner) {
            catchingUp.append(start(window, .catchUp, planner, circumstances.now, &group))
            catchingUp.sort { $0.window.from < $1.window.from }
        }
        catchingUp.first?.memory.becomeFirst()
        for work in Trouble.Work.allCases { trouble.pause(of: work).map { wake(in: $0, &group) } }
        show(catchingUp.isEmpty ? (underWay.isEmpty ? .waiting : .reading) : .catchingUp)
        return false
    }

    /// The window to catch up next, if another pass may do so. One for which all others wait is started however few
    /// there may be.
    private func nextCatchUp(_ circumstances: WindowPlanner.Circumstances, _ planner: WindowPlanner) -> Window? {
        guard trouble.pause(of: .catchUp) == nil,
            let window = planner.nextCatchUp(circumstances, underWay: catchingUp.map(\.window)),
            catchingUp.allSatisfy({ window.from < $0.window.from })
                || catchingUp.count < width && ingestor.sharing.memory.hasRoom
        else { return nil }
        return window
    }

    private var front: WindowPlanner.Front {
        var front = WindowPlanner.Front()
        (front.poll, front.look) = (poll?.window, look?.window)
        (front.mayPoll, front.mayLook) = (trouble.pause(of: .poll) == nil, trouble.pause(of: .look) == nil)
        front.mayJoin = !trouble.fails(.poll) && !trouble.fails(.look)
        return front
    }

    /// Starts a poll and a look again, each if it is due and none is under way.
    /// - Returns: whether both are done for good.
    private mutating func startFront(
        _ circumstances: WindowPlanner.Circumstances, _ planner: inout WindowPlanner,
        _ group: inout TaskGroup<Event>
    ) -> Bool {
        while poll == nil || look == nil {
            switch planner.next(circumstances, front) {
            case .done: return true
            case .wait(let duration):
                wake(in: duration, &group)
                return false
            case .read(let window, let purpose):
                let pass = start(window, purpose, planner, circumstances.now, &group)
                if purpose == .live { poll = pass } else { look = pass }
            }
        }
        return false
    }

    private var underWay: [PassUnderWay] { [poll, look].compactMap(\.self) + catchingUp }

    private mutating func begin(_ now: Timestamp) async throws {
        let place = try await spool.place(
            of: stream.key, account: stream.account, start: stream.start.instant(now), names: stream.names)
        // What backfills to all sinks have read was sent, and is not remembered one by one.
        var coverage = place.coverage
        for done in try await spool.backfilled(place.id).intervals { coverage.finish(holesIn: done.window) }
        var planner = WindowPlanner(
            plan: stream.plan, start: place.start, tick: stream.source.tick, coverage: coverage,
            length: place.length ?? WindowPlanner.firstLength)
        if once {
            let target = target ?? now
            self.target = target
            planner.finish(at: target)
        }
        self.place = place
        self.planner = planner
        board.update(stream.key) { $0.completeUpTo = planner.coverage.completeUpTo(from: place.start) }
    }

    /// Whether the stream is quiet is left open.
    private func circumstances(_ now: Timestamp) -> WindowPlanner.Circumstances {
        var interval = ingestor.sharing.pacer.interval(of: stream.key)
        let level = once ? .ample : ingestor.sharing.allowance?.level(at: clock.wallNow).level ?? .ample
        if level >= .scarce {
            interval = min(interval * ReadAllowance.scarceStretch, max(interval, PollPacer.longestInterval))
        }
        board.update(stream.key) { status in
            status.pollSeconds = interval.inSeconds
            status.allowance = level == .ample ? nil : level
        }
        return WindowPlanner.Circumstances(
            now: now, pollInterval: interval, isQuiet: false, isSparing: level >= .sparing)
    }

    /// Whether polling waits for room in the spool; says so when that changes.
    private mutating func isOutOfRoom(_ lack: String?) -> Bool {
        if (lack != nil) != lacksRoom {
            lacksRoom = lack != nil
            if let lack {
                ingestor.logger.error("\(lack)", metadata: ["message_id": "\(LogKind.spoolFull)"])
            } else {
                ingestor.logger.notice(
                    "the spool has room again; polling goes on", metadata: ["message_id": "\(LogKind.spoolHasRoom)"])
            }
        }
        if let lack {
            board.update(stream.key) { status in
                status.state = .waitingForRoom
                if status.lastError != lack { status.lastErrorAt = clock.wallNow }
                status.lastError = lack
            }
        }
        return lacksRoom
    }

    /// How long nothing may be read because `max_reads_per_day` is used up; nil if it is not.
    private func spentUntilTomorrow() -> Duration? {
        guard !once, let allowance = ingestor.sharing.allowance else { return nil }
        let (level, untilTomorrow) = allowance.level(at: clock.wallNow)
        guard level == .spent else { return nil }
        board.update(stream.key) { status in
            status.allowance = .spent
            if status.failures == 0 { status.state = .waiting }
        }
        return untilTomorrow
    }

    private mutating func start(
        _ window: Window, _ purpose: WindowPlanner.Purpose, _ planner: WindowPlanner, _ now: Timestamp,
        _ group: inout TaskGroup<Event>
    ) -> PassUnderWay {
        let isFirst = purpose != .catchUp || catchingUp.allSatisfy { window.from < $0.window.from }
        let memory = ingestor.sharing.memory.hold(isFirst: isFirst)
        let urgency: Urgency =
            switch purpose {
            case .live: .live
            case .catchUp: .catchUp
            case .reread: now - window.to > stream.plan.overlap * 2 ? .idle : .reread
            }
        nextPass += 1
        let id = nextPass
        let pass = Pass(canSplit: planner.canSplit(window), urgency: urgency, memory: memory)
        // Of those begun together, each is to know of the others.
        if purpose == .catchUp { memory.startReading() }
        let (source, slots) = (stream.source, ingestor.sharing.slots)
        group.addTask {
            do throws(SourceError) {
                return .read(
                    id,
                    .success(
                        try await slots.with(urgency) { () throws(SourceError) in
                            memory.startReading()
                            return try await source.read(window, pass)
                        }))
            } catch {
                return .read(id, .failure(error))
            }
        }
        return PassUnderWay(id: id, window: window, purpose: purpose, canSplit: pass.canSplit, memory: memory)
    }

    private mutating func wake(in duration: Duration, _ group: inout TaskGroup<Event>) {
        let instant = clock.monotonicNow + duration
        guard timers.allSatisfy({ $0 > instant }) else { return }
        timers.append(instant)
        let clock = clock
        group.addTask {
            try? await clock.sleep(for: duration)
            return .woke(instant)
        }
    }

    // MARK: - Results

    @inline(never)
    private mutating func take(_ id: Int, _ result: Result<WindowContents, SourceError>) async throws {
        if let pass = [poll, look].compactMap(\.self).first(where: { $0.id == id }) {
            if pass.purpose == .live { poll = nil } else { look = nil }
            switch result {
            case .failure(let error): try await drop(pass, error)
            case .success(let contents):
                pass.memory.finishReading()
                try await append(contents, of: pass)
            }
            return
        }
        guard let index = catchingUp.firstIndex(where: { $0.id == id }) else { return }
        switch result {
        case .failure(let error): try await drop(catchingUp.remove(at: index), error)
        case .success(let contents):
            catchingUp[index].memory.finishReading()
            catchingUp[index].contents = contents
            successes += 1
            if successes >= patience {
                successes = 0
                width = min(PassSlots.perUrgency, width + 1)
            }
        }
        while let oldest = catchingUp.first, let contents = oldest.contents, let planner, planner.isNext(oldest.window)
        {
            // If it cannot be appended, its window is read again.
            catchingUp.removeFirst()
            try await append(contents, of: oldest)
        }
    }

    private mutating func append(_ contents: WindowContents, of pass: PassUnderWay) async throws {
        defer { pass.memory.release() }
        guard let place, let planner else { return }
        let after = try await results.append(contents, of: pass, planner, place.id)
        self.planner = after
        board.update(stream.key) { $0.completeUpTo = after.coverage.completeUpTo(from: place.start) }
        trouble.recovered(Trouble.Work(pass.purpose))
    }

    private mutating func drop(_ pass: PassUnderWay, _ error: SourceError) async throws {
        pass.memory.release()
        if let place { await results.countAsked(of: place.id) }
        switch error {
        case .tooMuch(let reason) where pass.canSplit:
            ingestor.logger.debug(
                "a window holds too much and is split", metadata: ["window": "\(pass.window)", "reason": "\(reason)"])
            planner?.didHoldTooMuch(pass.window)
        case .noRoom:
            width = max(1, catchingUp.count)
            patience = min(Self.mostPatience, patience * 2)
            successes = 0
        default: throw error
        }
    }

    // MARK: - Trouble

    @inline(never)
    private mutating func fail(_ error: any Error, _ work: Trouble.Work) {
        if error is CancellationError || Task.isCancelled { return }
        if let error = error as? SourceError, case .cancelled = error { return }
        trouble.failed(error, work)
        if let error = error as? SourceError, case .gone = error { ingestor.whenGone() }
    }

    /// What lies before it is to be folded now; nil if not yet again.
    private mutating func compactionHorizon(_ now: Timestamp) -> Timestamp? {
        guard compacted.duration(to: clock.monotonicNow) > Ingestor.compactionInterval else { return nil }
        compacted = clock.monotonicNow
        return (planner?.coverage.firstUnfinished ?? now) - Ingestor.compactionMargin
    }

    /// Posts what the stream does; one that failed shows that until it works again.
    private func show(_ state: StreamStatus.State) {
        board.update(stream.key) { status in
            if status.failures == 0 { status.state = state }
        }
    }
}

/// A pass that was started and whose result is not appended yet.
struct PassUnderWay {
    let id: Int
    let window: Window
    let purpose: WindowPlanner.Purpose
    let canSplit: Bool
    let memory: MemoryHold
    /// What was read, while it waits for older windows.
    var contents: WindowContents?
}
