package import PipelineCore
import Synchronization

/// Lets requests through at the configured rate; shared by all streams that the server counts together.
package final class RateLimiter: Sendable {
    private let bucket: Mutex<TokenBucket>
    private let clock: any PipelineClock
    private let start: ContinuousClock.Instant

    /// - Parameter requestsPerSecond: above zero.
    /// - Parameter burst: at least 1.
    package init(requestsPerSecond: Double, burst: Int, clock: any PipelineClock) {
        bucket = Mutex(TokenBucket(rate: requestsPerSecond, burst: burst))
        self.clock = clock
        start = clock.monotonicNow
    }

    /// Waits until one more request may be made.
    /// - Throws: `CancellationError`.
    package func wait() async throws {
        let delay = bucket.withLock { $0.reserve(at: start.duration(to: clock.monotonicNow)) }
        if delay > .zero { try await clock.sleep(for: delay) }
    }

    /// Makes everyone wait: the server said 429.
    package func pause(for duration: Duration) {
        bucket.withLock { $0.pause(for: duration, at: start.duration(to: clock.monotonicNow)) }
    }
}
