import Glibc
import Sockets
import Synchronization
import Testing

@testable import Measuring

@Suite struct ScrapeServerTests {
    @Test(.timeLimit(.minutes(5)))
    func `GET gets the page, and HEAD its head`() async throws {
        try await withServer { port in
            let got = try await ask(port, "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
            #expect(got.hasPrefix("HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"))
            #expect(got.contains("\r\nContent-Length: 4\r\n") && got.contains("\r\nConnection: close\r\n"))
            #expect(got.hasSuffix("\r\n\r\na 1\n"))
            let head = try await ask(port, "HEAD /metrics HTTP/1.1\r\n\r\n")
            #expect(head == String(got.dropLast(4)))
            for target in ["/metrics?name[]=a", "http://localhost:9717/metrics"] {
                let same = try await ask(port, "GET \(target) HTTP/1.0\n\n")
                #expect(same == got)
            }
        }
    }

    @Test(
        .timeLimit(.minutes(5)),
        arguments: [
            ("GET / HTTP/1.1\r\n\r\n", "404"), ("GET /metrics/ HTTP/1.1\r\n\r\n", "404"),
            ("GET /../metrics HTTP/1.1\r\n\r\n", "404"), ("HEAD /none HTTP/1.1\r\n\r\n", "404"),
            ("POST /metrics HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello", "405"),
            ("DELETE /metrics HTTP/1.1\r\n\r\n", "405"), ("garbage\r\n\r\n", "400"), ("\r\n\r\n", "400"),
            ("GET /metrics\r\n\r\n", "400"), ("GET  /metrics HTTP/1.1\r\n\r\n", "400"),
            ("GET metrics HTTP/1.1\r\n\r\n", "400"), ("GET /metrics HTTP/1.10\r\n\r\n", "400"),
            ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "400"), ("get /metrics HTTP/1.1\r\n\r\n", "400"),
            ("\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\n\n", "400"), ("GET \u{0} HTTP/1.1\r\n\r\n", "400"),
        ])
    func `what is no request for a page is refused with a sentence`(_ request: String, _ status: String) async throws {
        try await withServer { port in
            let answer = try await ask(port, request)
            #expect(answer.hasPrefix("HTTP/1.1 \(status) "), "\(answer)")
            try await expectServed(port)
        }
    }

    @Test(.timeLimit(.minutes(5)))
    func `random bytes end nothing`() async throws {
        try await withServer { port in
            var generator = SystemRandomNumberGenerator()
            for _ in 0..<200 {
                let bytes = (0..<Int.random(in: 0...300, using: &generator)).map { _ in
                    UInt8.random(in: .min ... .max, using: &generator)
                }
                _ = try await ask(port, bytes + Array("\n\n".utf8))
            }
            try await expectServed(port)
        }
    }

    @Test(.timeLimit(.minutes(5)))
    func `a head without an end is cut off at its limit`() async throws {
        try await withServer { port in
            let answer = try await ask(port, "GET /metrics HTTP/1.1\r\nX: " + String(repeating: "x", count: 50_000))
            #expect(answer.hasPrefix("HTTP/1.1 431 "))
            try await expectServed(port)
        }
    }

    @Test(.timeLimit(.minutes(5)))
    func `who sends no request in time is sent away`() async throws {
        var limits = ScrapeServer.Limits()
        limits.request = .milliseconds(50)
        try await withServer(limits) { port in
            let client = try connected(port)
            try await client.write(Array("GET /met".utf8))
            let answer = try await wholeAnswer(client)
            #expect(answer.hasPrefix("HTTP/1.1 408 "))
        }
    }

    @Test(.timeLimit(.minutes(5)))
    func `who does not take the answer is cut off, and its place is free again`() async throws {
        var limits = ScrapeServer.Limits()
        limits.answer = .milliseconds(50)
        limits.connections = 1
        let large = [UInt8](repeating: UInt8(ascii: "x"), count: 32 << 20)
        try await withServer(limits, body: large) { port in
            let idle = try connected(port)
            try await idle.write(Array("GET /metrics HTTP/1.1\r\n\r\n".utf8))
            while true {
                let other = try await ask(port, "GET /none HTTP/1.1\r\n\r\n")
                if other.hasPrefix("HTTP/1.1 404 ") { break }
                #expect(other.isEmpty || other.hasPrefix("HTTP/1.1 503 "))
            }
            var taken = 0
            while let bytes = try? await idle.read(atMost: 1 << 20), !bytes.isEmpty { taken += bytes.count }
            #expect(taken < large.count)
        }
    }

