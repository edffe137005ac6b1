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
