import CCurl
import Glibc
import Synchronization

/// A request on its way to the thread. Whoever takes it must resume the continuation, exactly once.
struct CurlSubmission: Sendable {
    typealias Outcome = Result<HTTPResponse, TransportError>

    let id: UInt64
    let request: HTTPRequest
    let continuation: CheckedContinuation<Outcome, Never>
}

/// What tasks tell the thread. Every change rings the doorbell, on which the thread sleeps.
final class CurlInbox: Sendable {
    struct Mail {
        fileprivate(set) var submissions: [CurlSubmission] = []
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
    /// An eventfd(2), readable when there is mail. It lives as long as the inbox, which the thread and the transport both hold.
    let doorbell: CInt

    init() throws(TransportError) {
        doorbell = eventfd(0, CInt(EFD_CLOEXEC | EFD_NONBLOCK))
        guard doorbell >= 0 else {
            throw .badLocalSetup(.init("libcurl", detail: "no file descriptor for its thread: errno \(errno)"))
        }
    }

    deinit {
        close(doorbell)
    }

    func newID() -> UInt64 {
        state.withLock {
            $0.lastID += 1
            return $0.lastID
        }
    }

    func submit(_ submission: CurlSubmission) {
        let isOpen = state.withLock { state in
            if !state.mail.isStopping { state.mail.submissions.append(submission) }
            return !state.mail.isStopping
        }
        if isOpen { ring() } else { submission.continuation.resume(returning: .failure(.shutDown)) }
    }

    /// Cancelling what is unknown or done does nothing.
    func cancel(_ id: UInt64) {
        state.withLock { $0.mail.cancelled.append(id) }
        ring()
    }

    func stop() {
        state.withLock { $0.mail.isStopping = true }
        ring()
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

    func takeMail() -> Mail {
        // First the bell, then the mail: the other way round, a ring in between would be lost.
        var count: eventfd_t = 0
        _ = eventfd_read(doorbell, &count)
        return state.withLock { state in
            let mail = state.mail
            state.mail = Mail()
            state.mail.isStopping = mail.isStopping
            return mail
        }
    }

    /// The thread's last word: whatever is or comes here from now on ends with ``TransportError/shutDown``.
    func end() {
        let state = state.withLock { state in
            let last = state
            state.mail = Mail()
            state.mail.isStopping = true
            state.hasEnded = true
            state.waitingForEnd = []
            return last
        }
        for submission in state.mail.submissions { submission.continuation.resume(returning: .failure(.shutDown)) }
        for continuation in state.waitingForEnd { continuation.resume() }
    }

    private func ring() {
        _ = eventfd_write(doorbell, 1)
    }
}
