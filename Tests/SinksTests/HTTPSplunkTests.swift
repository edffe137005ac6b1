import Foundation
import PipelineCore
import PipelineTestKit
import Synchronization
import Testing
import Transport

@testable import Sinks

/// What Splunk's event collector is sent, and what its answers mean.
@Suite(.timeLimit(.minutes(2))) struct HTTPSplunkTests {
    @Test func `each record is an event with its time, origin and id`() async throws {
        try await withSplunk {
            $0.index = "twilio"
            $0.acknowledgement = false
        } answering: { _, _ in
            .init(200, #"{"text":"Success","code":0}"#)
        } _: { sink, collector in
            let batch = Batch(records: [.sample(1), .sample(2, account: #"a "quoted" one"#, dataset: .monitorEvents)])
            let delivery = await sink.deliver(batch)
            #expect(delivery.kind == "accepted")
            let request = try #require(collector.requests.first)
            #expect(request.target == "/services/collector/event")
            #expect(request["Authorization"] == "Splunk t0ken")
            #expect(request["X-Splunk-Request-Channel"] == nil)
            let lines = request.text.split(separator: "\n")
            try #require(lines.count == 2)
            #expect(
                lines[0] == #"{"time":1412354905.000,"host":"collector1","source":"serverless.logs","#
                    + #""sourcetype":"twilship:envelope","index":"twilio","fields":{"twilship_account":"production","#
                    + #""twilship_dataset":"serverless.logs","twilship_id":"N"},"#
                    + #""event":{"id":"NO1","message":"","raw":{"sid":"NO1"}}}"#)
            let second = try #require(
                JSONSerialization.jsonObject(with: Data(lines[1].utf8)) as? [String: Any])
            let fields = try #require(second["fields"] as? [String: String])
            #expect(fields["twilship_account"] == #"a "quoted" one"#)
            #expect(second["source"] as? String == "monitor.events")
        }
    }

    @Test func `times keep their milliseconds, and none is before 1970`() async throws {
        try await withSplunk {
            $0.acknowledgement = false
        } answering: { _, _ in
            .init(200, #"{"text":"Success","code":0}"#)
        } _: { sink, collector in
            let times: [Int64] = [7, 999, 1_412_354_905_042, -5]
            _ = await sink.deliver(
                Batch(records: times.map { .sample(1, time: Timestamp(milliseconds: $0)) }))
            let lines = try #require(collector.requests.first).text.split(separator: "\n")
            #expect(
                lines.map { $0.prefix { $0 != "," } }
                    == [#"{"time":0.007"#, #"{"time":0.999"#, #"{"time":1412354905.042"#, #"{"time":0.000"#])
            #expect(!lines[0].contains(#""index""#))
        }
    }

    @Test(arguments: [
        ("", "/services/collector/event"), ("/splunk", "/splunk/services/collector/event"),
        ("/services/collector", "/services/collector/event"),
        ("/services/collector/event", "/services/collector/event"),
        ("/p/services/collector/event/1.0", "/p/services/collector/event/1.0"),
    ])
    func `a path in the url is respected`(path: String, target: String) async throws {
        let splunk = FakeSplunk()
        try await withSplunk(path: path) { _ in
        } answering: { request, _ in
            splunk.answer(request)
        } _: { sink, collector in
            let delivery = await sink.deliver(.sample())
            #expect(delivery.kind == "accepted")
            let targets = collector.requests.map { $0.target.prefix { $0 != "?" } }
            let prefix = target.prefix(upTo: target.firstRange(of: "/services")?.lowerBound ?? target.startIndex)
            #expect(Set(targets) == [Substring(target), "\(prefix)/services/collector/ack"])
        }
    }

    // MARK: - Codes

    @Test(arguments: [
        (200, 0, "accepted"), (200, 24, "accepted"), (200, 25, "accepted"), (200, 17, "retry"),
        (403, 1, "hold"), (401, 2, "hold"), (401, 3, "hold"), (403, 4, "hold"), (400, 16, "hold"), (400, 21, "hold"),
        (400, 22, "hold"), (400, 5, "hold"), (400, 7, "hold"), (400, 10, "hold"), (400, 11, "hold"),
        (400, 14, "hold"), (400, 6, "split"), (400, 12, "split"), (400, 13, "split"), (400, 15, "split"),
        (500, 8, "fault"), (503, 9, "retry"), (503, 18, "retry"), (503, 19, "retry"), (503, 20, "retry"),
        (503, 23, "retry"), (429, 26, "retry"), (429, 27, "retry"), (413, 27, "split"), (400, 99, "split"),
        (503, 99, "retry"), (404, 404, "hold"),
    ])
    func `a code decides`(status: Int, code: Int, kind: String) async throws {
        try await withSplunk {
            $0.acknowledgement = false
        } answering: { _, _ in
            .init(status, #"{"text":"Words","code":\#(code)}"#, headers: [("Retry-After", "9")])
        } _: { sink, _ in
            let delivery = await sink.deliver(.sample())
            #expect(delivery.kind == kind)
            if kind != "accepted" { #expect(delivery.words.contains("Words")) }
            if [9, 26].contains(code) { #expect(delivery.pause == .seconds(9)) }
        }
    }

    @Test(arguments: [6, 12, 13, 15])
    func `the record that cannot be read is rejected, and the others are sent again`(code: Int) async throws {
        try await withSplunk { _ in
        } answering: { request, _ in
            request.target.contains("/ack")
                ? .init(200, #"{"acks":{}}"#)
                : .init(400, #"{"text":"Invalid data format","code":\#(code),"invalid-event-number":1}"#)
        } _: { sink, _ in
            let verdicts = await sink.deliver(.sample(1...4)).verdicts
            try #require(verdicts.count == 4)
            for (index, verdict) in verdicts.enumerated() {
                switch verdict {
                case .rejected(let reason):
                    #expect(index == 1)
                    #expect(reason.contains("Invalid data format"))
                case .retry: #expect(index != 1)
                case .accepted: Issue.record("nothing says that record \(index) was indexed")
                }
            }
        }
    }

    @Test(arguments: [3, -1, 99])
    func `a number of no record splits the batch`(number: Int) async throws {
        try await withSplunk {
            $0.acknowledgement = false
        } answering: { _, _ in
            .init(400, #"{"text":"Invalid data format","code":6,"invalid-event-number":\#(number)}"#)
        } _: { sink, _ in
            let delivery = await sink.deliver(.sample(1...3))
            #expect(delivery.kind == "split")
        }
    }

    @Test(arguments: ["", "OK", "<html>Welcome</html>", "{}", "[]", #"{"code":"0"}"#, "\u{0}"])
    func `a 200 that is no collector's is not believed`(body: String) async throws {
        try await withSplunk {
            $0.acknowledgement = false
        } answering: { _, _ in
            .init(200, body)
        } _: { sink, _ in
            let delivery = await sink.deliver(.sample())
            #expect(delivery.kind == "retry")
            #expect(delivery.words.contains("check `url`"))
        }
    }

    @Test func `a refused token is read again`() async throws {
        let box = SecretBox("old")
        try await withSink {
            $0.preset = .splunk(SplunkOptions(host: "collector1", acknowledgement: false))
            $0.authentication = .token(box.secret)
        } answering: { request, _ in
            request["Authorization"] == "Splunk new"
                ? .init(200, #"{"text":"Success","code":0}"#) : .init(403, #"{"text":"Invalid token","code":4}"#)
        } _: { sink, _ in
            let refused = await sink.deliver(.sample())
            #expect(refused.kind == "hold")
            box.change(to: "new")
            let noticed = await sink.deliver(.sample())
            #expect(noticed.kind == "retry")
            let taken = await sink.deliver(.sample())
            #expect(taken.kind == "accepted")
        }
    }

    @Test func `what is promised depends on acknowledgement`() async throws {
        for isOn in [true, false] {
            try await withSplunk {
                $0.acknowledgement = isOn
            } answering: { _, _ in
                .init(200)
            } _: { sink, _ in
                #expect(sink.guarantee == (isOn ? .atLeastOnce : .bestEffort))
                #expect(sink.outstanding == (isOn ? 16 : 1))
                #expect(!sink.pinsBatches)
            }
        }
    }
}

func withSplunk<Result>(
    path: String = "", _ change: (inout SplunkOptions) -> Void = { _ in },
    answering answer: @escaping @Sendable (Collector.Request, Int) -> Collector.Answer,
    _ body: (HTTPSink, Collector) async throws -> Result
) async throws -> Result {
    var splunk = SplunkOptions(host: "collector1")
    change(&splunk)
    return try await withSink(path: path) {
        $0.preset = .splunk(splunk)
        $0.authentication = .token(SecretBox("t0ken").secret)
    } answering: {
        answer($0, $1)
    } _: {
        try await body($0, $1)
    }
}
