import Logging
import PipelineCore

/// A stream's failures in a row: how long to pause, and what to say how often.
///
/// The first is told, then each time their number has doubled; so is the recovery. When many streams fail together,
/// `TroubleLog` lets only some of them speak.
struct Trouble {
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
    private var backoff = Backoff(initial: initialPause, limit: longestPause)
    private var failures = 0
    private var refusals = 0

    /// Whether trying again within this run is of no use: the credential is refused again and again, or what is to be
    /// read is gone.
    var isHopeless: Bool { refusals >= Self.refusalsThatLast }

    init(_ ingestor: Ingestor) {
        stream = ingestor.stream.key
        log = ingestor.sharing.troubles
        board = ingestor.surroundings.board
        logger = ingestor.logger
        clock = ingestor.surroundings.clock
        random = ClockRandomness(clock)
    }

    /// Notes a failure.
    /// - Returns: how long to pause before the next try.
    mutating func failed(_ error: any Error) -> Duration {
        var pause = backoff.next(using: &random)
        var state = StreamStatus.State.failing
        switch error as? SourceError {
        case .unauthorized(_, let retryAfter):
            state = .authFailed
            refusals += 1
            // Others with the same credential have found out when it is worth another try. Until then asking costs no
            // request, and notices a secret that was put right.
            if let retryAfter { pause = min(retryAfter, Self.refusedPause) }
        case .unavailable(_, let retryAfter?): pause = max(pause, min(retryAfter, Self.longestPause))
        case .gone:
            state = .gone
            refusals += 1
        default: break
        }
        failures += 1
        let failing = log.failed(stream)
        if failing.isTold, failures & (failures - 1) == 0 {
            var metadata: Logger.Metadata = [
                "reason": "\(error)", "failures": "\(failures)",
                "next_try_seconds": "\(Int(pause.inSeconds.rounded(.up)))",
            ]
            if failing.count > 1 { metadata["streams_failing"] = "\(failing.count)" }
            logger.log(level: state == .gone ? .notice : .warning, Self.message(state), metadata: metadata)
        }
        let (count, time) = (failures, clock.wallNow)
        board.update(stream) { status in
            status.state = state
            status.failures = count
            status.lastError = "\(error)"
            status.lastErrorAt = time
        }
        return pause
    }

    private static func message(_ state: StreamStatus.State) -> Logger.Message {
        switch state {
        case .authFailed:
            "Twilio refuses the credential; nothing is collected until that is mended, and it is tried again"
        case .gone: "Twilio does not know what this stream reads; it is looked for, and tried again"
        default: "collection fails and is tried again; Twilio keeps what waits for 30 days"
        }
    }

    mutating func recovered() {
        guard failures > 0 else { return }
        if log.recovered(stream) {
            logger.notice("collection works again", metadata: ["failures": "\(failures)"])
        }
        failures = 0
        refusals = 0
        backoff.reset()
        board.update(stream) { $0.failures = 0 }
    }
}
