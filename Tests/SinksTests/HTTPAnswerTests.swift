import Foundation
import PipelineCore
import Synchronization
import Testing
import Transport

@testable import Sinks

/// What each answer means for a batch.
@Suite(.timeLimit(.minutes(2))) struct HTTPAnswerTests {
    @Test(arguments: [
        (200, "accepted"), (201, "accepted"), (202, "accepted"), (204, "accepted"), (299, "accepted"),
        (300, "hold"), (301, "hold"), (302, "hold"), (304, "hold"), (307, "hold"), (308, "hold"),
        (400, "split"), (413, "split"), (418, "split"), (422, "split"), (424, "split"), (499, "split"),
        (401, "hold"), (402, "hold"), (403, "hold"), (404, "hold"), (405, "hold"), (406, "hold"), (407, "hold"),
        (410, "hold"), (411, "hold"), (415, "hold"), (417, "hold"), (421, "hold"), (426, "hold"), (428, "hold"),
        (431, "hold"), (451, "hold"),
        (408, "retry"), (409, "retry"), (425, "retry"), (429, "retry"), (503, "retry"), (999, "retry"),
        (500, "fault"), (501, "fault"), (502, "fault"), (504, "fault"), (599, "fault"),
    ])
    func `a status decides`(status: Int, kind: String) async throws {
        try await withSink(path: "/in") { _ in
        } answering: { _, _ in
            .init(status, status == 204 || status == 304 ? "" : "because")
        } _: { sink, collector in
            let delivery = await sink.deliver(.sample())
            #expect(delivery.kind == kind)
            #expect(collector.requests.count == 1)
            guard kind != "accepted" else { return }
            #expect(delivery.words.contains("http://127.0.0.1:\(collector.port)/in answered \(status)"))
            if status != 304 { #expect(delivery.words.contains(#": "because""#)) }
            // Who holds a sink is told what to do.
            if kind == "hold" { #expect(delivery.words.contains(/[Cc]heck|put the address/)) }
        }
    }

    @Test func `a redirect is not followed, and the answer says where it points`() async throws {
        let elsewhere = try Collector { _, _ in .init(200) }
        defer { elsewhere.stop() }
        let port = elsewhere.port
        try await withSink { _ in
        } answering: { _, _ in
            .init(308, headers: [("Location", "http://127.0.0.1:\(port)/new\u{1B}[31m")])
        } _: { sink, _ in
            let delivery = await sink.deliver(.sample())
            #expect(delivery.kind == "hold")
            #expect(delivery.words.contains("redirects to http://127.0.0.1:\(port)/new?[31m"))
            #expect(elsewhere.requests.isEmpty)
        }
    }

    @Test(arguments: [
        ([("Retry-After", "7")], Duration.seconds(7)),
        ([("Retry-After", "0")], .zero),
        ([("Retry-After", "86400")], .seconds(86_400)),
        ([("Retry-After", "86401")], nil),
        ([("Retry-After", "-1")], nil),
        ([("Retry-After", "soon")], nil),
        ([], nil),
        // Against the answer's own clock.
        (
            [("Retry-After", "Fri, 03 Oct 2014 16:49:25 GMT"), ("Date", "Fri, 03 Oct 2014 16:48:25 GMT")],
            .seconds(60)
        ),
        ([("Retry-After", "Fri, 03 Oct 2014 16:48:25 GMT"), ("Date", "Fri, 03 Oct 2014 16:49:25 GMT")], .zero),
        // Against this host's, which stands at 2026-09-21T14:13:20Z.
        ([("Retry-After", "Mon, 21 Sep 2026 14:13:50 GMT")], .seconds(30)),
    ])
    func `Retry-After is seconds or a date`(headers: [(String, String)], pause: Duration?) async throws {
        for status in [429, 503] {
            try await withSink { _ in
            } answering: { _, _ in
                .init(status, headers: headers)
            } _: { sink, _ in
                let delivery = await sink.deliver(.sample())
                #expect(delivery.kind == "retry")
                #expect(delivery.pause == pause)
            }
        }
    }

    @Test(arguments: [401, 403])
    func `a refused secret is read again, and used if it is another one`(status: Int) async throws {
        let box = SecretBox("old")
        try await withSink {
            $0.authentication = .token(box.secret)
        } answering: { request, _ in
            .init(request["Authorization"] == "Bearer new" ? 200 : status)
        } _: { sink, collector in
            let refused = await sink.deliver(.sample())
            #expect(refused.kind == "hold")
            #expect(refused.words.contains("credential:test"))
            box.change(to: "new")
            let noticed = await sink.deliver(.sample())
            #expect(noticed.kind == "retry")
            #expect(noticed.pause == .zero)
            let taken = await sink.deliver(.sample())
            #expect(taken.kind == "accepted")
            #expect(box.readings == 2)
        }
    }

    @Test func `what the server says is shown without secrets, control characters and length`() async throws {
        let body = "bad\u{1B}[2J\r\n\t token s3cret-token \u{202E}gnp " + String(repeating: "x", count: 5_000)
        try await withSink {
            $0.authentication = .token(SecretBox("s3cret-token").secret)
        } answering: { _, _ in
            .init(400, body)
        } _: { sink, _ in
            let words = await sink.deliver(.sample()).words
            #expect(words.contains(#""bad?[2J token [redacted] ?gnp xxx"#))
            #expect(!words.contains("s3cret"))
            #expect(words.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x202E })
            #expect(words.count < 400)
            #expect(words.contains("…"))
        }
    }

    @Test func `a description of the options shows no secret`() async throws {
        var options = HTTPSinkOptions(url: try HTTPURL("https://siem.example.com/in"))
        let secret = SecretBox("s3cret").secret
        options.authentication = .basic(user: "u", password: secret)
        options.headers = [.init("X-Key", .secret(secret))]
        options.preset = .generic(.lines, .init(secret: secret))
        var dumped = ""
        dump(options, to: &dumped)
        #expect(dumped.contains("credential:test"))
        #expect(!dumped.contains("s3cret"))
        #expect(!"\(options)".contains("s3cret"))
    }
}
