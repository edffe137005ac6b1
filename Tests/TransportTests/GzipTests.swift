import Testing

@testable import Transport

/// Compressed bodies: whole, or an error.
@Suite(.timeLimit(.minutes(10))) struct GzipTests {
    private let page = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 / 7) }

    @Test func `a gzip body is decoded and its size on the wire is kept`() async throws {
        let compressed = try gzip(page)
        let response = try await answer(to: compressed)
        #expect(response.body == page)
        #expect(response.wireBytes == compressed.count)
        #expect(response.body.capacity >= page.count + HTTPResponse.bodyPadding)
    }

    @Test(arguments: [0, 1, 200_000])
    func `what is compressed here is decoded again`(length: Int) throws {
        let bytes = Array(page.prefix(length))
        let compressed = try #require(gzipped(bytes))
        #expect(try gunzip(compressed, limit: 200_000, padding: 0) == bytes)
        #expect(gzipped(bytes) == compressed)
    }

    @Test func `where the rest is not wanted, a body is its beginning, and empty if that cannot be decoded`()
        async throws
    {
        let compressed = try gzip(page)
        let response = try await answer(to: compressed) {
            $0.excess = .dropped
            $0.maxWireBytes = compressed.count / 2
        }
        #expect(response.status == 200)
        #expect(response.body.isEmpty)
        let server = try ScriptedServer.answering("HTTP/1.1 404 No\r\nContent-Length: 10\r\n\r\n0123456789")
        defer { server.stop() }
        let request = try makeRequest(server.port) {
            $0.excess = .dropped
            $0.maxBodyBytes = 4
        }
        try await withTransport { transport in
            for _ in 0..<3 {
                let response = try await transport.send(request)
                #expect(response.status == 404)
                #expect(response.body == Array("0123".utf8))
            }
        }
    }

    @Test func `members one after the other are one body`() async throws {
        let twice = try gzip(page) + gzip(Array("end".utf8))
        #expect(try await answer(to: twice).body == page + Array("end".utf8))
    }

    @Test func `a small answer that would fill the memory stops at the limit`() async throws {
        let bomb = try gzip([UInt8](repeating: 0, count: 10_000_000))
        #expect(bomb.count < 100_000)
        await #expect(throws: TransportError.self) { try await answer(to: bomb) { $0.maxBodyBytes = 1_000_000 } }
        #expect(throws: GunzipError.tooLarge(limit: 1_000_000)) { try gunzip(bomb, limit: 1_000_000, padding: 0) }
        // A bomb need not admit its size.
        let liar = bomb.dropLast(4) + [1, 0, 0, 0]
        #expect(throws: GunzipError.tooLarge(limit: 1_000_000)) {
            try gunzip(Array(liar), limit: 1_000_000, padding: 0)
        }
    }

    @Test func `a stream that ends early inside a whole HTTP body is an error at every length`() throws {
        let compressed = try gzip(Array("twelve pages of events, one after the other, and events, events, events".utf8))
        for length in 1..<compressed.count {
            #expect(throws: GunzipError.badData) {
                try gunzip(Array(compressed.prefix(length)), limit: 10_000, padding: 0)
            }
        }
    }

    @Test func `a damaged byte is an error`() throws {
        var compressed = try gzip(page)
        compressed[compressed.count / 2] ^= 1
        #expect(throws: GunzipError.badData) { try gunzip(compressed, limit: 1 << 20, padding: 0) }
    }

    @Test func `a body at the limit is not beyond it`() throws {
        #expect(try gunzip(gzip(page), limit: page.count, padding: 0) == page)
        #expect(try gunzip(gzip([]), limit: 0, padding: 0) == [])
    }

    @Test func `an encoding that was not asked for is refused`() async throws {
        let server = try ScriptedServer { peer in
            while peer.readRequest() != nil { peer.send(makeResponse([1, 2, 3], headers: "Content-Encoding: br\r\n")) }
        }
        defer { server.stop() }
        guard case .badResponse = try await failure(of: makeRequest(server.port)) else {
            Issue.record("taken")
            return
        }
    }

    private func answer(to body: [UInt8], _ limits: (inout HTTPLimits) -> Void = { _ in }) async throws -> HTTPResponse
    {
        let server = try ScriptedServer { peer in
            while let request = peer.readRequest() {
                let asked = request.contains("\r\nAccept-Encoding: gzip\r\n")
                peer.send(makeResponse(asked ? body : [], headers: "Content-Encoding: gzip\r\n"))
            }
        }
        defer { server.stop() }
        return try await withTransport { try await $0.send(makeRequest(server.port, "/", limits)) }
    }
}
