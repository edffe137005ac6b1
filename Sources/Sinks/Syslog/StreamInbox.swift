import PipelineCore
import Synchronization
import Transport

/// What tasks tell the thread of a connection. Every change rings the doorbell, on which the thread sleeps.
final class StreamInbox: Sendable {
    /// Whoever takes it must resume the continuation, exactly once.
    struct Submission: Sendable {
        let id: UInt64
        let parcel: Handoff<Parcel>
        let handedOver: @Sendable () -> Void
        let continuation: CheckedContinuation<Delivery, Never>
    }

    struct Mail {
        fileprivate(set) var submissions: [Submission] = []
        fileprivate(set) var cancelled: [UInt64] = []
        fileprivate(set) var isStopping = false
    }

    private struct State {
        var mail = Mail()
        var lastID: UInt64 = 0
        var hasEnded = false
        var waitingForEnd: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())
    let doorbell: Doorbell

    init() throws(TransportError) {
        doorbell = try Doorbell()
    }

    func newID() -> UInt64 {
        state.withLock {
            $0.lastID += 1
            return $0.lastID
        }
    }

    func submit(_ submission: Submission) {
        let isOpen = state.withLock { state in
            if !state.mail.isStopping { state.mail.submissions.append(submission) }
            return !state.mail.isStopping
        }
        if isOpen {
            doorbell.ring()
        } else {
            submission.continuation.resume(returning: .retry(reason: "the sink is being closed"))
        }
    }

    /// Cancelling what is begun or unknown does nothing.
    func cancel(_ id: UInt64) {
        state.withLock { $0.mail.cancelled.append(id) }
        doorbell.ring()
    }

    func stop() {
        state.withLock { $0.mail.isStopping = true }
        doorbell.ring()
    }

    /// Returns when the thread has called ``end()``.
    func ended() async {
        await withCheckedContinuation { continuation in
            let hasEnded = state.withLock { state in
                if !state.hasEnded { state.waitingForEnd.append(continuation) }
                return state.hasEnded
            }
            if hasEnded { continuation.resume() }
        }
    }

    // MARK: The thread's side

    /// False while connecting may go on for those who wait.
    var isStopping: Bool { state.withLock(\.mail.isStopping) }
    var hasCancellations: Bool { state.withLock { !$0.mail.cancelled.isEmpty } }

    func takeMail() -> Mail {
        // First the bell, then the mail: the other way round, a ring in between would be lost.
        doorbell.answer()
        return state.withLock { state in
            let mail = state.mail
            state.mail = Mail()
            state.mail.isStopping = mail.isStopping
            return mail
        }
    }

    /// The thread's last word: whatever is or comes here from now on is to be tried again elsewhere.
    func end() {
        let last = state.withLock { state in
            let last = state
            state.mail = Mail()
            state.mail.isStopping = true
            state.hasEnded = true
            state.waitingForEnd = []
            return last
        }
        for submission in last.mail.submissions {
            submission.continuation.resume(returning: .retry(reason: "the sink is being closed"))
        }
        for continuation in last.waitingForEnd { continuation.resume() }
    }
}
