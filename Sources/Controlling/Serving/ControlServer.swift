import Sockets

/// Carries out commands for other processes of this machine, over a UNIX socket.
///
/// - Who may connect is decided by the socket's owner, group and mode; who did is told to the handler by the kernel.
/// - Memory is bounded: at most `maximumConnections` requests of 64 KiB, and one line of each answer.
/// - A handler's task is cancelled when its client hangs up, sends more than its request, or takes a line too slowly.
/// - Nothing that a client does ends the server.
package struct ControlServer: Sendable {
    package typealias Handler = @Sendable (ControlRequest, ControlPeer, ControlAnswer) async -> ControlEnd

    private let path: String
    private let group: String?
    private let maximumConnections: Int
    private let timeouts: ControlTimeouts
    private let notice: @Sendable (String) -> Void
    private let handler: Handler

    /// - Parameters:
    ///   - path: of the socket; its directory must exist.
    ///   - group: may connect beside the service's own user. If there is no such group, nobody else may.
    ///   - maximumConnections: answered at a time; one more is told to try again.
    ///   - notice: gets sentences for the operator.
    package init(
        path: String,
        group: String?,
        maximumConnections: Int = 16,
        timeouts: ControlTimeouts = ControlTimeouts(),
        notice: @escaping @Sendable (String) -> Void,
        handler: @escaping Handler
    ) {
        self.path = path
        self.group = group
        self.maximumConnections = maximumConnections
        self.timeouts = timeouts
        self.notice = notice
        self.handler = handler
    }

    /// Serves until the task is cancelled; then removes the socket, cancels the handlers and waits for them.
    ///
    /// - Parameter listening: called once clients can connect.
    package func run(listening isListening: @Sendable () -> Void = {}) async throws(ControlServerError) {
        let listening = try ListeningSocket(path: path, group: group, notice: notice)
        isListening()
        let (path, maximum, timeouts, handler) = (path, maximumConnections, timeouts, handler)
        let reception = Reception(
            atMost: maximum,
            notice: { [notice] in notice("no command can be taken from \(path) for a second: \($0)") },
            turnAway: { client in
                let end = ControlEnd.later(
                    "\(maximum) commands are running in the service already; try again when one has ended")
                // A new socket has room for this line.
                try? await ControlAnswer(client, timeout: .zero).end(end)
            },
            serve: { await ServedConnection(socket: $0, timeouts: timeouts, handler: handler).serve() })
        await reception.run(on: listening.socket, close: listening.close)
    }
}
