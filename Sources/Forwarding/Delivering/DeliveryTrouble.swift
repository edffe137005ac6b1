import Logging
import PipelineCore

/// A sink's failures in a row: how long to pause, and what to say how often.
struct DeliveryTrouble {
    /// A Retry-After beyond this is not believed.
    static let longestRetryAfter: Duration = .seconds(15 * 60)

    private let name: String
    private let board: StatusBoard
    private let clock: any PipelineClock
    private let logger: Logger
    private var backoff: Backoff
    private var failures = 0
    private var recurrence = Recurrence()

    init(_ dispatcher: Dispatcher) {
        name = dispatcher.name
        board = dispatcher.board
        clock = dispatcher.clock
        logger = dispatcher.logger
        backoff = Backoff(initial: dispatcher.options.initialBackoff, limit: dispatcher.options.longestBackoff)
    }

    /// - Returns: how long to pause.
    mutating func failed(_ reason: String, after: Duration?, isHold: Bool) -> Duration {
        var random = ClockRandomness(clock)
        let pause = max(backoff.next(using: &random), min(after ?? .zero, Self.longestRetryAfter))
        failures += 1
        if recurrence.again(at: clock.monotonicNow) {
            var facts: Logger.Metadata = [
                "message_id": "\(isHold ? LogKind.sinkHeld : .deliveryFails)", "reason": "\(reason)",
                "failures": "\(failures)",
                "next_try_seconds": "\(Int(pause.inSeconds.rounded(.up)))",
            ]
            facts["repeated"] = recurrence.folded(at: clock.monotonicNow).map { "\($0)" }
            if isHold {
                logger.error("nothing is accepted until somebody sees to it; the records are kept", metadata: facts)
            } else {
                logger.warning("delivery fails; the records are kept and sent again", metadata: facts)
            }
        }
        let (count, time) = (failures, clock.wallNow)
        board.update(sink: name) { status in
            status.state = isHold ? .held : .retrying
            status.attempts = count
            status.retries += 1
            status.lastError = reason
            status.lastErrorAt = time
        }
        return pause
    }

    mutating func succeeded() {
        guard failures > 0 else { return }
        logger.notice(
            "delivery works again",
            metadata: [
                "message_id": "\(LogKind.deliveryRecovered)", "failures": "\(failures)",
                "lasted": "\(recurrence.lasted(at: clock.monotonicNow))",
            ])
        recurrence = Recurrence()
        failures = 0
        backoff.reset()
        board.update(sink: name) { status in
            status.state = .delivering
            status.attempts = 0
        }
    }

    /// Posts whether something is on its way, unless there is trouble to show.
    func show(isDelivering: Bool) {
        guard failures == 0 else { return }
        let state: SinkStatus.State = isDelivering ? .delivering : .idle
        board.update(sink: name) { if $0.state != state { $0.state = state } }
    }
}
