package import PipelineCore
import Synchronization

/// Which of the service's loops turn: each beats when it has taken an event, and is sent one now and then, so that a
/// quiet one and a stuck one differ.
///
/// A loop that waits with a timer or for a network answer is none that is stuck: it beats, or says that it waits.
package final class Pulse: Sendable {
    private struct Loop {
        var beat: ContinuousClock.Instant
        var waits = 0
    }

    /// How often each loop is sent an event to beat for; nil if nobody watches.
    package let interval: Duration?
    private let clock: any PipelineClock
    private let loops = Mutex<[String: Loop]>([:])

    package init(interval: Duration? = nil, clock: any PipelineClock) {
        self.interval = interval
        self.clock = clock
    }

    /// From now on `name` has to beat.
    package func begin(_ name: String) {
        let now = clock.monotonicNow
        loops.withLock { $0[name] = Loop(beat: now) }
    }

    /// The same for one of several that may be called alike.
    /// - Returns: what it is called here.
    package func begin(oneOf name: String) -> String {
        let now = clock.monotonicNow
        return loops.withLock { loops in
            var own = name
            var number = 1
            while loops[own] != nil {
                number += 1
                own = "\(name) (\(number))"
            }
            loops[own] = Loop(beat: now)
            return own
        }
    }

    /// `name` has ended, and has not to beat any more.
    package func end(_ name: String) {
        loops.withLock { $0[name] = nil }
    }

    package func beat(_ name: String) {
        let now = clock.monotonicNow
        loops.withLock { $0[name]?.beat = now }
    }

    /// While `body` runs, `name` has not to beat: it waits for something that has a time limit of its own.
    func waiting<Result, Failure>(
        _ name: String, _ body: () async throws(Failure) -> Result
    ) async throws(Failure) -> Result {
        loops.withLock { $0[name]?.waits += 1 }
        defer {
            let now = clock.monotonicNow
            loops.withLock { loops in
                loops[name]?.waits -= 1
                loops[name]?.beat = now
            }
        }
        return try await body()
    }

    /// Calls `body` each interval until the task is cancelled.
    package func keep(_ body: () async -> Void) async {
        guard let interval else { return }
        while (try? await clock.sleep(for: interval)) != nil { await body() }
    }

    /// The loops that have not turned for so long, in order.
    package func silent(for limit: Duration) -> [String] {
        let now = clock.monotonicNow
        return loops.withLock { loops in
            loops.filter { $0.value.waits == 0 && $0.value.beat.duration(to: now) >= limit }.keys.sorted()
        }
    }
}
