package import PipelineCore
import Synchronization

/// Shares one rate limit between the polls of many streams: the intervals of quiet streams are stretched as far as the
/// budget demands, those of busy ones are not.
package final class PollPacer: Sendable {
    /// No stream is polled more rarely than this; one to which nothing is deployed is polled just so often.
    package static let longestInterval: Duration = .seconds(300)
    /// The part of the budget that first looks of polls may use; the rest is for further pages, re-reads and catching up.
    static let share = 0.6
    /// The part of that which quiet streams get however many busy ones there are.
    static let leastQuietShare = 0.25
    /// How many intervals a stream that had something new counts as busy: long enough for one more look, so that one
    /// line now and then costs little.
    static let busyIntervals = 1.5
    /// How long what was worked out holds.
    static let recalculation: Duration = .seconds(1)

    fileprivate struct State {
        var members: [StreamKey: Member] = [:]
        /// By how much intervals are stretched, and until when that holds.
        var factors = (busy: 1.0, quiet: 1.0, until: ContinuousClock.Instant?.none)
    }

    fileprivate struct Member {
        var base: Duration
        var busyUntil: ContinuousClock.Instant?
        var isDeployed = true
    }

    private let state = Mutex(State())
    private let requestsPerSecond: @Sendable () -> Double
    private let clock: any PipelineClock

    /// - Parameter requestsPerSecond: what the rate limit allows now.
    package init(clock: any PipelineClock, requestsPerSecond: @escaping @Sendable () -> Double) {
        self.clock = clock
        self.requestsPerSecond = requestsPerSecond
    }

    func join(_ stream: StreamKey, base: Duration) {
        state.withLock { $0.members[stream] = Member(base: base) }
    }

    func leave(_ stream: StreamKey) {
        state.withLock { $0.members[stream] = nil }
    }

    /// Notes that a poll brought something new.
    func foundNew(_ stream: StreamKey) {
        let now = clock.monotonicNow
        state.withLock { state in
            guard let base = state.members[stream]?.base else { return }
            state.members[stream]?.busyUntil = now + base * Self.busyIntervals
        }
    }

    /// Notes whether anything runs there that could log.
    package func setDeployed(_ stream: StreamKey, _ isDeployed: Bool) {
        state.withLock { $0.members[stream]?.isDeployed = isDeployed }
    }

    /// Requests per second that may be made now by all its streams together.
    package var budget: Double { requestsPerSecond() }

    /// How often the stream is to be polled now by who follows it from the side; nil if it is not polled otherwise.
    func interval(ofFollowed stream: StreamKey) -> Duration? {
        state.withLock { $0.members[stream] } == nil ? nil : interval(of: stream)
    }

    /// How often the stream is to be polled now.
    func interval(of stream: StreamKey) -> Duration {
        let now = clock.monotonicNow
        let budget = requestsPerSecond() * Self.share
        return state.withLock { state in
            guard let member = state.members[stream] else { return Self.longestInterval }
            if state.factors.until.map({ $0 <= now }) ?? true { state.recalculate(now, budget: budget) }
            if member.isBusy(now) { return Self.stretched(member.base, by: state.factors.busy) }
            if !member.isDeployed { return max(member.base, Self.longestInterval) }
            return Self.stretched(member.base, by: state.factors.quiet)
        }
    }

    private static func stretched(_ base: Duration, by factor: Double) -> Duration {
        max(base, min(longestInterval, base * max(1, factor)))
    }
}

extension PollPacer.State {
    fileprivate mutating func recalculate(_ now: ContinuousClock.Instant, budget: Double) {
        var demand = (busy: 0.0, quiet: 0.0)
        for member in members.values {
            let each = 1 / max(0.001, member.base.inSeconds)
            if member.isBusy(now) { demand.busy += each } else if member.isDeployed { demand.quiet += each }
        }
        factors = (
            demand.busy / budget,
            demand.quiet / max(budget * PollPacer.leastQuietShare, budget - demand.busy),
            now + PollPacer.recalculation
        )
    }
}

extension PollPacer.Member {
    fileprivate func isBusy(_ now: ContinuousClock.Instant) -> Bool { busyUntil.map { now < $0 } ?? false }
}
