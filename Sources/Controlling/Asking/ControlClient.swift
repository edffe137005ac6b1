import Glibc
import Sockets

/// Asks the running service to carry out a command.
package struct ControlClient: Sendable {
    private let path: String
    private let patience: Duration
    private static let pause = Duration.milliseconds(50)

    /// - Parameter patience: how long others may be let in first.
    package init(path: String, patience: Duration = .seconds(5)) {
        self.path = path
        self.patience = patience
    }

    /// Sends the request and gives every line of the answer, in order; returns how the command ended.
    ///
    /// Cancelling the task, or an error of `line`, hangs up, which cancels the command in the service.
    ///
    /// - Parameter line: takes each line before the next is read, so that nothing piles up; the service ends the
    ///   command if one is not taken in time.
    /// - Throws: ``ControlClientError``, `CancellationError`, or what `line` throws.
    package func send(
        _ request: ControlRequest, line: (String) async throws -> Void
    ) async throws -> ControlEnd {
        guard let bytes = request.encoded() else { throw ControlClientError.requestTooLarge }
        let socket = try await connected()
        defer { socket.shutDown() }
        do throws(SocketFailure) {
            try await socket.write(bytes)
        } catch {
            // A service that refuses at once may have closed already; what it said can still be read.
            if error != .closed { throw failure(error) }
        }
        return try await answer(from: socket, line)
    }

    private func answer(from socket: StreamSocket, _ line: (String) async throws -> Void) async throws -> ControlEnd {
        let reader = LineReader(socket)
        while true {
            let bytes: [UInt8]?
            do throws(LineReader.Failure) {
                bytes = try await reader.line(atMost: ControlProtocol.maximumLineBytes)
            } catch {
                switch error {
                case .tooLong: throw ControlClientError.brokenAnswer("the service sent a line that is too long")
                case .socket(let error): throw failure(error)
                }
            }
            guard let bytes else {
                throw ControlClientError.brokenAnswer("the service hung up before its answer was complete")
            }
            switch AnswerMessage(decoding: bytes) {
            case .line(let text): try await line(text)
            case .end(let end): return end
            case nil: throw ControlClientError.brokenAnswer("the service sent something that is no answer")
            }
        }
    }

    private func connected() async throws -> StreamSocket {
        let deadline = ContinuousClock.now + patience
        while true {
            let (socket, code) = try attempt()
            switch code {
            case 0: return socket
            case ENOENT, ECONNREFUSED, ENOTDIR: throw ControlClientError.noService(path: path)
            case EACCES, EPERM: throw ControlClientError.notPermitted(path: path)
            case EINTR: continue
            case EAGAIN:
                guard ContinuousClock.now < deadline else { throw ControlClientError.busy(path: path) }
                try await Task.sleep(for: Self.pause)
            default: throw failure(.system(SystemError(call: "connect", code: code)))
            }
        }
    }

    private func attempt() throws(ControlClientError) -> (StreamSocket, Int32) {
        do throws(SystemError) {
            let socket = try StreamSocket.unbound()
            let place = try UnixPath(path)
            let descriptor = socket.descriptor
            return (socket, try place.withAddress { connect(descriptor, $0, $1) == 0 ? 0 : errno })
        } catch {
            switch error.code {
            case ENOENT, ENOTDIR: throw .noService(path: path)
            case EACCES: throw .notPermitted(path: path)
            default: throw .system(path: path, reason: error.reason)
            }
        }
    }

    private func failure(_ error: SocketFailure) -> any Error {
        switch error {
        case .cancelled, .timedOut: CancellationError()
        case .closed: ControlClientError.brokenAnswer("the service hung up")
        case .system(let error): ControlClientError.system(path: path, reason: error.reason)
        }
    }
}
