package import PipelineCore
import Synchronization

/// Time under a test's hand: sleeping moves it forward at once, so hours pass in no time.
///
/// For one task at a time: with several, who sleeps moves time for all.
package final class VirtualClock: PipelineClock {
    private struct State {
        var wall: Timestamp
        var monotonic = ContinuousClock.Instant.now
        var end: Timestamp
    }

    private let state: Mutex<State>

    /// - Parameter start: milliseconds since 1970.
    package init(start: Int64 = 1_780_000_000_000) {
        let start = Timestamp(milliseconds: start)
        state = Mutex(State(wall: start, end: start))
    }

    package var wallNow: Timestamp { state.withLock { $0.wall } }
    package var monotonicNow: ContinuousClock.Instant { state.withLock { $0.monotonic } }

    package func advance(by duration: Duration) {
        state.withLock { state in
            state.wall = state.wall + duration
            state.monotonic += duration
        }
    }

    /// Sets the wall clock without time passing, as an administrator does.
    package func setWall(_ time: Timestamp) {
        state.withLock { $0.wall = time }
    }

    /// Lets sleepers sleep until this much time has passed; then sleeping throws `CancellationError`.
    package func run(for duration: Duration) {
        state.withLock { $0.end = $0.wall + duration }
    }

    package func sleep(for duration: Duration) async throws {
        try Task.checkCancellation()
        try state.withLock { state in
            guard state.wall < state.end else { throw CancellationError() }
            state.wall = state.wall + duration
            state.monotonic += duration
        }
        await Task.yield()
    }
}
