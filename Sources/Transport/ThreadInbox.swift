import Synchronization

/// What tasks tell a thread that runs errands for them. Every change rings the doorbell, on which the thread sleeps.
package final class ThreadInbox<Errand: Sendable, Outcome: Sendable>: Sendable {
    /// Whoever takes it must resume the continuation, exactly once.
    package struct Submission: Sendable {
        package let id: UInt64
        package let errand: Errand
        package let continuation: CheckedContinuation<Outcome, Never>
    }

    package struct Mail {
        package fileprivate(set) var submissions: [Submission] = []
        package fileprivate(set) var cancelled: [UInt64] = []
        package fileprivate(set) var isStopping = false
    }

    private struct State {
        var mail = Mail()
        var lastID: UInt64 = 0
        var hasEnded = false
        var waitingForEnd: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())
    private let closed: Outcome
    /// Lives as long as the inbox, which the thread and those who send hold.
    package let doorbell: Doorbell

    /// - Parameter closed: what becomes of errands that come after the end.
    package init(closed: Outcome) throws(TransportError) {
        self.closed = closed
        doorbell = try Doorbell()
    }

    package func newID() -> UInt64 {
        state.withLock {
            $0.lastID += 1
            return $0.lastID
        }
    }

    /// Has the thread run an errand. Cancelling the task tells the thread, which answers when it sees fit.
    ///
    /// - Parameter id: from `newID()`.
    package func run(_ errand: Errand, id: UInt64) async -> Outcome {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                submit(Submission(id: id, errand: errand, continuation: continuation))
                // A cancellation before this submission found nothing to cancel; but then the task knows of it by now.
                if Task.isCancelled { cancel(id) }
            }
        } onCancel: {
            cancel(id)
        }
    }

    package func stop() {
        state.withLock { $0.mail.isStopping = true }
        doorbell.ring()
    }

    /// Returns when the thread has called ``end()``.
    package func ended() async {
        await withCheckedContinuation { continuation in
            let hasEnded = state.withLock { state in
                if !state.hasEnded { state.waitingForEnd.append(continuation) }
                return state.hasEnded
            }
            if hasEnded { continuation.resume() }
        }
    }

    private func submit(_ submission: Submission) {
        let isOpen = state.withLock { state in
            if !state.mail.isStopping { state.mail.submissions.append(submission) }
            return !state.mail.isStopping
        }
        if isOpen { doorbell.ring() } else { submission.continuation.resume(returning: closed) }
    }

    private func cancel(_ id: UInt64) {
        state.withLock { $0.mail.cancelled.append(id) }
        doorbell.ring()
    }

    // MARK: The thread's side

    /// Something long may go on only while nobody asks for an end.
    package var isStopping: Bool { state.withLock(\.mail.isStopping) }
    package var hasCancellations: Bool { state.withLock { !$0.mail.cancelled.isEmpty } }

    /// Those whose errands are cancelled may be unknown to the thread, or done.
    package func takeMail() -> Mail {
        // First the bell, then the mail: the other way round, a ring in between would be lost.
        doorbell.answer()
        return state.withLock { state in
            let mail = state.mail
            state.mail = Mail()
            state.mail.isStopping = mail.isStopping
            return mail
        }
    }

    /// The thread's last word: whatever is or comes here from now on is closed.
    package func end() {
        let last = state.withLock { state in
            let last = state
            state.mail = Mail()
            state.mail.isStopping = true
            state.hasEnded = true
            state.waitingForEnd = []
            return last
        }
        for submission in last.mail.submissions { submission.continuation.resume(returning: closed) }
        for continuation in last.waitingForEnd { continuation.resume() }
    }
}
