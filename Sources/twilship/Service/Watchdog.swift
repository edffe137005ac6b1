import Forwarding
import Logging
import PipelineCore
import ServiceLifecycle
import Spooling
import SystemdSupport

/// Feeds the service manager's watchdog for as long as every loop of the service turns: each stream, each sink, the
/// spool and what looks after it.
///
/// - Whatever Twilio or a receiver does, they turn: waiting with a timer or for an answer is no standing still.
/// - If one does not turn for half of the watchdog's interval, the log names it, and the watchdog is not fed until it does.
///   The service manager then ends the process, which loses nothing, and starts it anew.
struct Watchdog: Service {
    /// Within the service manager's interval a loop has this many turns to show.
    static let rounds = 4
    /// Some loops turn every two seconds; however short the service manager's interval is, they may.
    static let shortestLimit: Duration = .seconds(5)

    let pulse: Pulse
    let spool: Spool
    let clock: any PipelineClock
    let logger: Logger
    /// Tells the service manager that all is well.
    let feed: @Sendable () -> Void

    /// How often each loop has to turn; nil if nobody watches.
    static func interval(_ notifier: ServiceNotifier) -> Duration? {
        notifier.watchdogInterval.map { $0 / rounds }
    }

    func run() async throws {
        await cancelWhenGracefulShutdown { await watch() }
        // Without a watchdog there would be nothing to wait for, and the service would end.
        try await gracefulShutdown()
    }

    /// Runs until the task is cancelled.
    func watch() async {
        pulse.begin("spool")
        defer { pulse.end("spool") }
        await withDiscardingTaskGroup { group in
            group.addTask {
                await pulse.keep {
                    // Whatever it answers, it does.
                    _ = try? await spool.identifier()
                    pulse.beat("spool")
                }
            }
            group.addTask { await look() }
        }
    }

    private func look() async {
        guard let interval = pulse.interval else { return }
        let limit = max(interval * (Self.rounds / 2), Self.shortestLimit)
        var stalled: [String] = []
        var lastRound = clock.monotonicNow
        repeat {
            // After the machine has slept, the others need a moment as well.
            let hasSlept = lastRound.duration(to: clock.monotonicNow) > limit
            lastRound = clock.monotonicNow
            let silent = hasSlept ? [] : pulse.silent(for: limit)
            if silent.isEmpty { feed() }
            tell(silent, before: stalled, limit)
            stalled = silent
        } while (try? await clock.sleep(for: interval)) != nil
    }

    private func tell(_ silent: [String], before stalled: [String], _ limit: Duration) {
        guard silent != stalled else { return }
        if silent.isEmpty {
            logger.notice("everything moves again", metadata: ["message_id": "\(LogKind.movesAgain)"])
        } else {
            logger.critical(
                "a part does not move on; unless it does, a service manager that watches ends the process and starts it anew",
                metadata: [
                    "message_id": "\(LogKind.stalled)", "stalled": "\(silent.prefix(10).joined(separator: ", "))",
                    "stalled_parts": "\(silent.count)", "stalled_for": "\(limit.forPeople)",
                ])
        }
    }
}
