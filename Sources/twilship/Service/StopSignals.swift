@preconcurrency import Dispatch
import Glibc
import Logging
import PipelineCore
import Synchronization

/// Keeps the promise that a service told to stop is gone soon: 10 s after the first SIGTERM or SIGINT, or at the second.
///
/// Ending at any moment loses nothing; what was under way is done again after the next start.
final class StopSignals: Sendable {
    static let patience: Duration = .seconds(10)
    /// Signals this close together are one request: `timeout` and some shells signal a process and then its group.
    static let sameRequest: Duration = .milliseconds(500)

    private let sources: [any DispatchSourceSignal]

    /// The service group handles the first signal itself; this only watches.
    /// - Parameter whenHungUp: called at each SIGHUP.
    init(logger: Logger, whenHungUp: @escaping @Sendable () -> Void) {
        let queue = DispatchQueue(label: "twilship.signals")
        let arrivals = Arrivals()
        Glibc.signal(SIGHUP, SIG_IGN)
        let reload = DispatchSource.makeSignalSource(signal: SIGHUP, queue: queue)
        reload.setEventHandler { whenHungUp() }
        reload.resume()
        sources =
            [reload]
            + [SIGTERM, SIGINT].map { signal in
                Glibc.signal(signal, SIG_IGN)
                let source = DispatchSource.makeSignalSource(signal: signal, queue: queue)
                source.setEventHandler {
                    switch arrivals.next() {
                    case .first:
                        logger.notice(
                            "stopping: deliveries under way may take up to 10 s; a second signal stops at once",
                            metadata: ["message_id": "\(LogKind.stopping)"])
                        queue.asyncAfter(deadline: .now() + .seconds(Int(Self.patience.components.seconds))) {
                            logger.warning(
                                "stopped after 10 s although something was under way; it is done again after the next start",
                                metadata: ["message_id": "\(LogKind.stoppedLate)"])
                            _exit(0)
                        }
                    case .echo: break
                    case .second: Self.end(by: signal)
                    }
                }
                source.resume()
                return source
            }
    }

    /// Ends the process as the signal itself would have.
    private static func end(by signal: Int32) {
        Glibc.signal(signal, SIG_DFL)
        // Dispatch's threads block signals.
        var set = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, signal)
        pthread_sigmask(SIG_UNBLOCK, &set, nil)
        raise(signal)
        _exit(128 + signal)
    }
}

private final class Arrivals: Sendable {
    enum Kind { case first, echo, second }

    private let first = Mutex<ContinuousClock.Instant?>(nil)

    func next() -> Kind {
        first.withLock { first in
            guard let earlier = first else {
                first = .now
                return .first
            }
            return earlier.duration(to: .now) < StopSignals.sameRequest ? .echo : .second
        }
    }
}
