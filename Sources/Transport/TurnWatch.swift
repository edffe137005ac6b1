/// Who wants to see that a transport's thread turns: whatever peers and networks do, it does.
package struct TurnWatch: Sendable {
    /// It turns at least this often.
    package let interval: Duration
    /// Called by the thread, not more often than a few times in each interval.
    package let turned: @Sendable () -> Void
    /// Called once, when there is nothing to be seen any more.
    package let ended: @Sendable () -> Void

    package init(
        interval: Duration, turned: @escaping @Sendable () -> Void, ended: @escaping @Sendable () -> Void
    ) {
        self.interval = interval
        self.turned = turned
        self.ended = ended
    }
}

/// What a watched thread tells in its turns: of thousands a second only a few.
package struct Turns {
    private let watch: TurnWatch?
    private var toldAt: ContinuousClock.Instant?

    package init(_ watch: TurnWatch?) {
        self.watch = watch
    }

    /// How long a turn may sleep; nil as long as it likes.
    package var longestSleep: Duration? { watch?.interval }

    /// To be called in each turn.
    package mutating func turn() {
        guard let watch else { return }
        let now = ContinuousClock.now
        if let toldAt, toldAt.duration(to: now) < watch.interval / 4 { return }
        toldAt = now
        watch.turned()
    }
}
