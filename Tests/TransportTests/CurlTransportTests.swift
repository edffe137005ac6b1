import FlyingFox
import FlyingSocks
import Foundation
import Testing
import Transport

/// Ordinary exchanges over real connections.
@Suite(.timeLimit(.minutes(10))) struct CurlTransportTests {
    @Test func `status, headers and body arrive as a real server sent them`() async throws {
        let handler = ClosureHTTPHandler { request in
            FlyingFox.HTTPResponse(
                statusCode: .tooManyRequests,
                headers: [
                    HTTPHeader("Retry-After"): "7",
                    HTTPHeader("X-Agent"): request.headers[HTTPHeader("User-Agent")] ?? "",
                ],
                body: Data("slow \(request.path)".utf8))
        }
        let server = HTTPServer(address: try .inet(ip4: "127.0.0.1", port: 0), logger: .disabled, handler: handler)
        let running = Task { try await server.run() }
        defer { running.cancel() }
        try await server.waitUntilListening(timeout: 60)
        guard case .ip4(_, let port) = await server.listeningAddress else {
            Issue.record("no address")
            return
        }
        let response = try await withTransport { try await $0.send(makeRequest(port, "/v1/Events?PageSize=1")) }
        #expect(response.status == 429)
        #expect(response.headers["retry-after"] == "7")
        #expect(response.headers["x-agent"] == "twilship/test")
        #expect(response.body == Array("slow /v1/Events".utf8))
        #expect(response.remoteAddress == "127.0.0.1:\(port)")
        #expect(response.httpVersion == "1.1")
        #expect(response.sentAt <= response.headersReceivedAt && response.headersReceivedAt <= response.receivedAt)
    }

    @Test func `one connection serves requests that follow each other`() async throws {
        let server = try ScriptedServer.answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        defer { server.stop() }
        try await withTransport { transport in
            let opened = try await [
                transport.send(makeRequest(server.port)).openedConnection,
                transport.send(makeRequest(server.port)).openedConnection,
                transport.send(makeRequest(server.port)).openedConnection,
            ]
            #expect(opened == [true, false, false])
        }
        #expect(server.connectionCount == 1)
    }

    @Test func `a kept-alive connection that the server has closed is replaced unnoticed`() async throws {
        let server = try ScriptedServer { peer in
            if peer.readRequest() != nil { peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok") }
        }
        defer { server.stop() }
        try await withTransport { transport in
            for _ in 1...5 {
                let status = try await transport.send(makeRequest(server.port)).status
                #expect(status == 200)
            }
        }
        #expect(server.connectionCount == 5)
    }

    @Test func `two hundred requests at once share sixteen connections`() async throws {
        let server = try ScriptedServer.answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        defer { server.stop() }
        let statuses = try await withTransport { transport in
            try await withThrowingTaskGroup(of: Int.self) { group in
                for number in 1...200 {
                    group.addTask { try await transport.send(makeRequest(server.port, "/\(number)")).status }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
        }
        #expect(statuses == Array(repeating: 200, count: 200))
        #expect((1...16).contains(server.connectionCount))
    }

    @Test func `requests beyond the waiting limit are refused at once`() async throws {
        let server = try ScriptedServer { $0.waitForEnd() }
        defer { server.stop() }
        let change = { (options: inout TransportOptions) in
            options.maxConnectionsPerHost = 1
            options.maxWaiting = 2
        }
        let errors = try await withTransport(change) { transport in
            await withTaskGroup(of: TransportError?.self) { group in
                for _ in 1...10 {
                    group.addTask {
                        await transport.errorOf(
                            try? makeRequest(server.port, "/") { $0.totalTimeout = .milliseconds(200) })
                    }
                }
                return await group.reduce(into: [TransportError?]()) { $0.append($1) }
            }
        }
        #expect(errors.contains(.tooManyWaiting(limit: 2)))
    }

    @Test func `a body is posted anew from its beginning when a kept-alive connection ends in the middle of it`()
        async throws
    {
        let server = try ScriptedServer { peer in
            guard let request = peer.readRequest() else { return }
            peer.send(makeResponse(Array(request.utf8)))
            // Of the next one some is taken in, and nothing answered.
            var byte: UInt8 = 0
            _ = recv(peer.descriptor, &byte, 1, 0)
        }
        defer { server.stop() }
        let body = (0..<1 << 20).map { UInt8(ascii: "a") + UInt8($0 % 23) }
        let post = HTTPRequest(.post, try HTTPURL("http://127.0.0.1:\(server.port)/in"), body: body)
        try await withTransport { transport in
            for _ in 1...5 {
                let echo = try await transport.send(post).body
                #expect(echo.suffix(body.count).elementsEqual(body))
            }
        }
        #expect(server.connectionCount == 5)
    }

    @Test func `a body is posted whole, with the headers and credentials that were given`() async throws {
        let server = try ScriptedServer { peer in
            while let request = peer.readRequest() { peer.send(makeResponse(Array(request.utf8))) }
        }
        defer { server.stop() }
        let body = [UInt8](repeating: UInt8(ascii: "x"), count: 3 << 20)
        let post = HTTPRequest(
            .post, try HTTPURL("http://127.0.0.1:\(server.port)/in"), headers: ["X-Team": "secops", "X-Empty": ""],
            body: body,
            basicAuth: BasicAuth(user: "SK:1", password: "päss"))
        let echo = String(decoding: try await withTransport { try await $0.send(post) }.body, as: UTF8.self)
        let head = try #require(echo.components(separatedBy: "\r\n\r\n").first)
        #expect(head.hasPrefix("POST /in HTTP/1.1\r\n"))
        #expect(head.contains("\r\nX-Team: secops\r\n"))
        #expect(head.contains("\r\nX-Empty:\r\n"))
        #expect(head.contains("\r\nAuthorization: Basic \(Data("SK:1:päss".utf8).base64EncodedString())\r\n"))
        #expect(!head.contains("Expect:") && !head.contains("Content-Type:"))
        #expect(echo.utf8.count == head.utf8.count + 4 + body.count)
    }

    @Test func `credentials of one request never reach the next`() async throws {
        let server = try ScriptedServer { peer in
            while let request = peer.readRequest() { peer.send(makeResponse(Array(request.utf8))) }
        }
        defer { server.stop() }
        try await withTransport { transport in
            var secret = try makeRequest(server.port)
            secret.basicAuth = BasicAuth(user: "SK1", password: "p")
            #expect(String(decoding: try await transport.send(secret).body, as: UTF8.self).contains("Authorization"))
            let plain = try await transport.send(makeRequest(server.port))
            #expect(!plain.openedConnection)
            #expect(!String(decoding: plain.body, as: UTF8.self).contains("Authorization"))
        }
    }

    @Test func `a redirect is returned and not followed`() async throws {
        let server = try ScriptedServer.answering(
            "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n")
        defer { server.stop() }
        let response = try await withTransport { try await $0.send(makeRequest(server.port)) }
        #expect(response.status == 302)
        #expect(response.headers["location"] == "http://127.0.0.1:1/")
    }

    @Test func `NUL bytes in a body survive and room is left behind it`() async throws {
        let body: [UInt8] = [0, 1, 0, 255, 0]
        let server = try ScriptedServer { peer in while peer.readRequest() != nil { peer.send(makeResponse(body)) } }
        defer { server.stop() }
        let received = try await withTransport { try await $0.send(makeRequest(server.port)).body }
        #expect(received == body)
        #expect(received.capacity >= body.count + Transport.HTTPResponse.bodyPadding)
    }

    @Test func `headers of an informational response are not the response's`() async throws {
        let server = try ScriptedServer.answering(
            "HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\nHTTP/1.1 200 OK\r\nSet-Cookie: a\r\nset-cookie: b\r\nContent-Length: 0\r\n\r\n"
        )
        defer { server.stop() }
        let response = try await withTransport { try await $0.send(makeRequest(server.port)) }
        #expect(response.headers["X-Early"] == nil)
        #expect(response.headers.all("Set-Cookie") == ["a", "b"])
    }

    @Test func `the address family can be chosen`() async throws {
        let server = try ScriptedServer.answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        defer { server.stop() }
        let byName = HTTPRequest(.get, try HTTPURL("http://localhost:\(server.port)/"))
        let response = try await withTransport({ $0.ipVersion = .v4 }) { try await $0.send(byName) }
        #expect(response.remoteAddress == "127.0.0.1:\(server.port)")
        guard case .couldNotConnect = try await failure(of: byName, { $0.ipVersion = .v6 }) else {
            Issue.record("an IPv4 server was reached over IPv6")
            return
        }
    }
}

extension CurlTransport {
    func errorOf(_ request: Transport.HTTPRequest?) async -> TransportError? {
        guard let request else { return nil }
        do throws(TransportError) {
            _ = try await send(request)
            return nil
        } catch {
            return error
        }
    }
}
