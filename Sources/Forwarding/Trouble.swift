import Logging
import PipelineCore

/// A stream's failures in a row: how long to pause, and what to say how often.
///
/// - Polls, looks again and catching up fail and pause each for themselves: a window that Twilio refuses for good stops
///   what needs it, and nothing else. What all of them need is a kind of work of its own, and pauses all.
/// - The first failure is told, then each time their number has doubled; so is the recovery. When many streams fail
///   together, `TroubleLog` lets only some of them speak; of one stream's kinds of work that fail with the same sentence,
///   one speaks.
struct Trouble {
    /// What of a stream can fail for itself.
    enum Work: String, Sendable, CaseIterable {
        /// What all need: the server's time, the stream's place.
        case all = "all"
        case poll = "poll"
        case look = "look again"
        case catchUp = "catch up"

        init(_ purpose: WindowPlanner.Purpose) {
            switch purpose {
            case .live: self = .poll
            case .reread: self = .look
            case .catchUp: self = .catchUp
            }
        }
    }

    private struct Failing {
        var backoff = Backoff(initial: Trouble.initialPause, limit: Trouble.longestPause)
        var failures = 0
        var recurrence = Recurrence()
        var refusals = 0
        var wasTold = false
        var pausedUntil: ContinuousClock.Instant
        var state = StreamStatus.State.failing
        var error = ""
        var at: Timestamp
    }

    static let initialPause: Duration = .seconds(2)
    static let longestPause: Duration = .seconds(300)
    static let refusedPause: Duration = .seconds(10)

    /// So many refusals in a row are not Twilio's occasional mistake.
    static let refusalsThatLast = 4

    private let stream: StreamKey
    private let log: TroubleLog
    private let board: StatusBoard
    private let logger: Logger
    private let clock: any PipelineClock
    private var random: ClockRandomness
    private var failing: [Work: Failing] = [:]

    /// Whether trying again within this run is of no use: the credential is refused again and again, or what is to be
    /// read is gone.
    var isHopeless: Bool { failing.values.contains { $0.refusals >= Self.refusalsThatLast } }

    init(_ ingestor: Ingestor) {
        stream = ingestor.stream.key
        log = ingestor.sharing.troubles
        board = ingestor.surroundings.board
        logger = ingestor.logger
        clock = ingestor.surroundings.clock
        random = ClockRandomness(clock)
    }

    func fails(_ work: Work) -> Bool { failing[work] != nil }

    /// How long no such work is started because it failed; nil if it may be.
    func pause(of work: Work) -> Duration? {
        guard let until = failing[work]?.pausedUntil, clock.monotonicNow < until else { return nil }
        return clock.monotonicNow.duration(to: until)
    }

    /// Notes a failure.
    mutating func failed(_ error: any Error, _ work: Work) {
        var now = failing[work] ?? Failing(pausedUntil: clock.monotonicNow, at: clock.wallNow)
        var pause = now.backoff.next(using: &random)
        now.state = .failing
        switch error as? SourceError {
        case .unauthorized(_, let retryAfter):
            now.state = .authFailed
            now.refusals += 1
            // Others with the same credential have found out when it is worth another try. Until then asking costs no
            // request, and notices a secret that was put right.
            if let retryAfter { pause = min(retryAfter, Self.refusedPause) }
        case .unavailable(_, let retryAfter?): pause = max(pause, min(retryAfter, Self.longestPause))
        case .gone:
            now.state = .gone
            now.refusals += 1
        default: break
        }
        now.failures += 1
        now.pausedUntil = clock.monotonicNow + pause
        now.error = "\(error)"
        now.at = clock.wallNow
        let isDue = now.recurrence.again(at: clock.monotonicNow)
        let isSaid = failing.contains { $0.key != work && $0.value.error == now.error }
        let (isTold, count) = log.failed(stream)
        if isTold, !isSaid, isDue {
            now.wasTold = true
            var metadata: Logger.Metadata = [
                "message_id": "\(Self.kind(now.state))", "reason": "\(now.error)", "work": "\(work.rawValue)",
                "failures": "\(now.failures)",
                "next_try_seconds": "\(Int(pause.inSeconds.rounded(.up)))",
            ]
            if count > 1 { metadata["streams_failing"] = "\(count)" }
            metadata["repeated"] = now.recurrence.folded(at: clock.monotonicNow).map { "\($0)" }
            let answer = (error as? SourceError)?.answer
            metadata["http.status"] = answer?.status.map { "\($0)" }
            metadata["twilio.request_id"] = answer?.requestID.map { "\($0)" }
            logger.log(level: now.state == .gone ? .notice : .warning, Self.message(now.state), metadata: metadata)
        }
        failing[work] = now
        post()
    }

    private static func message(_ state: StreamStatus.State) -> Logger.Message {
        switch state {
        case .authFailed:
            "Twilio refuses the credential; nothing is collected until that is mended, and it is tried again"
        case .gone: "Twilio does not know what this stream reads; it is looked for, and tried again"
        default: "collection fails and is tried again; Twilio keeps what waits for 30 days"
        }
    }

    private static func kind(_ state: StreamStatus.State) -> LogKind {
        switch state {
        case .authFailed: .credentialRefused
        case .gone: .streamUnknown
        default: .collectionFails
        }
    }

    /// Notes that such work succeeded, and with it what all need.
    mutating func recovered(_ work: Work) {
        var hasChanged = false
        for work in [work, .all] {
            guard let before = failing.removeValue(forKey: work) else { continue }
            hasChanged = true
            if before.wasTold {
                logger.notice(
                    "collection works again",
                    metadata: [
                        "message_id": "\(LogKind.collectionRecovered)", "work": "\(work.rawValue)",
                        "failures": "\(before.failures)",
                        "lasted": "\(before.recurrence.lasted(at: clock.monotonicNow))",
                    ])
            }
        }
        guard hasChanged else { return }
        if failing.isEmpty { _ = log.recovered(stream) }
        post()
    }

    /// Shows the work that has failed most often.
    private func post() {
        let worst = failing.values.max { ($0.failures, $0.at) < ($1.failures, $1.at) }
        board.update(stream) { status in
            status.failures = worst?.failures ?? 0
            guard let worst else { return }
            status.state = worst.state
            status.lastError = worst.error
            status.lastErrorAt = worst.at
        }
    }
}
