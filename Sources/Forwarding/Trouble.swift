import Logging
import PipelineCore

/// A stream's failures in a row: how long to pause, and what to say how often.
///
/// The first is told, then each time their number has doubled; so is the recovery.
struct Trouble {
    /// A credential that is refused is asked with again at growing pauses: Twilio refuses good ones now and then.
    static let initialPause: Duration = .seconds(2)
    static let longestPause: Duration = .seconds(300)

    /// So many refusals in a row are not Twilio's occasional mistake.
    static let refusalsThatLast = 4

    private let stream: StreamKey
    private let board: StatusBoard
    private let logger: Logger
    private var backoff = Backoff(initial: initialPause, limit: longestPause)
    private var failures = 0
    private var refusals = 0

    /// Whether trying again within this run is of no use: the credential is refused again and again.
    var isHopeless: Bool { refusals >= Self.refusalsThatLast }

    init(stream: StreamKey, board: StatusBoard, logger: Logger) {
        self.stream = stream
        self.board = board
        self.logger = logger
    }

    /// Notes a failure.
    /// - Returns: how long to pause before the next try.
    mutating func failed(_ error: any Error) -> Duration {
        var random = SystemRandomNumberGenerator()
        var pause = backoff.next(using: &random)
        var state = StreamStatus.State.failing
        switch error as? SourceError {
        case .unauthorized:
            state = .authFailed
            refusals += 1
        case .unavailable(_, let retryAfter?): pause = max(pause, min(retryAfter, Self.longestPause))
        default: break
        }
        failures += 1
        if failures & (failures - 1) == 0 {
            logger.warning(
                state == .authFailed
                    ? "Twilio refuses the credential; nothing is collected until that is mended, and it is tried again"
                    : "collection fails and is tried again; Twilio keeps what waits for 30 days",
                metadata: [
                    "reason": "\(error)", "failures": "\(failures)",
                    "next_try_seconds": "\(Int(pause.inSeconds.rounded(.up)))",
                ])
        }
        let count = failures
        board.update(stream) { status in
            status.state = state
            status.failures = count
            status.lastError = "\(error)"
        }
        return pause
    }

    mutating func recovered() {
        guard failures > 0 else { return }
        logger.notice("collection works again", metadata: ["failures": "\(failures)"])
        failures = 0
        refusals = 0
        backoff.reset()
    }
}
