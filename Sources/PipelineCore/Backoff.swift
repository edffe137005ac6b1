/// A sequence of growing delays with full jitter: attempt n waits a random time up to `initial` × 2ⁿ, at most `limit`.
///
/// Full jitter spreads retries of many streams best, see
/// https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
package struct Backoff: Sendable {
    package let initial: Duration
    package let limit: Duration
    /// How many delays were drawn since the last `reset`.
    package private(set) var attempts = 0

    /// - Precondition: `initial` is above zero and not above `limit`.
    package init(initial: Duration, limit: Duration) {
        precondition(initial > .zero && initial <= limit)
        self.initial = initial
        self.limit = limit
    }

    /// The next delay: never below a tenth of its ceiling, so that a run of unlucky draws is no hot loop.
    package mutating func next(using random: inout some RandomNumberGenerator) -> Duration {
        var ceiling = initial
        for _ in 0..<min(attempts, 62) where ceiling < limit { ceiling = min(ceiling * 2, limit) }
        attempts += 1
        return ceiling * Double.random(in: 0.1...1, using: &random)
    }

    package mutating func reset() {
        attempts = 0
    }
}
