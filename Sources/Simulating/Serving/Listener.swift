import FlyingFox
import FlyingSocks
import Foundation
import Synchronization

/// Keeps an HTTP server listening on one port until it is closed.
final class Listener: Sendable {
    private struct State {
        var server: HTTPServer?
        var task: Task<Void, Never>?
        var isClosing = false
    }

    private let address: String
    private let timeout: Duration
    private let handler: any HTTPHandler
    private let state = Mutex(State())

    /// - Parameter timeout: how long a handler may take.
    init(address: String, timeout: Duration, handler: any HTTPHandler) {
        self.address = address
        self.timeout = timeout
        self.handler = handler
    }

    /// Listens, and returns the port once it is open.
    func open(port: UInt16) async throws -> UInt16 {
        guard let address = try? sockaddr_in.inet(ip4: address, port: port) else {
            throw SimulatorServerError.address(self.address)
        }
        let (ports, opened) = AsyncThrowingStream<UInt16, any Error>.makeStream()
        let task = Task {
            do {
                let port = try await serve(on: address, opened)
                while let port, !state.withLock({ $0.isClosing }) {
                    try await Task.sleep(for: Self.pauseBeforeReopening)
                    _ = try? await serve(on: .inet(ip4: self.address, port: port), opened)
                }
            } catch {
                opened.finish(throwing: error)
            }
            opened.finish()
        }
        state.withLock { $0.task = task }
        do {
            for try await port in ports { return port }
        } catch {
            throw SimulatorServerError.cannotListen(
                address: self.address, port: port, reason: error.localizedDescription)
        }
        throw SimulatorServerError.cannotListen(address: self.address, port: port, reason: "it was stopped")
    }

    func close() async {
        let (server, task) = state.withLock { state in
            state.isClosing = true
            return (state.server, state.task)
        }
        await server?.stop(timeout: 0.2)
        task?.cancel()
        await task?.value
    }

    /// Serves until the listening socket is closed or fails; throws only if it never listened.
    private func serve(
        on address: sockaddr_in, _ opened: AsyncThrowingStream<UInt16, any Error>.Continuation
    ) async throws -> UInt16? {
        var config = HTTPServer.Configuration(
            address: address, timeout: TimeInterval(timeout.components.seconds),
            pool: PromptSocketPool(base: HTTPServer.defaultPool()), logger: .disabled)
        config.sharedRequestReplaySize = SimulatorHandler.maximumBody
        let server = HTTPServer(config: config, handler: handler)
        state.withLock { $0.server = server }
        let announcing = Task { () -> UInt16? in
            try? await server.waitUntilListening(timeout: 60)
            guard case .ip4(_, let port) = await server.listeningAddress else { return nil }
            opened.yield(port)
            return port
        }
        do {
            try await server.run()
        } catch {
            announcing.cancel()
            guard let port = await announcing.value else { throw error }
            return port
        }
        return await announcing.value
    }

    private static let pauseBeforeReopening: Duration = .milliseconds(100)
}

/// A socket pool that switches Nagle's algorithm off on every socket it sees.
///
/// FlyingFox writes head and body apart; with Nagle the body of a small answer would wait for the caller's delayed
/// acknowledgement, 40 ms. Accepted sockets inherit the option from the listening one.
private struct PromptSocketPool: AsyncSocketPool {
    let base: any AsyncSocketPool

    func prepare() async throws {
        try await base.prepare()
    }

    func run() async throws {
        try await base.run()
    }

    func suspendSocket(_ socket: Socket, untilReadyFor events: Socket.Events) async throws {
        SocketOptions.sendAtOnce(socket.file.rawValue)
        try await base.suspendSocket(socket, untilReadyFor: events)
    }
}