    @Test(.timeLimit(.minutes(5)))
    func `one connection too many is told to try again`() async throws {
        let (held, arrived) = AsyncStream.makeStream(of: Void.self)
        let (gate, open) = AsyncStream.makeStream(of: Void.self)
        var limits = ScrapeServer.Limits()
        limits.connections = 1
        try await withServer(
            limits,
            page: {
                arrived.yield()
                for await _ in gate { break }
                return ScrapeServer.Answer(status: "200 OK", "late")
            }
        ) { port in
            let first = Task { try await ask(port, "GET /metrics HTTP/1.1\r\n\r\n") }
            for await _ in held { break }
            let second = try await ask(port, "")
            #expect(second.hasPrefix("HTTP/1.1 503 "))
            open.finish()
            let answer = try await first.value
            #expect(answer.hasSuffix("late\n"))
        }
    }

    @Test(.timeLimit(.minutes(5)))
    func `hundreds of connections that come and go leave nothing behind`() async throws {
        try await withServer { port in
            for round in 0..<500 {
                let client = try connected(port)
                if round.isMultiple(of: 2) { try? await client.write(Array("GET /metrics HTTP/1.1\r\n\r\n".utf8)) }
            }
            while try await !ask(port, "GET /metrics HTTP/1.1\r\n\r\n").hasPrefix("HTTP/1.1 200 ") {}
        }
    }

    @Test func `a port that is taken is an error that says so`() throws {
        let first = try StreamSocket.listening(at: "127.0.0.1", port: 0)
        let error = #expect(throws: SystemError.self) {
            try StreamSocket.listening(at: "127.0.0.1", port: first.port)
        }
        #expect(error?.reason == "Address already in use (bind)")
        let sixth = try StreamSocket.listening(at: "::1", port: 0)
        #expect(sixth.port > 0)
    }

    // MARK: - Support

    private func withServer(
        _ limits: ScrapeServer.Limits = ScrapeServer.Limits(), body: [UInt8] = Array("a 1\n".utf8),
        page: (@Sendable () async -> ScrapeServer.Answer)? = nil, _ use: (Int) async throws -> Void
    ) async throws {
        let listening = try StreamSocket.listening(at: "127.0.0.1", port: 0)
        let answer = ScrapeServer.Answer(status: "200 OK", contentType: Exposition.contentType, body: body)
        let server = ScrapeServer(["/metrics": page ?? { answer }], limits: limits, notice: { _ in })
        let running = Task { await server.run(on: listening) }
        do {
            try await use(listening.port)
        } catch {
            running.cancel()
            await running.value
            throw error
        }
        running.cancel()
        await running.value
    }

    private func connected(_ port: Int) throws -> StreamSocket {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        let client = StreamSocket(owning: descriptor)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let code = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0 ? 0 : errno
            }
        }
        guard code == 0 else { throw SystemError(call: "connect", code: code) }
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        return client
    }

    private func ask(_ port: Int, _ request: String) async throws -> String {
        try await ask(port, Array(request.utf8))
    }

    private func ask(_ port: Int, _ request: [UInt8]) async throws -> String {
        let client = try connected(port)
        // Who refuses at once may have closed already; what it said can still be read.
        try? await client.write(request)
        return try await wholeAnswer(client)
    }

    private func wholeAnswer(_ client: StreamSocket) async throws -> String {
        var bytes: [UInt8] = []
        while case let more = try await client.read(atMost: 1 << 16), !more.isEmpty { bytes += more }
        return String(decoding: bytes, as: UTF8.self)
    }

    private func expectServed(_ port: Int) async throws {
        let answer = try await ask(port, "GET /metrics HTTP/1.1\r\n\r\n")
        #expect(answer.hasPrefix("HTTP/1.1 200 "))
    }
}
