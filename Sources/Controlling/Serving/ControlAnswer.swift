import Sockets
import Synchronization

/// The answer to a request, line by line, as fast as the client takes it.
///
/// Any task may write; calls take turns. After the client is gone every call fails at once, and the handler's task is
/// cancelled.
package final class ControlAnswer: Sendable {
    private struct State {
        var isWriting = false
        var waiting: [CheckedContinuation<Void, Never>] = []
        var failure: ControlAnswerError?
    }

    private let socket: StreamSocket
    private let timeout: Duration
    private let state = Mutex(State())

    init(_ socket: StreamSocket, timeout: Duration) {
        self.socket = socket
        self.timeout = timeout
    }

    /// Returns once the client, or the socket's buffer in front of it, took the line.
    package func line(_ text: String) async throws(ControlAnswerError) {
        let bytes = AnswerMessage.line(text).encoded()
        guard bytes.count <= ControlProtocol.maximumLineBytes else { throw .lineTooLong(bytes: bytes.count) }
        try await write(bytes)
    }

    func end(_ end: ControlEnd) async throws(ControlAnswerError) {
        try await write(AnswerMessage.end(end).encoded())
    }

    private func write(_ bytes: [UInt8]) async throws(ControlAnswerError) {
        await takeTurn()
        defer { passTurn() }
        if let failure = state.withLock({ $0.failure }) { throw failure }
        do throws(SocketFailure) {
            try await socket.write(bytes, until: .now + timeout)
        } catch {
            let failure: ControlAnswerError = error == .timedOut ? .clientTooSlow(after: timeout) : .clientGone
            // Half a line may have been sent: nothing can follow it.
            state.withLock { $0.failure = failure }
            socket.shutDown()
            throw failure
        }
    }

    private func takeTurn() async {
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { state in
                if state.isWriting {
                    state.waiting.append(continuation)
                    return false
                }
                state.isWriting = true
                return true
            }
            if isFree { continuation.resume() }
        }
    }

    private func passTurn() {
        let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
            if state.waiting.isEmpty {
                state.isWriting = false
                return nil
            }
            return state.waiting.removeFirst()
        }
        next?.resume()
    }
}

/// Why a line could not be given to the client.
package enum ControlAnswerError: Error, Equatable, CustomStringConvertible {
    /// It hung up, or the service is stopping.
    case clientGone
    case clientTooSlow(after: Duration)
    /// Only this line is lost; others can follow.
    case lineTooLong(bytes: Int)

    package var description: String {
        switch self {
        case .clientGone: "the command that asked has ended"
        case .clientTooSlow(let duration): "the command that asked took nothing for \(duration.components.seconds) s"
        case .lineTooLong(let bytes):
            "a line of \(bytes) bytes is too long for the control socket, "
                + "which carries at most \(ControlProtocol.maximumLineBytes)"
        }
    }
}
