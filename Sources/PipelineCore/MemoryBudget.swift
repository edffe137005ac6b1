import Synchronization

/// Bounds the bytes of pages that are gathered and not yet appended, over all streams together.
///
/// Nobody can block each other for ever:
/// - A pass that its stream is not waiting for (an older one must be appended first) gives up when nothing is left, and
///   is read again later.
/// - The first pass of a stream waits. When nothing is given back, one of them at a time goes on all the same; what it
///   gathers is bounded by the reader, and it is appended as soon as it is complete.
package final class MemoryBudget: Sendable {
    /// 16 MiB of pages, a few seconds of a busy account.
    package static let standardBytes = 16 << 20

    private struct State {
        var used = 0
        /// The one hold that may take more than there is.
        var overdraft: ObjectIdentifier?
        var waiters: [(hold: ObjectIdentifier, continuation: CheckedContinuation<Bool, Never>)] = []
        /// Passes that still gather.
        var gathering = 0
        /// What a pass gathers in the end, as the last ones did.
        var usual = 0
    }

    private let limit: Int
    private let state = Mutex(State())

    /// - Parameter bytes: above zero.
    package init(bytes: Int = MemoryBudget.standardBytes) {
        precondition(bytes > 0)
        limit = bytes
    }

    /// What is held now.
    package var used: Int { state.withLock { $0.used } }

    /// Whether another pass is likely to find room for all of its pages: one that does not is given up and read again.
    package var hasRoom: Bool {
        // Of those under way, half is still to come, roughly. Fewer would not keep the rate limit busy.
        state.withLock { $0.used + $0.usual * ($0.gathering + 2) / 2 <= limit }
    }

    /// A place for one pass's pages, empty at first.
    /// - Parameter isFirst: whether its stream waits for this pass before any other.
    package func hold(isFirst: Bool) -> MemoryHold { MemoryHold(self, isFirst: isFirst) }

    fileprivate func began() { state.withLock { $0.gathering += 1 } }

    /// A pass gathers no more.
    /// - Parameters:
    ///   - bytes: what it has.
    ///   - isComplete: whether that is all of its window.
    fileprivate func ended(_ bytes: Int, isComplete: Bool) {
        state.withLock { state in
            state.gathering -= 1
            guard isComplete, bytes > 0 else { return }
            state.usual = state.usual == 0 ? bytes : (state.usual * 3 + bytes) / 4
        }
    }

    fileprivate func add(_ bytes: Int) { state.withLock { $0.used += bytes } }

    /// Whether the hold may gather more without waiting; takes the overdraft if that is what it needs and it is free.
    private static func admits(_ hold: ObjectIdentifier, _ limit: Int, _ state: inout State) -> Bool {
        if state.used <= limit || state.overdraft == hold { return true }
        guard state.overdraft == nil else { return false }
        state.overdraft = hold
        return true
    }

    fileprivate func fits(_ hold: ObjectIdentifier) -> Bool {
        state.withLock { $0.used <= limit || $0.overdraft == hold }
    }

    /// Waits until the hold may gather more.
    /// - Returns: false when the task was cancelled, or `stopWaiting` called.
    fileprivate func wait(_ hold: ObjectIdentifier) async -> Bool {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isAdmitted: Bool? = state.withLock { state in
                    if Task.isCancelled { return false }
                    if Self.admits(hold, limit, &state) { return true }
                    state.waiters.append((hold, continuation))
                    return nil
                }
                if let isAdmitted { continuation.resume(returning: isAdmitted) }
            }
        } onCancel: {
            stopWaiting(hold)
        }
    }

    /// - Parameter bytes: 0 if the hold lets go of its overdraft only.
    fileprivate func giveBack(_ bytes: Int, _ hold: ObjectIdentifier) {
        let admitted = state.withLock { state in
            state.used -= bytes
            if state.overdraft == hold { state.overdraft = nil }
            var admitted: [CheckedContinuation<Bool, Never>] = []
            while let first = state.waiters.first, Self.admits(first.hold, limit, &state) {
                admitted.append(first.continuation)
                state.waiters.removeFirst()
            }
            return admitted
        }
        for continuation in admitted { continuation.resume(returning: true) }
    }

    /// Ends the hold's wait, if it waits.
    fileprivate func stopWaiting(_ hold: ObjectIdentifier) {
        let waiter = state.withLock { state in
            state.waiters.firstIndex { $0.hold == hold }.map { state.waiters.remove(at: $0) }
        }
        waiter?.continuation.resume(returning: false)
    }
}

/// What one pass has gathered of a `MemoryBudget`; given back when it is released or let go of.
package final class MemoryHold: Sendable {
    private struct State {
        var bytes = 0
        var isFirst: Bool
        /// Whether it gathers now.
        var isReading = false
        var isComplete = false
        var isReleased = false
    }

    private let budget: MemoryBudget
    private let state: Mutex<State>

    fileprivate init(_ budget: MemoryBudget, isFirst: Bool) {
        self.budget = budget
        state = Mutex(State(isFirst: isFirst))
    }

    deinit { release() }

    /// Notes that a page has come, and waits until the pass may ask for the next one.
    /// - Parameter isLast: the pass asks for no other page. The first pass of a stream does not wait then: what it
    ///   holds is given back the sooner.
    /// - Throws: `SourceError.noRoom` when the pass is to be given up, `.cancelled`, also after `release`.
    package func take(_ bytes: Int, isLast: Bool = false) async throws(SourceError) {
        startReading()
        let isFirst: Bool? = state.withLock { state in
            guard !state.isReleased else { return nil }
            state.bytes += bytes
            // Within the lock, so that `release` gives back exactly what was noted.
            budget.add(bytes)
            return state.isFirst
        }
        guard let isFirst else { throw .cancelled }
        if budget.fits(ObjectIdentifier(self)) { return }
        guard isFirst else { throw .noRoom }
        if isLast { return }
        let isAdmitted = await budget.wait(ObjectIdentifier(self))
        if state.withLock({ $0.isReleased }) {
            // It may have been admitted all the same, and nobody would take the overdraft from it again.
            budget.giveBack(0, ObjectIdentifier(self))
            throw .cancelled
        }
        guard isAdmitted else { throw .cancelled }
    }

    /// From now on, the stream waits for this pass before any other.
    package func becomeFirst() { state.withLock { $0.isFirst = true } }

    /// The pass is about to gather, or will be among the next; its first page says so too. One that waits long for its
    /// turn is not counted.
    package func startReading() {
        let isNew = state.withLock { state in
            guard !state.isReading, !state.isComplete, !state.isReleased else { return false }
            state.isReading = true
            return true
        }
        if isNew { budget.began() }
    }

    /// The pass is complete and waits to be appended: another may go beyond the limit now.
    package func finishReading() {
        let bytes: Int? = state.withLock { state in
            guard !state.isComplete, !state.isReleased else { return nil }
            state.isComplete = true
            defer { state.isReading = false }
            return state.isReading ? state.bytes : nil
        }
        if let bytes { budget.ended(bytes, isComplete: true) }
        budget.giveBack(0, ObjectIdentifier(self))
    }

    /// Gives everything back; once is enough. A `take` that waits is ended.
    package func release() {
        let (bytes, isReading): (Int?, Bool) = state.withLock { state in
            guard !state.isReleased else { return (nil, false) }
            state.isReleased = true
            defer { state.isReading = false }
            return (state.bytes, state.isReading)
        }
        guard let bytes else { return }
        if isReading { budget.ended(bytes, isComplete: false) }
        budget.stopWaiting(ObjectIdentifier(self))
        budget.giveBack(bytes, ObjectIdentifier(self))
    }
}
