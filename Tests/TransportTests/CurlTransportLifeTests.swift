import Foundation
import Testing
import Transport

/// Cancelling, shutting down and letting go.
@Suite(.timeLimit(.minutes(10))) struct CurlTransportLifeTests {
    @Test func `cancelling the task ends the request and closes its connection`() async throws {
        let (requested, requests) = AsyncStream<Void>.makeStream()
        let (ended, ends) = AsyncStream<Void>.makeStream()
        let server = try ScriptedServer { peer in
            _ = peer.readRequest()
            requests.yield()
            peer.waitForEnd()
            ends.yield()
        }
        defer { server.stop() }
        try await withTransport { transport in
            let task = Task { await transport.errorOf(try? makeRequest(server.port)) }
            _ = await requested.first { true }
            task.cancel()
            #expect(await task.value == .cancelled)
            // The server sees the connection go: nothing of the request is left behind.
            _ = await ended.first { true }
        }
    }

    @Test func `a task cancelled before it sends gets no response`() async throws {
        let server = try ScriptedServer { $0.waitForEnd() }
        defer { server.stop() }
        try await withTransport { transport in
            let task = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                return await transport.errorOf(try? makeRequest(server.port))
            }
            #expect(await task.value == .cancelled)
        }
    }

    @Test func `cancelling a waiting request leaves the others alone`() async throws {
        let (requested, requests) = AsyncStream<Void>.makeStream()
        let release = DispatchSemaphore(value: 0)
        let server = try ScriptedServer { peer in
            while peer.readRequest() != nil {
                requests.yield()
                release.wait()
                peer.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            }
        }
        defer { server.stop() }
        try await withTransport({ $0.maxConnectionsPerHost = 1 }) { transport in
            let first = Task { await transport.errorOf(try? makeRequest(server.port, "/1")) }
            _ = await requested.first { true }
            let second = Task { await transport.errorOf(try? makeRequest(server.port, "/2")) }
            second.cancel()
            #expect(await second.value == .cancelled)
            release.signal()
            #expect(await first.value == nil)
        }
    }

    @Test func `shutting down ends requests in flight and refuses new ones`() async throws {
        let (requested, requests) = AsyncStream<Void>.makeStream()
        let server = try ScriptedServer { peer in
            _ = peer.readRequest()
            requests.yield()
            peer.waitForEnd()
        }
        defer { server.stop() }
        try await withTransport { transport in
            let inFlight = Task { await transport.errorOf(try? makeRequest(server.port)) }
            _ = await requested.first { true }
            await transport.shutdown()
            #expect(await inFlight.value == .shutDown)
            let late = try makeRequest(server.port)
            #expect(await transport.errorOf(late) == .shutDown)
            await transport.shutdown()
        }
    }

    @Test func `a transport that nobody holds closes its connections`() async throws {
        let (ended, ends) = AsyncStream<Void>.makeStream()
        let server = try ScriptedServer { peer in
            while peer.readRequest() != nil { peer.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") }
            ends.yield()
        }
        defer { server.stop() }
        do {
            var options = TransportOptions(userAgent: "twilship/test")
            options.allowsPlainHTTP = true
            options.proxy = ""
            let transport = try CurlTransport(options)
            #expect(try await transport.send(makeRequest(server.port)).status == 200)
        }
        _ = await ended.first { true }
    }

    @Test func `a watched thread turns while nothing is sent and while nobody answers, and says when it ends`()
        async throws
    {
        let server = try ScriptedServer { $0.waitForEnd() }
        defer { server.stop() }
        let (turns, turned) = AsyncStream<Void>.makeStream()
        let (ends, ended) = AsyncStream<Void>.makeStream()
        let watch = TurnWatch(
            interval: .milliseconds(20), turned: { turned.yield() }, ended: { ended.yield() })
        try await withTransport(watch: watch) { transport in
            for await _ in turns.prefix(5) {}
            let task = Task { await transport.errorOf(try? makeRequest(server.port)) }
            for await _ in turns.prefix(5) {}
            await transport.shutdown()
            #expect(await task.value == .shutDown)
        }
        _ = await ends.first { true }
    }

    @Test func `a transport that cannot be made is watched by nobody`() async throws {
        let (ends, ended) = AsyncStream<Void>.makeStream()
        var options = TransportOptions(userAgent: "test")
        options.proxy = "gopher://127.0.0.1"
        #expect(throws: TransportError.self) {
            _ = try CurlTransport(
                options, watch: TurnWatch(interval: .seconds(1), turned: {}, ended: { ended.yield() }))
        }
        _ = await ends.first { true }
    }
}
