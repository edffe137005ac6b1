import FlyingSocks
import Foundation
import Glibc
import Simulating
import Testing

/// The model behind a real port.
@Suite struct ServerTests {
    @Test func `a page arrives over HTTP with one Date header`() async throws {
        try await withSimulator(options { $0.history = 1_500 }) { server in
            let answer = try await get(server, "/v1/Events?PageSize=1000")
            let (head, body) = try split(answer)
            #expect(head.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(head.components(separatedBy: "\r\nDate: ").count == 2)
            #expect(head.contains("Content-Length: \(body.count)"))
            let json = try JSONValue(body)
            #expect(json["events"]?.array?.count == 1_000)
            let origin = "http://127.0.0.1:\(server.port)/v1/Events?"
            #expect(json["meta"]?["next_page_url"]?.string?.hasPrefix(origin) == true)
        }
    }

    @Test func `the truth is streamed as lines`() async throws {
        try await withSimulator(options { $0.history = 2_500 }) { server in
            let answer = try await exchange(server, "GET /truth?dataset=monitor.events HTTP/1.1\r\n\r\n", closing: true)
            let text = String(decoding: answer, as: UTF8.self)
            #expect(text.contains("Transfer-Encoding: chunked"))
            #expect(text.components(separatedBy: "monitor.events ").count == 2_501)
            #expect(text.hasSuffix("0\r\n\r\n"))
        }
    }

    @Test(arguments: [SimulatedFault.truncated, .reset])
    func `an answer can be broken off`(_ fault: SimulatedFault) async throws {
        let options = options { options in
            options.history = 100
            options.faults = [fault: 1]
        }
        try await withSimulator(options) { server in
            let answer = try await get(server, "/v1/Events")
            let (head, body) = try split(answer.isEmpty ? Array("\r\n\r\n".utf8) : answer)
            let announced = head.components(separatedBy: "Content-Length: ").last?.prefix { $0.isNumber }
            #expect(fault == .reset || body.count == Int(announced ?? "").map { $0 / 2 })
            #expect(fault == .truncated || body.isEmpty)
        }
    }

    @Test func `a slow answer takes its time`() async throws {
        let options = options { options in
            options.slowDelay = .milliseconds(150)
            options.faults = [.slow: 1]
        }
        try await withSimulator(options) { server in
            let begin = ContinuousClock.now
            _ = try await get(server, "/v1/Events")
            #expect(ContinuousClock.now - begin >= .milliseconds(150))
        }
    }

    @Test func `garbage on one connection does not disturb the next`() async throws {
        try await withSimulator(options { $0.history = 10 }) { server in
            let garbage: [[UInt8]] = [
                [0, 1, 2, 0xFF, 0xFE, 10, 13, 10], Array("GET\r\n\r\n".utf8), Array("\r\n\r\n\r\n".utf8),
                Array("GET /v1/Events HTTP/9.9\r\nHost\r\n: x\r\n\r\n".utf8),
                Array("POST /control/storm HTTP/1.1\r\nContent-Length: -5\r\n\r\n".utf8),
                Array("POST /v1/Events HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n".utf8),
                Array("GET /v1/Events?\(String(repeating: "x", count: 3_000)) HTTP/1.1\r\n\r\n".utf8),
                Array("PUT / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n".utf8),
                Array("POST /v1/Events HTTP/1.1\r\nContent-Length: 70000\r\nConnection: close\r\n\r\n".utf8)
                    + [UInt8](repeating: 65, count: 70_000),
            ]
            for bytes in garbage {
                _ = try await exchange(server, bytes: bytes, closing: true)
                let (head, _) = try split(try await get(server, "/v1/Events"))
                #expect(head.hasPrefix("HTTP/1.1 200"))
            }
        }
    }

    @Test func `control reaches the model`() async throws {
        try await withSimulator(options { _ in }) { server in
            let request = "POST /control/emit?count=4 HTTP/1.1\r\nContent-Length: 0\r\n\r\n"
            _ = try await exchange(server, request, closing: true)
            #expect(server.twilio.truth(at: SimulatorClock.now()).count == 4)
        }
    }

    @Test func `two simulators cannot share a port, and a bad address is told`() async throws {
        try await withSimulator(options { _ in }) { server in
            var options = SimulatorOptions()
            options.port = server.port
            await #expect(throws: SimulatorServerError.self) { _ = try await SimulatorServer.start(options) }
            options.address = "nowhere"
            await #expect(throws: SimulatorServerError.self) { _ = try await SimulatorServer.start(options) }
        }
    }

    @Test func `stopping frees the port`() async throws {
        let first = try await SimulatorServer.start(options { _ in })
        await first.stop()
        var again = SimulatorOptions()
        again.port = first.port
        try await withSimulator(again) { #expect($0.port == first.port) }
    }

    private func options(_ configure: (inout SimulatorOptions) -> Void) -> SimulatorOptions {
        var options = SimulatorOptions()
        options.requestsPerSecond = 0
        configure(&options)
        return options
    }

    private func get(_ server: SimulatorServer, _ target: String) async throws -> [UInt8] {
        let account = server.twilio.accounts[0]
        let credentials = Data("\(account.sid):\(account.authToken)".utf8).base64EncodedString()
        let head = "GET \(target) HTTP/1.1\r\nHost: 127.0.0.1:\(server.port)\r\nAuthorization: Basic \(credentials)"
        return try await exchange(server, head + "\r\n\r\n", closing: true)
    }

    private func exchange(_ server: SimulatorServer, _ request: String, closing: Bool) async throws -> [UInt8] {
        let request = closing ? request.replacing("\r\n\r\n", with: "\r\nConnection: close\r\n\r\n") : request
        return try await exchange(server, bytes: Array(request.utf8), closing: closing)
    }

    /// Sends, and reads until the other end is through.
    private func exchange(_ server: SimulatorServer, bytes: [UInt8], closing: Bool) async throws -> [UInt8] {
        let socket = try await AsyncSocket.connected(to: sockaddr_in.inet(ip4: "127.0.0.1", port: server.port))
        defer { try? socket.close() }
        do { try await socket.write(Data(bytes)) } catch { return [] }
        // Our side is through too: a server that waits for more learns that none will come.
        shutdown(socket.socket.file.rawValue, Int32(SHUT_WR))
        var answer: [UInt8] = []
        while let more = try? await socket.read(atMost: 4_096) { answer += more }
        return answer
    }

    private func split(_ answer: [UInt8]) throws -> (head: String, body: [UInt8]) {
        let end = try #require(answer.firstRange(of: Array("\r\n\r\n".utf8)))
        return (String(decoding: answer[..<end.upperBound], as: UTF8.self), Array(answer[end.upperBound...]))
    }
}
