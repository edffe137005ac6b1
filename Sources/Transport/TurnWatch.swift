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
