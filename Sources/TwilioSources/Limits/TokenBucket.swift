/// Spaces requests so that no more than `rate` per second leave on the long run and `burst` at once.
///
/// A pure state machine: it is told the time and answers how long to wait. A reservation is never given back, so waiters
/// go in the order in which they asked, evenly paced.
package struct TokenBucket: Sendable {
    private let interval: Duration
    private let burst: Int
    /// When the bucket will be full again, in time since the bucket was made.
    private var fullAt: Duration = .zero

    /// - Parameter rate: requests per second, above zero.
    /// - Parameter burst: at least 1.
    package init(rate: Double, burst: Int) {
        precondition(rate > 0 && burst >= 1)
        interval = .seconds(1 / rate)
        self.burst = burst
    }

    /// Takes a token and says how long to wait before it may be used.
    /// - Parameter now: time since the bucket was made; never goes back.
    package mutating func reserve(at now: Duration) -> Duration {
        let start = max(fullAt, now)
        fullAt = start + interval
        return max(.zero, fullAt - interval * burst - now)
    }

    /// Keeps everyone waiting for `pause` from `now` on: the server asked for it.
    package mutating func pause(for pause: Duration, at now: Duration) {
        fullAt = max(fullAt, now + pause + interval * (burst - 1))
    }
}
