import Foundation
import Glibc
import Sockets
import Testing

@testable import Controlling

struct ControlClientTests {
    @Test(.timeLimit(.minutes(10)))
    func `where nobody listens there is no service`() async throws {
        try await withFolder { folder in
            let stale = try StreamSocket.unbound()
            let code = try UnixPath(folder + "/stale").withAddress { bind(stale.descriptor, $0, $1) }
            #expect(code == 0)
            for path in ["\(folder)/control", "\(folder)/stale", "\(folder)/none/control", "\(folder)/stale/control"] {
                await #expect(throws: ControlClientError.noService(path: path)) {
                    try await ask(path, ControlRequest("a"))
                }
            }
        }
    }

    @Test(.timeLimit(.minutes(10)), .enabled(if: getuid() != 0, "root is always permitted"))
    func `who may not connect is told how to get permission`() async throws {
        try await withServer { _, _, _ in
            .success
        } _: { path in
            #expect(chmod(path, 0) == 0)
            let error = await #expect(throws: ControlClientError.self) { try await ask(path, ControlRequest("a")) }
            #expect(error == .notPermitted(path: path))
            #expect(error?.description.contains("usermod -aG twilship") == true)
        }
    }

    @Test(
        .timeLimit(.minutes(10)),
        arguments: [
            ("", "hung up before its answer was complete"), ("{\"line\":\"a\"}\n", "hung up before"),
            ("{\"line\":\"a\"}", "hung up before"), ("what?\n", "no answer"), ("{}\n", "no answer"),
            ("{\"line\":7}\n", "no answer"),
            (String(repeating: "x", count: 2 << 20), "too long"),
        ])
    func `an answer that is none is an error that says so`(_ sent: String, _ expected: String) async throws {
        try await withFolder { folder in
            let path = folder + "/control"
            let listening = try ListeningSocket(path: path, group: nil, notice: { _ in })
            let serving = Task {
                try await listening.socket.wait(for: .reading)
                guard let client = try listening.socket.accepted() else { return }
                _ = try await client.read(atMost: 1_000)
                try? await client.write(sent)
                client.shutDown()
            }
            let error = await #expect(throws: ControlClientError.self) { try await ask(path, ControlRequest("a")) }
            #expect(error?.description.contains(expected) == true)
            try await serving.value
        }
    }

    @Test(.timeLimit(.minutes(10)))
    func `a service that takes nobody is busy in the end`() async throws {
        try await withFolder { folder in
            let path = folder + "/control"
            let listening = try ListeningSocket(path: path, group: nil, notice: { _ in })
            var waiting: [StreamSocket] = []
            while let client = try? connected(path) { waiting.append(client) }
            #expect(waiting.count > 1)
            await #expect(throws: ControlClientError.busy(path: path)) {
                try await ControlClient(path: path, patience: .milliseconds(100)).send(ControlRequest("a")) { _ in }
            }
            listening.close()
        }
    }
}
