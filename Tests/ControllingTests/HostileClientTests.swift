import Sockets
import Synchronization
import Testing

@testable import Controlling

struct HostileClientTests {
    /// Whether a command with manners gets through.
    private func expectServed(_ path: String) async throws {
        let end = try await ask(path, ControlRequest("status")).end
        #expect(end == .success)
    }

    @Test(
        .timeLimit(.minutes(10)),
        arguments: [
            "garbage\n", "\n", "{}\n", "[]\n", "null\n", "{\"version\":1}\n", "\u{0}\u{1}\n",
            "{\"version\":\"1\",\"command\":\"a\"}\n", "{\"version\":1,\"command\":7}\n",
            "{\"version\":1,\"command\":\"a\",\"arguments\":{\"a\":{}}}\n",
            "{\"version\":1,\"command\":\"a\",\"arguments\":{\"a\":null}}\n",
            String(repeating: "[", count: 60_000) + "\n",
            "{\"version\":1,\"command\":\"a\"}\n{\"version\":1,\"command\":\"b\"}\n",
        ])
    func `what is no request is answered with a sentence, and never reaches the handler`(_ text: String) async throws {
        let calls = Mutex(0)
        try await withServer { request, _, _ in
            if request.command != "status" { calls.withLock { $0 += 1 } }
            return .success
        } _: { path in
            let client = try connected(path)
            try await client.write(text)
            let end = try await client.end()
            #expect(end?.exit == 64)
            #expect(end?.error?.isEmpty == false)
            try await expectServed(path)
        }
        #expect(calls.withLock { $0 } == 0)
    }

    @Test(.timeLimit(.minutes(10)))
    func `a program of another version is told so`() async throws {
        try await withServer { _, _, _ in
            .success
        } _: { path in
            let client = try connected(path)
            try await client.write("{\"version\":2,\"verb\":\"a\"}\n")
            let end = try #require(try await client.end())
            #expect(end.exit == 76)
            #expect(end.error?.contains("speaks version 2") == true)
            #expect(end.error?.contains("systemctl restart twilship") == true)
        }
    }

    @Test(.timeLimit(.minutes(10)))
    func `a line without an end is cut off at its limit`() async throws {
        try await withServer { _, _, _ in
            .success
        } _: { path in
            let client = try connected(path)
            let chunk = [UInt8](repeating: UInt8(ascii: "x"), count: 16 << 10)
            var written = 0
            while written < 64 << 20, (try? await client.write(chunk)) != nil { written += chunk.count }
            // Its limit, and what fits the two buffers of the socket.
            #expect(written < 4 << 20)
            let end = try await client.end()
            #expect(end?.error?.contains("longer than 65536 bytes") == true)
            try await expectServed(path)
        }
    }

    @Test(.timeLimit(.minutes(10)))
    func `who connects and says nothing is sent away`() async throws {
        let timeouts = ControlTimeouts(request: .milliseconds(50))
        try await withServer(maximumConnections: 1, timeouts: timeouts) { _, _, _ in
            .success
        } _: { path in
            let client = try connected(path)
            try await client.write("{\"version\"")
            let end = try await client.end()
            #expect(end?.error?.contains("no request came") == true)
        }
    }

    @Test(.timeLimit(.minutes(10)))
    func `one connection too many is told to try again`() async throws {
        let (arrived, ended) = (Signal(), Signal())
        try await withServer(maximumConnections: 2) { request, _, _ in
            guard request.command == "long" else { return .success }
            arrived.fire()
            await forever()
            ended.fire()
            return .success
        } _: { path in
            let first = Task { try await ask(path, ControlRequest("long")) }
            let second = Task { try await ask(path, ControlRequest("long")) }
            await arrived.wait()
            await arrived.wait()
            let end = try await ask(path, ControlRequest("status")).end
            #expect(end.exit == 75)
            #expect(end.error?.contains("2 commands are running") == true)
            first.cancel()
            second.cancel()
            await ended.wait()
        }
    }

    @Test(.timeLimit(.minutes(10)))
    func `thousands of connections that come and go leave nothing behind`() async throws {
        try await withServer { _, _, _ in
            .success
        } _: { path in
            for round in 0..<3_000 {
                // The server's queue is full at times: that one is turned away, as it should be.
                guard let client = try? connected(path) else {
                    await Task.yield()
                    continue
                }
                if round.isMultiple(of: 3) { try? await client.write("{\"version\":1,\"command\":\"status\"}\n") }
            }
            var end = try await ask(path, ControlRequest("status")).end
            while end.exit == 75 { end = try await ask(path, ControlRequest("status")).end }
            #expect(end == .success)
        }
    }

    @Test(.timeLimit(.minutes(10)))
    func `hanging up in the middle of an answer ends the command, and nothing else`() async throws {
        let ended = Signal()
        try await withServer { request, _, answer in
            guard request.command == "tail" else { return .success }
            while true {
                do {
                    try await answer.line("line")
                } catch {
                    break
                }
            }
            ended.fire()
            return .success
        } _: { path in
            for _ in 0..<20 {
                do {
                    let client = try connected(path)
                    try await client.write("{\"version\":1,\"command\":\"tail\"}\n")
                    _ = try await client.read(atMost: 10)
                }
                await ended.wait()
            }
            try await expectServed(path)
        }
    }

    @Test(.timeLimit(.minutes(10)))
    func `a client that does not read holds the command back, and is cut off in the end`() async throws {
        let written = Mutex(0)
        let failure = Mutex<ControlAnswerError?>(nil)
        let ended = Signal()
        try await withServer(timeouts: ControlTimeouts(line: .milliseconds(100))) { request, _, answer in
            guard request.command == "tail" else { return .success }
            let line = String(repeating: "x", count: 10_000)
            do throws(ControlAnswerError) {
                while true {
                    try await answer.line(line)
                    written.withLock { $0 += line.utf8.count }
                }
            } catch {
                failure.withLock { $0 = error }
            }
            // The task is cancelled too, so that a handler that only works notices.
            await forever()
            ended.fire()
            return .success
        } _: { path in
            let client = try connected(path)
            try await client.write("{\"version\":1,\"command\":\"tail\"}\n")
            await ended.wait()
            // Nothing but the socket's own buffers was filled.
            #expect(written.withLock { $0 } < 4 << 20)
            #expect(failure.withLock { $0 } == .clientTooSlow(after: .milliseconds(100)))
            withExtendedLifetime(client) {}
            try await expectServed(path)
        }
    }

    @Test(.timeLimit(.minutes(10)))
    func `more than the request, while the command runs, cancels it`() async throws {
        let (arrived, ended) = (Signal(), Signal())
        try await withServer { _, _, _ in
            arrived.fire()
            await forever()
            ended.fire()
            return .success
        } _: { path in
            let client = try connected(path)
            try await client.write("{\"version\":1,\"command\":\"a\"}\n")
            await arrived.wait()
            try await client.write("and another thing")
            await ended.wait()
        }
    }
}
