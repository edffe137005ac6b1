import PipelineCore

/// The rate that the server was found to allow: halved by a 429, and slowly back up to what is configured.
///
/// A pure state machine (additive increase, multiplicative decrease, as TCP's: RFC 5681, section 3.1). Times are since it
/// was made. Others with the same limit, such as another client of the account, get their share so.
package struct AdaptiveRate: Sendable {
    /// The lowest rate, of the configured one.
    package static let lowestShare = 1.0 / 16
    /// What a second with successes adds, of the configured rate.
    package static let stepShare = 1.0 / 20
    /// The longest pause a server may ask for; who asks for more is asked again after it.
    package static let longestPause = Duration.seconds(15 * 60)

    /// Of the configured rate, above 0 and up to 1.
    package private(set) var share = 1.0
    /// Requests sent until then belong to a decrease that was made.
    private var decreasedAt: Duration?
    /// When the share last changed, or the pause after it ends.
    private var steadySince: Duration = .zero
    /// The pauses when the server names none.
    private var backoff = Backoff(initial: .seconds(1), limit: .seconds(30))

    package init() {}

    /// A 429 came.
    /// - Parameter sentAt: when its request was sent. Those sent before the last decrease do not decrease again.
    /// - Returns: how long everyone pauses.
    package mutating func refused(
        sentAt: Duration, retryAfter: Duration?, at now: Duration, random: inout some RandomNumberGenerator
    ) -> Duration {
        var pause = max(.zero, min(retryAfter ?? .zero, Self.longestPause))
        if sentAt > decreasedAt ?? .seconds(-1) {
            share = max(Self.lowestShare, share / 2)
            decreasedAt = now
            if retryAfter == nil { pause = backoff.next(using: &random) }
        }
        steadySince = max(steadySince, now + pause)
        return pause
    }

    /// An answer came that was no 429.
    package mutating func succeeded(at now: Duration) {
        guard share < 1 || backoff.attempts > 0, now >= steadySince + .seconds(1) else { return }
        share = min(1, share + Self.stepShare)
        steadySince = now
        backoff.reset()
    }
}
