package import Logging
package import PipelineCore

/// Finds out again and again what there is to collect: an account's environments, or a parent's subaccounts. What is
/// new is collected from then on; what is gone is let go of.
///
/// - A failed search changes nothing: what was found before goes on.
/// - What is missing from one answer is believed to be gone only when it is missing from the next one too, or when
///   Twilio also answers 404 for it: an answer may be incomplete.
package struct Discovery: Sendable {
    /// Something that was found.
    package struct Find: Sendable {
        /// Stays the same as long as it exists: a SID.
        package let id: String
        package let fleet: @Sendable () async -> Fleet
        /// Called when it is found again.
        package let seen: @Sendable () -> Void
        /// Called when it is gone and nothing works on it any more.
        package let retire: @Sendable () async -> Void

        package init(
            id: String, fleet: @escaping @Sendable () async -> Fleet, seen: @escaping @Sendable () -> Void = {},
            retire: @escaping @Sendable () async -> Void
        ) {
            self.id = id
            self.fleet = fleet
            self.seen = seen
            self.retire = retire
        }
    }

    /// What is searched, as people are told it.
    package let name: String
    package let interval: Duration
    /// Finds everything there is, and says how many requests that took.
    package let search: @Sendable (_ bell: Bell) async throws(SourceError) -> (finds: [Find], requests: Int)
    /// What was found before this process began and not let go of: if no search finds it, it is retired.
    package let known: @Sendable () async -> [Find]
    /// Requests per second that the rate limit allows.
    package let budget: @Sendable () -> Double
    package let clock: any PipelineClock
    package let board: StatusBoard
    package let logger: Logger
    private let pulse: Pulse
    private var pulseName: String { "search \(name)" }

    package init(
        name: String, interval: Duration, clock: any PipelineClock, board: StatusBoard, logger: Logger,
        pulse: Pulse? = nil, budget: @escaping @Sendable () -> Double,
        known: @escaping @Sendable () async -> [Find] = { [] },
        search: @escaping @Sendable (_ bell: Bell) async throws(SourceError) -> (finds: [Find], requests: Int)
    ) {
        self.name = name
        self.interval = interval
        self.search = search
        self.known = known
        self.budget = budget
        self.clock = clock
        self.board = board
        self.logger = logger
        self.pulse = pulse ?? Pulse(clock: clock)
    }

    /// A search may use this part of the rate limit on the long run; with very many services it comes more rarely.
    static let share = 0.25
    /// However often something seems to be gone, searches are at least this far apart.
    static let leastInterval: Duration = .seconds(15)
    static let longestInterval: Duration = .seconds(3600)

    private enum Event: Sendable {
        case ended(String)
        case found([Find], requests: Int)
        case failed(SourceError)
        case searchIsDue
        case pulse
    }

    package func run(_ mode: Ingestor.Mode) async {
        let once = mode != .service
        var roster = Roster()
        roster.remember(await known())
        var backoff = Backoff(initial: .seconds(2), limit: .seconds(300))
        var recurrence = Recurrence()
        var random = ClockRandomness(clock)
        let bell = Bell()
        pulse.begin(pulseName)
        defer { pulse.end(pulseName) }
        await withTaskGroup(of: Event.self) { group in
            group.addTask { await look(bell) }
            // Without an end of its own, nothing else may keep it.
            if !once { startPulse(&group) }
            while let event = await group.next(), !Task.isCancelled {
                pulse.beat(pulseName)
                switch event {
                case .pulse: startPulse(&group)
                case .searchIsDue: group.addTask { await look(bell) }
                case .failed(let error):
                    if case .cancelled = error { continue }
                    let pause = failed(error, &backoff, &recurrence, &random)
                    if once, backoff.attempts >= Trouble.refusalsThatLast, roster.isEmpty { return group.cancelAll() }
                    group.addTask { await wait(pause, bell) }
                case .found(let finds, let requests):
                    let pause = succeeded(finds.count, requests, &backoff, &recurrence)
                    let (new, gone) = roster.update(finds, reported: bell.reported())
                    for find in new { start(find, mode, &roster, &group) }
                    for find in gone { await find.retire() }
                    if !once { group.addTask { await wait(pause, bell) } }
                case .ended(let id): await roster.ended(id, isForGood: once)?.retire()
                }
                if once, roster.isDone { return group.cancelAll() }
            }
            group.cancelAll()
        }
    }

    private func startPulse(_ group: inout TaskGroup<Event>) {
        guard let interval = pulse.interval else { return }
        group.addTask {
            try? await clock.sleep(for: interval)
            return .pulse
        }
    }

    private func look(_ bell: Bell) async -> Event {
        do throws(SourceError) {
            let (finds, requests) = try await search(bell)
            return .found(finds, requests: requests)
        } catch {
            return .failed(error)
        }
    }

    private func wait(_ duration: Duration, _ bell: Bell) async -> Event {
        await bell.wait(atLeast: min(duration, Self.leastInterval), atMost: duration, clock)
        return .searchIsDue
    }

    private func start(_ find: Find, _ mode: Ingestor.Mode, _ roster: inout Roster, _ group: inout TaskGroup<Event>) {
        let stop = Stop()
        roster.started(find, stop)
        group.addTask {
            await stop.run { await find.fleet().run(mode) }
            return .ended(find.id)
        }
    }

    private func succeeded(
        _ count: Int, _ requests: Int, _ backoff: inout Backoff, _ recurrence: inout Recurrence
    ) -> Duration {
        if recurrence.count > 0 {
            logger.notice(
                "the search works again",
                metadata: [
                    "message_id": "\(LogKind.searchRecovered)", "search": "\(name)",
                    "lasted": "\(recurrence.lasted(at: clock.monotonicNow))",
                ])
        }
        recurrence = Recurrence()
        backoff.reset()
        let needed = Duration.seconds(Double(requests) / max(0.001, budget() * Self.share))
        let pause = max(interval, min(needed, Self.longestInterval))
        board.update(discovery: name) { status in
            status.found = count
            status.succeededAt = clock.wallNow
            status.failures = 0
            status.isRefused = false
            status.intervalSeconds = pause.inSeconds
        }
        return pause
    }

    private func failed(
        _ error: SourceError, _ backoff: inout Backoff, _ recurrence: inout Recurrence,
        _ random: inout ClockRandomness
    ) -> Duration {
        var pause = backoff.next(using: &random)
        switch error {
        case .unauthorized(_, let retryAfter?): pause = min(retryAfter, Trouble.refusedPause)
        case .unavailable(_, let retryAfter?): pause = max(pause, min(retryAfter, Trouble.longestPause))
        default: break
        }
        let failures = backoff.attempts
        if recurrence.again(at: clock.monotonicNow) {
            var metadata: Logger.Metadata = [
                "message_id": "\(LogKind.searchFails)",
                "search": "\(name)", "reason": "\(error)", "failures": "\(failures)",
                "next_try_seconds": "\(Int(pause.inSeconds.rounded(.up)))",
            ]
            metadata["repeated"] = recurrence.folded(at: clock.monotonicNow).map { "\($0)" }
            metadata["http.status"] = error.answer?.status.map { "\($0)" }
            metadata["twilio.request_id"] = error.answer?.requestID.map { "\($0)" }
            logger.warning(
                "a search fails and is tried again; what was found before is collected on", metadata: metadata)
        }
        board.update(discovery: name) { status in
            status.failures = failures
            if case .unauthorized = error { status.isRefused = true } else { status.isRefused = false }
            status.lastError = "\(error)"
            status.lastErrorAt = clock.wallNow
            status.intervalSeconds = pause.inSeconds
        }
        return pause
    }
}
