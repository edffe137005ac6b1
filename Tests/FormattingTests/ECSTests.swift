import Formatting
import Foundation
import PipelineCore
import Testing

struct ECSTests {
    @Test(.enabled(if: SharedFiles.folder != nil, SharedFiles.absence))
    func `every kind of record is a document of the schema`() throws {
        let schema = ECSSchema(yaml: try SharedFiles.text("schemas/ecs_flat-v9.4.0.yml"))
        try #require(schema.fields.count > 1000)
        try #require(schema.fields["event.category"]?.allowed["iam"]?.contains("admin") == true)
        try #require(schema.fields["event.category"]?.isArray == true)
        let records = try Variety.records()
        try #require(records.count > 700)
        for record in records {
            for format in [RecordFormat.ecs(), .ecs(raw: .none)] {
                let document = try object(format.line(record))
                #expect(schema.faults(document).isEmpty, "\(schema.faults(document)) in \(format.line(record))")
            }
            for maximum in [0, 1200] {
                let document = try object(RecordFormat.ecs().shortened(record, maximum).line)
                #expect(schema.faults(document).isEmpty, "\(schema.faults(document))")
            }
        }
    }

    @Test(.enabled(if: SharedFiles.folder != nil, SharedFiles.absence))
    func `what is not in the schema is found`() throws {
        let schema = ECSSchema(yaml: try SharedFiles.text("schemas/ecs_flat-v9.4.0.yml"))
        var document = try object(RecordFormat.ecs().line(try Records.event()))
        document["evnt"] = ["id": "1"]
        document["tags"] = "no list"
        document["source"] = ["ip": "here"]
        document["event"] = ["category": ["iam"], "type": ["start"], "kind": "evant", "severity": "5"]
        #expect(
            Set(schema.faults(document)) == [
                "evnt.id is not in the schema", "tags is a list or not", "source.ip: here is no ip",
                "iam does not expect start", "event.kind: evant is not allowed", "event.severity: 5 is no long",
            ])
    }

    @Test func `identity, time and severity survive`() throws {
        for (record, dataset) in zip(
            try Records.ofAllKinds(), ["twilio.audit", "twilio.function", "twilio.alert", "twilship"])
        {
            let envelope = try object(RecordFormat.envelope().line(record))
            let document = try object(RecordFormat.ecs().line(record))
            let event = try #require(document["event"] as? [String: Any])
            let account = (document["cloud"] as? [String: Any])?["account"] as? [String: String]
            #expect(event["id"] as? String == envelope["id"] as? String)
            #expect(event["action"] as? String == envelope["type"] as? String)
            #expect(event["dataset"] as? String == dataset)
            #expect(account == ["id": Records.accountSID, "name": "production"])
            #expect(document["@timestamp"] as? String == envelope["time"] as? String)
            #expect(event["created"] as? String == envelope["collected"] as? String)
            #expect(event["severity"] as? Int == Int(record.entry.severity.rawValue))
            #expect((document["log"] as? [String: String])?["level"] == record.entry.severity.name)
            #expect(document["message"] as? String == envelope["message"] as? String)
            #expect(
                event["original"] as? String == (record.raw.isEmpty ? nil : String(decoding: record.raw, as: UTF8.self))
            )
        }
    }

    @Test func `changes are three lists of strings`() throws {
        let record = try Records.event([
            "event_data": ["a": ["previous": nil, "updated": 1], "b": ["previous": ["x": "\""]]] as [String: Any]
        ])
        let changes = (try object(RecordFormat.ecs().line(record))["twilio"] as? [String: Any])?["changes"]
        #expect(
            changes as? [String: [String]]
                == ["field": ["a", "b"], "previous": ["", #"{"x":"\""}"#], "updated": ["1", ""]])
    }

    @Test func `a record can add no field to the index`() throws {
        var keys: Set<String> = []
        func visit(_ path: String, _ value: Any) {
            guard let object = value as? [String: Any] else {
                keys.insert(path)
                return
            }
            for (key, value) in object { visit(path + "." + key, value) }
        }
        for index in 0..<50 {
            let changes = ["name\(index)": ["previous": "a", "updated": ["b\(index)": 1]] as [String: Any]]
            visit(
                "", try object(RecordFormat.ecs().line(try Records.event(["event_data": changes, "extra\(index)": 1]))))
            visit("", try object(RecordFormat.ecs().line(Records.own(details: #""key\#(index)":{"a\#(index)":1}"#))))
        }
        #expect(!keys.contains { $0.contains("49") })
        #expect(keys.contains(".twilio.data"))
    }

    @Test func `twilship's own members are one string of JSON`() throws {
        let document = try object(RecordFormat.ecs().line(Records.own(details: #""gap":{"reason":"\"\n"},"n":1"#)))
        let data = try #require((document["twilio"] as? [String: Any])?["data"] as? String)
        let inner = try object(data)
        #expect(inner["gap"] as? [String: String] == ["reason": "\"\n"])
        #expect(inner["n"] as? Int == 1)
    }

    @Test(arguments: [
        ("198.51.100.20", true), ("2001:db8::7", true), ("::ffff:192.0.2.1", true), ("300.1.1.1", false),
        ("1.2.3", false), ("2001:db8::7%eth0", false), ("unknown", false), ("198.51.100.20 ", false),
        ("198.51.100.20\u{0}", false), (String(repeating: "1", count: 500), false),
    ])
    func `only what is an address goes where addresses belong`(address: String, isAddress: Bool) throws {
        let record = try Records.event(["source_ip_address": address])
        let document = try object(RecordFormat.ecs().line(record))
        for key in ["source", "client"] {
            let endpoint = document[key] as? [String: String]
            #expect(endpoint?["address"] == address)
            #expect(endpoint?["ip"] == (isAddress ? address : nil))
        }
        let related = document["related"] as? [String: [String]]
        #expect(related?["ip"] == (isAddress ? [address] : nil))
    }

    @Test func `an account is not a user`() throws {
        let document = try object(
            RecordFormat.ecs().line(try Records.event(["actor_sid": Records.accountSID, "actor_type": "account"])))
        #expect(document["user"] == nil)
        #expect((document["related"] as? [String: Any])?["user"] == nil)
        #expect(((document["twilio"] as? [String: Any])?["actor"] as? [String: String])?["sid"] == Records.accountSID)
    }
}
