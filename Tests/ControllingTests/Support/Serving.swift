import Foundation
import Glibc
import Sockets
import Synchronization

@testable import Controlling

/// A server on a socket of its own, while `body` runs.
func withServer<Result: Sendable>(
    maximumConnections: Int = 16,
    timeouts: ControlTimeouts = ControlTimeouts(),
    handler: @escaping ControlServer.Handler,
    _ body: @Sendable (_ path: String) async throws -> Result
) async throws -> Result {
    try await withFolder { folder in
        let server = ControlServer(
            path: folder + "/control", group: nil, maximumConnections: maximumConnections, timeouts: timeouts,
            notice: { _ in }, handler: handler)
        return try await withRunning(server) { try await body(folder + "/control") }
    }
}

func withRunning<Result: Sendable>(
    _ server: ControlServer, _ body: @Sendable () async throws -> Result
) async throws -> Result {
    let (listening, announce) = AsyncThrowingStream<Void, any Error>.makeStream()
    let running = Task {
        do {
            try await server.run { announce.yield() }
            announce.finish()
        } catch {
            announce.finish(throwing: error)
        }
    }
    do {
        for try await _ in listening { break }
        let result = try await body()
        running.cancel()
        await running.value
        return result
    } catch {
        running.cancel()
        await running.value
        throw error
    }
}

func withFolder<Result>(_ body: (String) async throws -> Result) async throws -> Result {
    let folder = URL.temporaryDirectory.appending(path: "control-\(UUID().uuidString.prefix(8))").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try await body(folder)
}

/// Sends the request and gathers the answer.
func ask(_ path: String, _ request: ControlRequest) async throws -> (lines: [String], end: ControlEnd) {
    var lines: [String] = []
    let end = try await ControlClient(path: path).send(request) { lines.append($0) }
    return (lines, end)
}

/// A client without manners: connected, and nothing sent yet.
func connected(_ path: String) throws -> StreamSocket {
    let socket = try StreamSocket.unbound()
    let descriptor = socket.descriptor
    let code = try UnixPath(path).withAddress { connect(descriptor, $0, $1) == 0 ? 0 : errno }
    guard code == 0 else { throw SystemError(call: "connect", code: code) }
    return socket
}

extension StreamSocket {
    func write(_ text: String) async throws { try await write(Array(text.utf8)) }

    /// The end that a server sends without any line before it; nil if it hangs up in silence.
    func end() async throws -> ControlEnd? {
        guard let line = try await LineReader(self).line(atMost: ControlProtocol.maximumLineBytes) else { return nil }
        guard case .end(let end) = AnswerMessage(decoding: line) else { return nil }
        return end
    }
}

/// Events that a test waits for.
struct Signal: Sendable {
    private let stream: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    init() { (stream, continuation) = AsyncStream.makeStream() }

    func fire() { continuation.yield() }

    func wait() async { for await _ in stream { return } }
}

/// Until the task is cancelled.
func forever() async { try? await Task.sleep(for: .seconds(3_600)) }
