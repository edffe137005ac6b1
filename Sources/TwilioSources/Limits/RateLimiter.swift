package import PipelineCore
import Synchronization

/// Lets requests through no faster than the server allows; shared by all streams that the server counts together.
///
/// - `TokenBucket` says when the next one may leave, `AdaptiveRate` at what rate, `FairQueue` whose turn it is.
/// - Of those who wait one, the leader, sleeps until the next request may leave, gives the turn to whose it is, and hands
///   its office on when it has its own turn or is cancelled. So there is a leader whenever anybody waits.
package final class RateLimiter: Sendable {
    /// The leader sleeps no longer than this at once, so that it sees when the rate has risen meanwhile.
    private static let longestSleep = Duration.seconds(1)
    /// Nor shorter: timers are no better, and all whose turn has come meanwhile then go together.
    private static let shortestSleep = Duration.milliseconds(1)

    private enum Turn { case go, lead }

    private struct State {
        var bucket: TokenBucket
        var rate = AdaptiveRate()
        var used = UsedRate()
        var queue = FairQueue()
        /// Who waits for a turn or for the office. The leader is in the queue, but not in here.
        var waiters: [FairQueue.Ticket: CheckedContinuation<Turn, any Error>] = [:]
        var hasLeader = false
        var count = 0
    }

    /// The configured rate, in requests per second.
    package let configured: Double
    private let state: Mutex<State>
    private let clock: any PipelineClock
    private let start: ContinuousClock.Instant

    /// - Parameter requestsPerSecond: above zero.
    /// - Parameter burst: at least 1: how many may leave at once after idleness. Above 1, any second may see so many more
    ///   than the rate.
    package init(requestsPerSecond: Double, burst: Int, clock: any PipelineClock) {
        configured = requestsPerSecond
        state = Mutex(State(bucket: TokenBucket(rate: requestsPerSecond, burst: burst)))
        self.clock = clock
        start = clock.monotonicNow
    }

    /// Requests per second that are allowed now: `configured`, or less after a 429.
    package var current: Double { configured * state.withLock { $0.rate.share } }

    /// How much of the rate allowed now was used in the last minute or so: 0 to about 1; more after a burst.
    package var usedShare: Double {
        let now = now
        return state.withLock { $0.used.perSecond(at: now) } / current
    }

    private var now: Duration { start.duration(to: clock.monotonicNow) }

    // MARK: - What the server said

    /// A 429 came: the rate halves, once for all requests sent before, and everyone pauses.
    /// - Parameter sentAt: when the request was sent.
    /// - Parameter retryAfter: as long as the server said, at most 15 minutes; nil is a pause that grows from 1 to 30 s.
    package func wasRefused(sentAt: ContinuousClock.Instant, retryAfter: Duration?) {
        let now = now
        var random = ClockRandomness(clock)
        state.withLock { state in
            let pause = state.rate.refused(
                sentAt: start.duration(to: sentAt), retryAfter: retryAfter, at: now, random: &random)
            state.bucket.hold(until: now + pause)
            state.bucket.slow(to: state.rate.share)
        }
    }

    /// Any other answer came.
    package func succeeded() {
        let now = now
        state.withLock { state in
            state.rate.succeeded(at: now)
            state.bucket.slow(to: state.rate.share)
        }
    }

    // MARK: - Waiting

    /// Waits until it is this stream's turn to make one request.
    /// - Throws: `CancellationError`; no turn is used up then.
    package func wait(_ urgency: Urgency, for stream: String) async throws {
        try Task.checkCancellation()
        let now = now
        let (ticket, leads): (FairQueue.Ticket, Bool?) = state.withLock { state in
            state.count += 1
            // Who waits goes first, so this is for when nobody does.
            if state.queue.isEmpty, state.bucket.next(at: now, isBusy: false) <= now {
                state.bucket.take(at: now, isBusy: false)
                state.used.took(at: now)
                return (state.count, nil)
            }
            state.queue.add(state.count, urgency, stream: stream)
            defer { state.hasLeader = true }
            return (state.count, !state.hasLeader)
        }
        guard let leads else { return }
        if leads {
            try await lead(ticket)
        } else if try await turn(ticket) == .lead {
            try await lead(ticket)
        }
    }

    /// Waits to be told to go or to lead.
    private func turn(_ ticket: FairQueue.Ticket) async throws -> Turn {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let turn: Result<Turn, any Error>? = state.withLock { state in
                    if !state.queue.contains(ticket) { return .success(.go) }
                    if Task.isCancelled {
                        state.queue.remove(ticket)
                        return .failure(CancellationError())
                    }
                    if !state.hasLeader {
                        state.hasLeader = true
                        return .success(.lead)
                    }
                    state.waiters[ticket] = continuation
                    return nil
                }
                if let turn { continuation.resume(with: turn) }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                let waiter = state.waiters.removeValue(forKey: ticket)
                if waiter != nil { state.queue.remove(ticket) }
                return waiter
            }
            waiter?.resume(throwing: CancellationError())
        }
    }

    /// Gives turns until it is its own turn.
    private func lead(_ ticket: FairQueue.Ticket) async throws {
        defer { resign() }
        do {
            while true {
                try Task.checkCancellation()
                let delay = give()
                guard state.withLock({ $0.queue.contains(ticket) }) else { return }
                try await clock.sleep(for: min(max(delay, Self.shortestSleep), Self.longestSleep))
            }
        } catch {
            state.withLock { _ = $0.queue.remove(ticket) }
            throw error
        }
    }

    /// Lets go whose turn has come.
    /// - Returns: how long it is to the next one's turn.
    private func give() -> Duration {
        let now = now
        let (delay, released) = state.withLock { state in
            var released: [CheckedContinuation<Turn, any Error>] = []
            var next = state.bucket.next(at: now, isBusy: true)
            while next <= now, let ticket = state.queue.popNext() {
                state.bucket.take(at: now, isBusy: true)
                state.used.took(at: now)
                if let waiter = state.waiters.removeValue(forKey: ticket) { released.append(waiter) }
                next = state.bucket.next(at: now, isBusy: true)
            }
            return (next - now, released)
        }
        for waiter in released { waiter.resume(returning: .go) }
        return delay
    }

    /// Gives up the office, to the one who came last: it probably keeps it longest.
    private func resign() {
        let successor = state.withLock { state in
            guard let (ticket, waiter) = state.waiters.max(by: { $0.key < $1.key }) else {
                // Nobody waits, or somebody is about to and takes the office then.
                state.hasLeader = false
                return nil as CheckedContinuation<Turn, any Error>?
            }
            state.waiters[ticket] = nil
            return waiter
        }
        successor?.resume(returning: .lead)
    }
}
