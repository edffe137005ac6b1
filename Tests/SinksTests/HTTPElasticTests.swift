import Formatting
import Foundation
import PipelineCore
import PipelineTestKit
import Testing
import Transport

@testable import Sinks

/// What Elasticsearch is sent, and what its answers mean.
@Suite(.timeLimit(.minutes(2))) struct HTTPElasticTests {
    @Test func `each record is created under its own id in the data stream of its dataset`() async throws {
        try await withElastic { _, _ in
            .init(200, #"{"errors":false,"items":[]}"#)
        } _: { sink, collector in
            let records = [
                SpooledRecord.sample(1), .sample(2, dataset: .monitorEvents), .sample(3, dataset: .monitorAlerts),
                .sample(4, dataset: .twilship),
            ]
            let delivery = await sink.deliver(Batch(records: records))
            #expect(delivery.kind == "accepted")
            let request = try #require(collector.requests.first)
            #expect(
                request.target
                    == "/_bulk?filter_path=errors%2Citems.%2A.status%2Citems.%2A.error.type%2Citems.%2A.error.reason"
                    + "%2Citems.%2A.error.caused_by.reason")
            #expect(request["Content-Type"] == "application/x-ndjson")
            #expect(request["Content-Encoding"] == "gzip")
            let streams = [
                "logs-twilio.function-default", "logs-twilio.audit-default", "logs-twilio.alert-default",
                "logs-twilship-default",
            ]
            let expected = zip(records, streams).map { record, stream in
                #"{"create":{"_index":"\#(stream)","_id":"AC0123:\#(record.origin.dataset.rawValue):N"}}"# + "\n"
                    + record.text
            }
            #expect(request.text == expected.joined())
        }
    }

    @Test func `the index template is for the data streams that are written to`() throws {
        let template = try Self.template()
        let patterns = try #require(template["index_patterns"] as? [String])
        for dataset in Dataset.allCases {
            let stream = ElasticBody.dataStream(dataset)
            #expect(patterns.contains { stream.hasPrefix($0.prefix { $0 != "*" }) }, "\(stream)")
        }
        #expect(template["data_stream"] != nil)
        let mappings = try #require((template["template"] as? [String: Any])?["mappings"] as? [String: Any])
        let fields = try #require(mappings["properties"] as? [String: [String: Any]])
        #expect(fields["@timestamp"]?["type"] as? String == "date")
        // ES|QL and EQL cannot address what is in a field of the type `flattened`.
        #expect(fields["twilio"]?["properties"] != nil)
    }

    @Test func `the index template knows every field of the format ecs`() throws {
        let template = try Self.template()
        let mappings = try #require((template["template"] as? [String: Any])?["mappings"] as? [String: Any])
        for line in Self.envelopes {
            var document: [UInt8] = []
            RecordFormat.ecs(raw: .string).append(try Self.record(line), to: &document)
            let fields = try #require(JSONSerialization.jsonObject(with: Data(document)) as? [String: Any])
            #expect(fields.count > 5)
            #expect(Self.unknown(fields, in: mappings).isEmpty)
        }
    }

    private static func template() throws -> [String: Any] {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(
            path: "../../config/elastic-index-template.json")
        return try #require(JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any])
    }

    /// The paths of fields that have no mapping.
    private static func unknown(_ fields: [String: Any], in mapping: [String: Any], below path: String = "") -> [String]
    {
        let known = mapping["properties"] as? [String: [String: Any]] ?? [:]
        return fields.flatMap { name, value -> [String] in
            guard let field = known[name] else { return [path + name] }
            guard let object = value as? [String: Any], field["type"] == nil else { return [] }
            return unknown(object, in: field, below: path + name + ".")
        }
    }

    private static func record(_ line: String) throws -> SpooledRecord {
        func range(_ start: Range<String.Index>?, upTo end: String) throws -> Range<Int> {
            let start = try #require(start).upperBound
            let end = try #require(line[start...].firstRange(of: end)).lowerBound
            return line.utf8.distance(
                from: line.startIndex, to: start)..<line.utf8.distance(from: line.startIndex, to: end)
        }
        return SpooledRecord(
            sequence: 1,
            origin: .init(account: "production", accountSID: "AC0123", dataset: .monitorEvents, lane: .live),
            bytes: Array(line.utf8),
            entry: .init(
                line: 0..<line.utf8.count, raw: try range(line.firstRange(of: #""raw":"#), upTo: "}}").extended,
                id: try range(line.firstRange(of: #""id":""#), upTo: #"""#),
                type: try range(line.firstRange(of: #""type":""#), upTo: #"""#),
                time: Timestamp(milliseconds: 1_412_354_905_000), severity: .info,
                identity: RecordIdentity(high: 0, low: 1)))
    }

    /// Broken into lines here only.
    private static let envelopes = [
        #"""
        {"schema":"twilship.envelope.v1","id":"AE0123","dataset":"monitor.events","account":"production",
        "account_sid":"AC0123","time":"2014-10-03T16:48:25.000Z","collected":"2026-11-21T08:00:00.123Z",
        "type":"account-api-keys.created","action":"created","severity":"warning","tags":["late"],"actor":{"type":"user",
        "sid":"US0123","ip":"10.86.6.250","via":"api"},"resource":{"type":"user","sid":"US0456"},
        "changes":[{"field":"name","previous":"a","updated":"b"}],"message":"account-api-keys.created on US0456",
        "collector":{"host":"collector1","version":"1.0.0"},"raw":{"sid":"AE0123"}}
        """#,
        #"""
        {"schema":"twilship.envelope.v1","id":"NO0123","dataset":"serverless.logs","account":"production",
        "account_sid":"AC0123","time":"2014-10-03T16:48:25.000Z","collected":"2026-11-21T08:00:00.123Z",
        "type":"function.log","action":"log","severity":"warning","function":{"service_sid":"ZS0123",
        "environment_sid":"ZE0123","build_sid":"ZB0123","deployment_sid":"ZD0123","function_sid":"ZH0123",
        "request_sid":"RQ0123"},"message":"This is a warning","collector":{"host":"collector1",
        "version":"1.0.0"},"raw":{"sid":"NO0123"}}
        """#,
        #"""
        {"schema":"twilship.envelope.v1","id":"NO0123","dataset":"monitor.alerts","account":"production",
        "account_sid":"AC0123","time":"2014-10-03T16:48:25.000Z","collected":"2026-11-21T08:00:00.123Z",
        "type":"alert.error","action":"error","severity":"error","alert":{"error_code":"11200",
        "more_info":"https://www.twilio.com/docs/errors/11200","request_method":"POST",
        "request_url":"https://example.com/voice","service_sid":"PN0123"},"resource":{"type":"call",
        "sid":"CA0123"},"message":"11200","collector":{"host":"collector1","version":"1.0.0"},
        "raw":{"sid":"NO0123"}}
        """#,
    ].map { $0.replacing("\n", with: "") }

    @Test func `an index is named in the path, and in no line`() async throws {
        try await withElastic(path: "/es", index: "twilio-1") { _, _ in
            .init(200, #"{"errors":false}"#)
        } _: { sink, collector in
            _ = await sink.deliver(.sample(1...2))
            let request = try #require(collector.requests.first)
            #expect(request.target.hasPrefix("/es/twilio-1/_bulk?"))
            #expect(request.text.hasPrefix(#"{"create":{"_id":"AC0123:serverless.logs:N"}}"# + "\n{"))
        }
    }

    @Test func `an id that is too long becomes a digest, the same each time`() async throws {
        let long = String(repeating: "x", count: 600)
        let line = #"{"id":"\#(long)"}"#
        let entry = EnvelopeBlock.Entry(
            line: 0..<line.utf8.count, raw: 0..<0, id: 7..<607, type: 0..<0, time: Timestamp(milliseconds: 0),
            severity: .info, identity: RecordIdentity(high: 0, low: 1))
        let record = SpooledRecord(
            sequence: 1,
            origin: .init(account: "a", accountSID: "AC0123", dataset: .monitorEvents, lane: .live),
            bytes: Array(line.utf8), entry: entry)
        let folder = try TemporaryFolder()
        try Data("AC0123:monitor.events:\(long)".utf8).write(to: URL(filePath: folder.path + "/id"))
        let digest = try #require(
            openssl(["dgst", "-sha256", folder.path + "/id"]).split(separator: " ").last
        ).trimmingCharacters(in: .newlines)
        try await withElastic { _, _ in
            .init(200, #"{"errors":false}"#)
        } _: { sink, collector in
            _ = await sink.deliver(Batch(records: [record, record]))
            let request = try #require(collector.requests.first)
            let actions = request.text.split(separator: "\n").filter { $0.hasPrefix(#"{"create""#) }
            try #require(actions.count == 2)
            #expect(actions[0].hasSuffix(#""_id":"sha256:\#(digest)"}}"#))
            #expect(actions[0] == actions[1])
        }
    }

    @Test(arguments: [("abc==", "abc=="), ("id:secret", "aWQ6c2VjcmV0")])
    func `an API key goes as it is encoded`(key: String, sent: String) async throws {
        try await withSink {
            $0.preset = .elastic()
            $0.authentication = .token(SecretBox(key).secret)
        } answering: { request, _ in
            .init(401, "you sent \(request["Authorization"] ?? "")")
        } _: { sink, collector in
            let delivery = await sink.deliver(.sample())
            #expect(collector.requests.first?["Authorization"] == "ApiKey \(sent)")
            #expect(delivery.words.contains("you sent ApiKey [redacted]"))
        }
    }

    // MARK: - Answers

    @Test func `each record has its own outcome`() async throws {
        let statuses = [201, 200, 409, 429, 503, 400, 404, 413]
        try await withElastic { _, _ in
            answer(statuses)
        } _: { sink, _ in
            let verdicts = await sink.deliver(.sample(1...8)).verdicts
            try #require(verdicts.count == 8)
            for (status, verdict) in zip(statuses, verdicts) {
                switch verdict {
                case .accepted: #expect([200, 201, 409].contains(status))
                case .retry(_, let reason):
                    #expect([429, 503, 404].contains(status))
                    #expect(reason.hasPrefix("\(status) "))
                case .rejected(let reason):
                    #expect([400, 413].contains(status))
                    #expect(reason == "\(status) some_exception: failed to parse: For input string: ?")
                }
            }
        }
    }

    @Test func `records that are there already are delivered`() async throws {
        try await withElastic { _, _ in
            answer([409, 201, 409])
        } _: { sink, _ in
            let delivery = await sink.deliver(.sample(1...3))
            #expect(delivery.kind == "accepted")
        }
    }

    @Test(arguments: [401, 403, 404])
    func `if no record can be created for want of an index or a right, the sink is held`(status: Int) async throws {
        try await withElastic { _, _ in
            answer([status, status, 400])
        } _: { sink, _ in
            let delivery = await sink.deliver(.sample(1...3))
            #expect(delivery.kind == "hold")
            #expect(delivery.words.contains("\(status) some_exception"))
        }
    }

    @Test(arguments: [
        (413, "split"), (429, "retry"), (503, "retry"), (500, "fault"), (401, "hold"), (403, "hold"), (404, "hold"),
    ])
    func `a request that is refused as a whole follows its status`(status: Int, kind: String) async throws {
        try await withElastic { _, _ in
            .init(status, #"{"error":{"reason":"no"}}"#)
        } _: { sink, _ in
            let delivery = await sink.deliver(.sample())
            #expect(delivery.kind == kind)
        }
    }

    @Test(arguments: [
        "", "OK", "{}", "[]", #"{"items":[]}"#, #"{"errors":true}"#, #"{"errors":true,"items":[]}"#,
        #"{"errors":true,"items":[{"create":{"status":201}},{"create":{"status":400}}]}"#,
        #"{"errors":true,"items":[{},{},{}]}"#, #"{"errors":true,"items":[{"create":{}},{},{}]}"#,
        #"{"errors":false,"#,
    ])
    func `an answer that does not tell of each record is not believed`(body: String) async throws {
        try await withElastic { _, _ in
            .init(200, body)
        } _: { sink, _ in
            let delivery = await sink.deliver(.sample(1...3))
            #expect(delivery.kind == "retry")
        }
    }

    @Test func `an answer beyond all measure makes batches smaller`() async throws {
        let body = #"{"errors":true,"items":[""# + String(repeating: "x", count: 100_000)
        try await withElastic { _, _ in
            .init(200, body)
        } _: { sink, _ in
            let delivery = await sink.deliver(.sample(1...3))
            #expect(delivery.kind == "split")
            let single = await sink.deliver(.sample(1...1))
            #expect(single.kind == "retry")
        }
    }

    @Test func `a batch that comes again is the same body`() async throws {
        try await withElastic { _, number in
            number == 0 ? .init(503) : .init(200, #"{"errors":false}"#)
        } _: { sink, collector in
            _ = await sink.deliver(.sample(1...50))
            _ = await sink.deliver(.sample(1...50, attempt: 2))
            try #require(collector.requests.count == 2)
            #expect(collector.requests[0].body == collector.requests[1].body)
            #expect(sink.guarantee == .atLeastOnce)
            #expect(!sink.pinsBatches)
        }
    }
}

private func answer(_ statuses: [Int]) -> Collector.Answer {
    let items = statuses.map { status in
        let error =
            #","error":{"type":"some_exception","reason":"failed to parse","#
            + #""caused_by":{"reason":"For input string: \u001b"}}"#
        return #"{"create":{"status":\#(status)\#(status < 300 ? "" : error)}}"#
    }
    return .init(200, #"{"errors":true,"items":[\#(items.joined(separator: ","))]}"#)
}

private func withElastic(
    path: String = "", index: String? = nil,
    answering answer: @escaping @Sendable (Collector.Request, Int) -> Collector.Answer,
    _ body: (HTTPSink, Collector) async throws -> Void
) async throws {
    try await withSink(path: path) {
        $0.preset = .elastic(index: index)
    } answering: {
        answer($0, $1)
    } _: {
        try await body($0, $1)
    }
}

extension Range<Int> {
    /// With the bracket that ends the value.
    fileprivate var extended: Range<Int> { lowerBound..<upperBound + 1 }
}
