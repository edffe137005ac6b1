/// Says when the next request may leave: evenly at the rate, and never more in a second than a strict server allows.
///
/// A pure state machine that is told the time, as time since it was made; the time never goes back.
///
/// - Requests are `interval` apart. As many as the rate holds in a second take `second`, a little more than one, so that
///   requests which arrive up to 5 ms early or late still keep to a limit that counts any second.
/// - A request that left late moves those that follow only where the window forces it: as many requests later, the next
///   may leave `second` after it left. So no lateness ever makes a second too full, and lateness costs once, not for
///   each request: a second takes at most as much longer as its latest request was late.
/// - When there is always work, up to `catchUp` of lateness is made up for by requests that are closer together. Without
///   it, sleeping at all would cost budget at rates where requests are closer than a timer is exact.
/// - After idleness, `burst` may leave at once; any second then sees up to rate + burst − 1.
package struct TokenBucket: Sendable {
    /// How long the requests of one second take. The 5 ms are what arrival times may vary by; they cost 0.5 % of the rate.
    private static let second = Duration.milliseconds(1005)
    /// How much lateness is made up for.
    private static let catchUp = Duration.milliseconds(20)
    /// Who asks again so soon after the last request has work all the time.
    private static let shortestIdleness = Duration.milliseconds(1)

    private let configuredInterval: Duration
    private let burst: Int
    /// How many requests may be in `window`; the last ones left at `sent`, a ring that grows up to this.
    private let windowCount: Int
    private let window: Duration
    private var sent: [Duration] = []
    /// The place of the oldest one in the full ring.
    private var oldest = 0
    private var interval: Duration
    /// When the last request was to leave; it may have left later.
    private var last: Duration?
    private var lastSent: Duration = .zero
    private var heldUntil: Duration?

    /// - Parameter rate: requests per second, above zero. Of a rate that is no whole number, such as 4.5, a strict window
    ///   is counted over the whole requests (4 of them in 4/4.5 s).
    /// - Parameter burst: at least 1.
    package init(rate: Double, burst: Int) {
        precondition(rate > 0 && burst >= 1)
        let whole = max(1, rate.rounded(.down))
        interval = Self.second / rate
        configuredInterval = interval
        self.burst = burst
        window = Self.second * (whole / rate)
        windowCount = Int(whole) + burst - 1
    }

    /// When the next request may leave; not after `now` when that is now.
    /// - Parameter isBusy: whether requests were waiting all the time since the last one.
    package func next(at now: Duration, isBusy: Bool) -> Duration {
        let saved = interval * (burst - 1)
        var next = now - saved
        if let last {
            let isBusy = isBusy || now - lastSent <= Self.shortestIdleness
            next = max(last + interval, isBusy ? now - max(saved, Self.catchUp) : next)
        }
        if let heldUntil { next = max(next, heldUntil) }
        if sent.count == windowCount { next = max(next, sent[oldest] + window) }
        return next
    }

    /// Notes that a request leaves now, not before `next`.
    package mutating func take(at now: Duration, isBusy: Bool) {
        last = next(at: now, isBusy: isBusy)
        lastSent = now
        if sent.count < windowCount {
            sent.append(now)
        } else {
            sent[oldest] = now
            oldest = (oldest + 1) % windowCount
        }
    }

    /// Nobody leaves before `time`.
    package mutating func hold(until time: Duration) {
        heldUntil = max(heldUntil ?? time, time)
    }

    /// From now on requests leave at `share` of the rate.
    /// - Parameter share: above 0, up to 1.
    package mutating func slow(to share: Double) {
        interval = configuredInterval / share
    }
}
