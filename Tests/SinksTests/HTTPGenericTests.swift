import Foundation
import PipelineCore
import Testing
import Transport

@testable import Sinks

/// What a webhook is sent.
@Suite(.timeLimit(.minutes(2))) struct HTTPGenericTests {
    @Test func `records arrive as lines, in order, with the batch's key`() async throws {
        try await withSink(path: "/in") {
            $0.compresses = false
        } answering: { _, _ in
            .init(200)
        } _: { sink, collector in
            let batch = Batch.sample()
            let delivery = await sink.deliver(batch)
            #expect(delivery.kind == "accepted")
            let request = try #require(collector.requests.first)
            #expect(request.method == "POST")
            #expect(request.target == "/in")
            #expect(request.text == batch.records.map(\.text).joined())
            #expect(request["Content-Type"] == "application/x-ndjson")
            #expect(request["Content-Encoding"] == nil)
            #expect(request["Idempotency-Key"] == "batch-1")
            #expect(request["User-Agent"] == "twilship/test")
            #expect(request["Authorization"] == nil)
            #expect(request["X-Twilship-Timestamp"] == nil)
        }
    }

    @Test func `a JSON array holds the records and nothing else`() async throws {
        try await withSink {
            $0.preset = .generic(.array)
        } answering: { _, _ in
            .init(204)
        } _: { sink, collector in
            let delivery = await sink.deliver(.sample(7...8))
            #expect(delivery.kind == "accepted")
            let request = try #require(collector.requests.first)
            #expect(request["Content-Type"] == "application/json")
            let array = try #require(
                JSONSerialization.jsonObject(with: Data(request.text.utf8)) as? [[String: Any]])
            #expect(array.map { $0["id"] as? String } == ["NO7", "NO8"])
        }
    }

    @Test func `a format of text is sent as text, and as strings in an array`() async throws {
        for encoding in HTTPSinkOptions.Encoding.allCases {
            try await withSink {
                $0.preset = .generic(encoding)
                $0.isText = true
            } answering: { _, _ in
                .init(200)
            } _: { sink, collector in
                let batch = Batch.sample(1...2)
                _ = await sink.deliver(batch)
                let request = try #require(collector.requests.first)
                switch encoding {
                case .lines:
                    #expect(request["Content-Type"] == "text/plain; charset=utf-8")
                    #expect(request.text == batch.records.map(\.text).joined())
                case .array:
                    let strings = try JSONDecoder().decode([String].self, from: Data(request.text.utf8))
                    #expect(strings == batch.records.map { String($0.text.dropLast()) })
                }
            }
        }
    }

    @Test func `compressed, the body is smaller and the same`() async throws {
        try await withSink { _ in
        } answering: { _, _ in
            .init(200)
        } _: { sink, collector in
            let batch = Batch.sample(1...500)
            _ = await sink.deliver(batch)
            let request = try #require(collector.requests.first)
            #expect(request["Content-Encoding"] == "gzip")
            let text = batch.records.map(\.text).joined()
            #expect(request.text == text)
            #expect(request.body.count < text.utf8.count / 4)
        }
    }

    @Test func `a token goes as Bearer, a password as Basic, and headers with their secrets`() async throws {
        let box = SecretBox("s3cret")
        try await withSink {
            $0.authentication = .token(box.secret)
            $0.headers = [.init("X-Team", .literal("secops")), .init("X-Key", .secret(SecretBox("k3y").secret))]
        } answering: { _, _ in
            .init(200)
        } _: { sink, collector in
            _ = await sink.deliver(.sample())
            let request = try #require(collector.requests.first)
            #expect(request["Authorization"] == "Bearer s3cret")
            #expect(request["X-Team"] == "secops")
            #expect(request["X-Key"] == "k3y")
        }
        try await withSink {
            $0.authentication = .basic(user: "u", password: box.secret)
        } answering: { _, _ in
            .init(200)
        } _: { sink, collector in
            _ = await sink.deliver(.sample())
            let request = try #require(collector.requests.first)
            #expect(request["Authorization"] == "Basic \(Data("u:s3cret".utf8).base64EncodedString())")
        }
    }

    @Test func `openssl finds the same signature over timestamp, full stop and body as sent`() async throws {
        try await withSink {
            $0.preset = .generic(.lines, .init(secret: SecretBox("sign me").secret, header: "X-Check"))
        } answering: { _, _ in
            .init(200)
        } _: { sink, collector in
            _ = await sink.deliver(.sample())
            let request = try #require(collector.requests.first)
            let timestamp = try #require(request["X-Twilship-Timestamp"])
            #expect(timestamp == "1790000000")
            let folder = try TemporaryFolder()
            try Data("\(timestamp).".utf8 + request.body).write(to: URL(filePath: folder.path + "/signed"))
            let said = try openssl(["dgst", "-sha256", "-hmac", "sign me", folder.path + "/signed"])
            let digest = try #require(said.split(separator: " ").last).trimmingCharacters(in: .newlines)
            #expect(digest.count == 64)
            #expect(request["X-Check"] == "sha256=\(digest)")
        }
    }

    @Test func `the check on the page about HTTP takes a signed request, and none that was changed`() async throws {
        let page = URL(filePath: #filePath).deletingLastPathComponent().appending(
            path: "../../Sources/twilship/Documentation.docc/HTTP.md")
        let text = try String(contentsOf: page, encoding: .utf8)
        let check = try #require(text.firstMatch(of: #/```python\n(?<code>[\s\S]*?)```/#)).code
        try await withSink(clock: SystemClock()) {
            $0.preset = .generic(.lines, .init(secret: SecretBox("sign me").secret))
        } answering: { _, _ in
            .init(200)
        } _: { sink, collector in
            _ = await sink.deliver(.sample())
            let request = try #require(collector.requests.first)
            let timestamp = try #require(request["X-Twilship-Timestamp"])
            let signature = try #require(request["X-Twilship-Signature"])
            let folder = try TemporaryFolder()
            try Data(request.body).write(to: URL(filePath: folder.path + "/body"))
            let program = """
                \(check)
                body = open("\(folder.path)/body", "rb").read()
                signed = {"X-Twilship-Timestamp": "\(timestamp)", "X-Twilship-Signature": "\(signature)"}
                old = {**signed, "X-Twilship-Timestamp": str(int(signed["X-Twilship-Timestamp"]) - 301)}
                print(is_genuine(b"sign me", signed, body), is_genuine(b"sign me", signed, body + b" "),
                      is_genuine(b"other", signed, body), is_genuine(b"sign me", old, body))
                """
            #expect(try output(of: "/usr/bin/python3", ["-c", program]) == "True False False False\n")
        }
    }

    @Test(arguments: [HTTPSinkOptions.Encoding.lines, .array])
    func `a batch that comes again is the same request, byte for byte`(encoding: HTTPSinkOptions.Encoding) async throws
    {
        try await withSink {
            $0.preset = .generic(encoding)
        } answering: { _, number in
            .init(number == 0 ? 503 : 200)
        } _: { sink, collector in
            let first = await sink.deliver(.sample(1...50))
            let second = await sink.deliver(.sample(1...50, attempt: 2))
            #expect(first.kind == "retry")
            #expect(second.kind == "accepted")
            let requests = collector.requests
            try #require(requests.count == 2)
            #expect(requests[0].body == requests[1].body)
            #expect(requests[0].headers.map { "\($0)" } == requests[1].headers.map { "\($0)" })
            #expect(requests[0]["Idempotency-Key"] == "batch-1")
        }
    }

    @Test func `it is accepted at least once, and a batch is cut alike after a restart`() async throws {
        try await withSink {
            $0.inFlight = 3
        } answering: { _, _ in
            .init(200)
        } _: { sink, _ in
            #expect(sink.guarantee == .atLeastOnce)
            #expect(sink.pinsBatches)
            #expect(sink.outstanding == 3)
        }
    }
}

/// What `openssl` prints.
func openssl(_ arguments: [String], in folder: String? = nil) throws -> String {
    try output(of: "/usr/bin/openssl", arguments, in: folder)
}

func output(of program: String, _ arguments: [String], in folder: String? = nil) throws -> String {
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    if let folder { process.currentDirectoryURL = URL(fileURLWithPath: folder) }
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    let said = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0, "\(program) \(arguments)")
    return String(decoding: said, as: UTF8.self)
}
