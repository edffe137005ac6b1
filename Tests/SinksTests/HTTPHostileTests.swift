import Foundation
import PipelineCore
import Testing
import Transport

@testable import Sinks

/// Servers that do not keep to the rules, and networks.
@Suite(.timeLimit(.minutes(2))) struct HTTPHostileTests {
    @Test(arguments: [(200, "accepted"), (503, "retry"), (404, "hold")])
    func `an endless body costs what is kept of it, and its status counts`(status: Int, kind: String) async throws {
        // 200 MiB are announced, more than a connection's buffers take of what is sent.
        let body = String(repeating: "y", count: 8 << 20)
        try await withSink { _ in
        } answering: { _, _ in
            .init(
                raw: "HTTP/1.1 \(status) X\r\nContent-Length: 209715200\r\n\r\n\(body)", then: .silence)
        } _: { sink, _ in
            let delivery = await sink.deliver(.sample())
            #expect(delivery.kind == kind)
        }
    }

    @Test func `after a body that was cut the next request is answered, too`() async throws {
        try await withSink { _ in
        } answering: { _, number in
            number == 0
                ? .init(
                    raw: "HTTP/1.1 200 X\r\nContent-Length: 999999\r\n\r\n" + String(repeating: "y", count: 99_999),
                    then: .close)
                : .init(200)
        } _: { sink, collector in
            for _ in 0..<3 {
                let delivery = await sink.deliver(.sample())
                #expect(delivery.kind == "accepted")
            }
            #expect(collector.requests.count == 3)
        }
    }

    @Test(arguments: [
        // Headers without end, and too many.
        "HTTP/1.1 200 X\r\n" + String(repeating: "X-A: \(String(repeating: "a", count: 1_000))\r\n", count: 200),
        "HTTP/1.1 200 X\r\n" + String(repeating: "X-A: a\r\n", count: 300) + "\r\n",
        // Cut short in the status line, in the headers and in the body.
        "", "HTTP/1.1 20", "HTTP/1.1 200 X\r\nContent-Le", "HTTP/1.1 200 X\r\nContent-Length: 10\r\n\r\nabc",
        "HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        // No HTTP.
        "SSH-2.0-OpenSSH_9.2\r\n", "\0\0\0\0\0\0\0\0\r\n\r\n",
    ])
    func `what is no whole answer is tried again`(answer: String) async throws {
        try await withSink { _ in
        } answering: { _, _ in
            .init(raw: answer, then: .close)
        } _: { sink, collector in
            let delivery = await sink.deliver(.sample())
            #expect(delivery.kind == "retry")
            #expect(delivery.words.contains("127.0.0.1:\(collector.port)"))
        }
    }

    @Test(arguments: ["br", "gzip", "x-unknown"])
    func `a body that cannot be decoded does not hide the status`(encoding: String) async throws {
        try await withSink { _ in
        } answering: { _, _ in
            .init(200, "this is neither", headers: [("Content-Encoding", encoding)])
        } _: { sink, _ in
            let delivery = await sink.deliver(.sample())
            #expect(delivery.kind == "accepted")
        }
    }

    @Test func `a secret that fits no header holds the sink and is not shown`() async throws {
        try await withSink {
            $0.headers = [.init("X-Key", .secret(SecretBox("two\r\nlines").secret))]
        } answering: { _, _ in
            .init(200)
        } _: { sink, collector in
            let delivery = await sink.deliver(.sample())
            #expect(delivery.kind == "hold")
            #expect(delivery.words.contains("X-Key"))
            #expect(!delivery.words.contains("lines"))
            #expect(collector.requests.isEmpty)
        }
    }

    @Test func `a cancelled delivery comes back at once, to be tried again`() async throws {
        try await withSink { _ in
        } answering: { _, _ in
            .init(raw: "", then: .silence)
        } _: { sink, _ in
            let task = Task { await sink.deliver(.sample()) }
            task.cancel()
            let delivery = await task.value
            #expect(delivery.kind == "retry")
        }
    }
}
