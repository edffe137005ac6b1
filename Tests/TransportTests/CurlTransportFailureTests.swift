import Foundation
import Testing
import Transport

/// What peers and networks do wrong, done to it by real sockets.
@Suite(.timeLimit(.minutes(10))) struct CurlTransportFailureTests {
    @Test func `a connection that is refused says where`() async throws {
        let server = try ScriptedServer { _ in }
        server.stop()
        let error = try await failure(of: makeRequest(server.port))
        guard case .couldNotConnect(let context) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(context.target == "127.0.0.1:\(server.port)")
        #expect(context.code.rawValue == 7)
        #expect(error?.isTransient == true)
    }

    @Test func `a host that takes no connections is given up after the connect timeout`() async throws {
        let listener = try listeningSocket(backlog: 0)
        let port = try localPort(listener)
        let crowd = try (1...8).map { _ in try connectedSocket(port: port, blocking: false) }
        defer { (crowd + [listener]).forEach { close($0) } }
        let error = try await failure(of: makeRequest(port) { $0.connectTimeout = .milliseconds(200) })
        guard case .connectTimedOut(_, .milliseconds(200)) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test func `a server that never answers is given up after the total timeout`() async throws {
        let server = try ScriptedServer { $0.waitForEnd() }
        defer { server.stop() }
        let error = try await failure(of: makeRequest(server.port) { $0.totalTimeout = .milliseconds(200) })
        guard case .timedOut(_, .milliseconds(200)) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test func `waiting for a connection does not use up the time for the transfer`() async throws {
        // Each answer takes 150 ms of a limit of 1 s, and ten of them have to stand in line.
        let server = try ScriptedServer { peer in
            while peer.readRequest() != nil {
                usleep(150_000)
                peer.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            }
        }
        defer { server.stop() }
        let errors = try await withTransport({ $0.maxConnectionsPerHost = 1 }) { transport in
            await withTaskGroup(of: TransportError?.self) { group in
                for _ in 1...10 {
                    group.addTask {
                        await transport.errorOf(
                            try? makeRequest(server.port, "/") { $0.totalTimeout = .seconds(1) })
                    }
                }
                return await group.reduce(into: [TransportError]()) { if let error = $1 { $0.append(error) } }
            }
        }
        #expect(errors == [])
    }

    @Test func `a body that stops coming is given up as too slow`() async throws {
        let server = try ScriptedServer { peer in
            _ = peer.readRequest()
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")
            peer.waitForEnd()
        }
        defer { server.stop() }
        let error = try await failure(of: makeRequest(server.port) { $0.lowSpeedDuration = .seconds(1) })
        guard case .tooSlow(_, 100, .seconds(1)) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        "HTTP/1.1 200 OK\r\nContent-Le",
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n",
        "HTTP/1.1 100 Continue\r\n\r\n",
        "",
    ])
    func `an answer that is cut short is an error and not a short body`(_ answer: String) async throws {
        let server = try ScriptedServer { peer in
            _ = peer.readRequest()
            peer.send(answer)
        }
        defer { server.stop() }
        let error = try await failure(of: makeRequest(server.port))
        guard case .interrupted = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test func `a reset in mid-body is an error`() async throws {
        let server = try ScriptedServer { peer in
            _ = peer.readRequest()
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")
            peer.resetOnClose()
        }
        defer { server.stop() }
        let error = try await failure(of: makeRequest(server.port))
        guard case .interrupted = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test(arguments: ["220 mail.example.com ESMTP\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"])
    func `what is not HTTP is a bad response or a broken one`(_ answer: String) async throws {
        let server = try ScriptedServer { peer in
            _ = peer.readRequest()
            peer.send(answer)
        }
        defer { server.stop() }
        switch try await failure(of: makeRequest(server.port)) {
        case .badResponse, .interrupted: break
        case let other: Issue.record("\(String(describing: other))")
        }
    }

    @Test func `headers are limited in bytes and number`() async throws {
        let long = "X-Long: " + String(repeating: "a", count: 2000) + "\r\n"
        let many = String(repeating: "X: y\r\n", count: 50)
        let server = try ScriptedServer.answering("HTTP/1.1 200 OK\r\n\(long)\(many)Content-Length: 0\r\n\r\n")
        defer { server.stop() }
        for (limit, text) in [
            ({ (limits: inout HTTPLimits) in limits.maxHeaderBytes = 1000 }, "1000 bytes of headers"),
            ({ (limits: inout HTTPLimits) in limits.maxHeaderCount = 40 }, "40 headers"),
        ] {
            let error = try await failure(of: makeRequest(server.port, "/", limit))
            guard case .headersTooLarge(_, text) = error else {
                Issue.record("\(String(describing: error))")
                continue
            }
        }
    }

    @Test func `one header line of a megabyte is refused`() async throws {
        let server = try ScriptedServer { peer in
            _ = peer.readRequest()
            peer.send("HTTP/1.1 200 OK\r\nX: " + String(repeating: "a", count: 1 << 20) + "\r\n\r\n")
        }
        defer { server.stop() }
        let error = try await failure(of: makeRequest(server.port))
        guard case .headersTooLarge = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test func `a body beyond the limit ends the transfer, announced or not`() async throws {
        for head in ["Content-Length: 5000", "Transfer-Encoding: chunked"] {
            let server = try ScriptedServer { peer in
                _ = peer.readRequest()
                peer.send("HTTP/1.1 200 OK\r\n\(head)\r\n\r\n")
                let piece = String(repeating: "a", count: 500)
                while peer.send(head.hasPrefix("T") ? "1f4\r\n\(piece)\r\n" : piece) {}
            }
            defer { server.stop() }
            let error = try await failure(of: makeRequest(server.port) { $0.maxWireBytes = 2000 })
            guard case .bodyTooLarge(_, 2000) = error else {
                Issue.record("\(head): \(String(describing: error))")
                continue
            }
            #expect(error?.isTransient == false)
        }
    }

    @Test func `plain http is refused unless it was allowed`() async throws {
        let error = try await failure(of: makeRequest(1)) { $0.allowsPlainHTTP = false }
        guard case .badLocalSetup = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test func `a header that would begin another line is refused`() async throws {
        var request = try makeRequest(1)
        request.headers = ["X-Team": "a\r\nAuthorization: b"]
        guard case .invalidRequest(let reason) = try await failure(of: request) else {
            Issue.record("sent")
            return
        }
        #expect(!reason.contains("Authorization"))
    }

    @Test func `a name that does not exist is said`() async throws {
        let request = HTTPRequest(.get, try HTTPURL("http://no-such-host.invalid/"))
        guard case .nameNotResolved(let context) = try await failure(of: request) else {
            Issue.record("resolved")
            return
        }
        #expect(context.target == "no-such-host.invalid:80")
    }

    @Test func `no credential is in an error or in a request's description`() async throws {
        let server = try ScriptedServer { _ in }
        defer { server.stop() }
        var request = try makeRequest(server.port, "/path?token=hush")
        request.basicAuth = BasicAuth(user: "SK1", password: "hush")
        request.headers["Authorization"] = "Splunk hush"
        request.body = Array("hush".utf8)
        var dumped = ""
        dump(request, to: &dumped)
        let error = try #require(try await failure(of: request))
        for text in ["\(request)", dumped, "\(error)", String(reflecting: error), String(reflecting: request)] {
            #expect(!text.contains("hush"))
        }
    }
}
