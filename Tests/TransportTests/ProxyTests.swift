import Foundation
import Synchronization
import Testing
import Transport

/// A small but real CONNECT proxy between the transport and the server.
@Suite(.timeLimit(.minutes(10))) struct ProxyTests {
    @Test func `requests go through the proxy's tunnel and leave it nothing to read`() async throws {
        let server = try ScriptedServer { peer in
            while let request = peer.readRequest() { peer.send(makeResponse(Array(request.utf8))) }
        }
        let proxy = try ConnectProxy()
        defer {
            server.stop()
            proxy.stop()
        }
        var authorised = try makeRequest(server.port)
        authorised.basicAuth = BasicAuth(user: "SK1", password: "hush")
        let response = try await withTransport({ $0.proxy = "http://me:proxypass@127.0.0.1:\(proxy.port)" }) {
            try await $0.send(authorised)
        }
        let seen = try #require(proxy.requests.first)
        #expect(seen.hasPrefix("CONNECT 127.0.0.1:\(server.port) HTTP/1.1\r\n"))
        #expect(seen.contains("Proxy-Authorization: Basic \(Data("me:proxypass".utf8).base64EncodedString())\r\n"))
        #expect(!seen.contains("\r\nAuthorization:"))
        let forwarded = String(decoding: response.body, as: UTF8.self)
        #expect(forwarded.contains("\r\nAuthorization: Basic "))
        #expect(!forwarded.contains("Proxy-Authorization"))
        #expect(response.headers["X-Proxy"] == nil)
    }

    @Test func `TLS is verified end to end through the tunnel`() async throws {
        let certificates = try TestCertificates()
        let server = try TLSServer(certificates)
        let proxy = try ConnectProxy()
        defer {
            server.stop()
            proxy.stop()
        }
        let url = try HTTPURL("https://good.example:\(server.port)/")
        let response = try await withTransport({
            $0.proxy = "http://127.0.0.1:\(proxy.port)"
            $0.caFile = certificates.ca
        }) { try await $0.send(HTTPRequest(.get, url)) }
        #expect(response.status == 200)
        #expect(proxy.requests.first?.hasPrefix("CONNECT good.example:\(server.port) ") == true)
    }

    @Test func `hosts under no_proxy are reached directly`() async throws {
        let server = try ScriptedServer.answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        let proxy = try ConnectProxy()
        defer {
            server.stop()
            proxy.stop()
        }
        let response = try await withTransport({
            $0.proxy = "http://127.0.0.1:\(proxy.port)"
            $0.noProxy = ["example.com", "127.0.0.1"]
        }) { try await $0.send(makeRequest(server.port)) }
        #expect(response.status == 200)
        #expect(proxy.requests == [])
    }

    @Test func `a proxy's password is in no error`() async throws {
        for url in ["me:hush@127.0.0.1:x", "http://me:hush@[", "http://me:hush@127.0.0.1:1"] {
            let error = try #require(try await failure(of: makeRequest(1)) { $0.proxy = url })
            #expect(!"\(error) \(String(reflecting: error))".contains("hush"))
        }
        await #expect(throws: TransportError.self) {
            try await failure(of: makeRequest(1)) { $0.proxy = "gopher://me:hush@a" }
        }
    }

    @Test func `a proxy that refuses the tunnel is named as the culprit`() async throws {
        let proxy = try ScriptedServer.answering(
            "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
        defer { proxy.stop() }
        let error = try await failure(of: HTTPRequest(.get, HTTPURL("https://good.example/"))) {
            $0.proxy = "http://me:proxypass@127.0.0.1:\(proxy.port)"
        }
        guard case .proxyRefused(_, status: 407) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(error?.description.contains("407") == true)
        #expect(error?.description.contains("proxypass") == false)
    }
}

/// Opens a tunnel to the port asked for on 127.0.0.1, whatever the name, and remembers what it was asked.
private final class ConnectProxy: Sendable {
    private let seen: Recorder
    private let server: ScriptedServer

    var port: UInt16 { server.port }
    var requests: [String] { seen.requests.withLock { $0 } }

    init() throws {
        let seen = Recorder()
        self.seen = seen
        server = try ScriptedServer { peer in
            guard let request = peer.readRequest() else { return }
            seen.requests.withLock { $0.append(request) }
            let authority = request.split(separator: " ")[1]
            guard let port = authority.split(separator: ":").last.flatMap({ UInt16($0) }),
                let target = try? connectedSocket(port: port)
            else { return }
            peer.send("HTTP/1.1 200 OK\r\nX-Proxy: yes\r\n\r\n")
            let back = Thread { relay(from: target, to: peer.descriptor) }
            back.start()
            relay(from: peer.descriptor, to: target)
            close(target)
        }
    }

    func stop() { server.stop() }
}

private final class Recorder: Sendable {
    let requests = Mutex<[String]>([])
}

/// Copies until either end is closed, and passes the end on.
private func relay(from source: CInt, to sink: CInt) {
    var buffer = [UInt8](repeating: 0, count: 16 << 10)
    while true {
        let count = recv(source, &buffer, buffer.count, 0)
        guard count > 0, send(sink, buffer, count, CInt(MSG_NOSIGNAL)) == count else { break }
    }
    shutdown(sink, CInt(SHUT_WR))
}
