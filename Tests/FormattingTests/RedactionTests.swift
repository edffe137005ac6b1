import Formatting
import Foundation
import Parsing
import PipelineCore
import Testing

struct RedactionTests {
    private static let everything: Redaction = [.phone, .email, .secret, .card]

    private func format(_ base: RecordFormat, _ redaction: Redaction = everything) -> RecordFormat {
        var format = base
        format.redaction = redaction
        return format
    }

    private func log(_ raw: String) throws -> SpooledRecord {
        try Records.made(
            from: #"{"sid":"NO00000000000000000000000000000001","date_created":"2026-11-21T08:00:00Z","# + raw + "}",
            as: .logs)
    }

    private func raw(_ text: String) throws -> String {
        let line = format(.raw).line(try log(text))
        let start = #"{"sid":"NO00000000000000000000000000000001","date_created":"2026-11-21T08:00:00Z","#
        #expect(line.hasPrefix(start))
        _ = try object(line)
        return String(line.dropFirst(start.count).dropLast())
    }

    @Test(arguments: [
        (#""message":"\u002b15550100451 \u00fc""#, #""message":"[redacted:phone] ü""#),
        (#""message":"a\u0040example.com\n\"""#, #""message":"[redacted:email]\n\"""#),
        (#""message":"\ud83d\ude00 +15550100451""#, #""message":"😀 [redacted:phone]""#),
        (#""message":"plain \u00fc stays""#, #""message":"plain \u00fc stays""#),
        (#""phone":15550100451,"n":15550100451"#, #""phone":"[redacted:phone]","n":15550100451"#),
        (#""card":4111111111111111,"n":-41.5e3,"b":true"#, #""card":"[redacted:card]","n":-41.5e3,"b":true"#),
        (#""password":12345,"b":null"#, #""password":"[redacted:secret]","b":null"#),
        (#""pass\u0077ord":"x","auth_token":"""#, #""pass\u0077ord":"[redacted:secret]","auth_token":"""#),
        (
            #""secret":{"a":"x","b":["y",1,null]},"c":"y""#,
            #""secret":{"a":"[redacted:secret]","b":["[redacted:secret]","[redacted:secret]",null]},"c":"y""#
        ),
        (
            #""from":{"number":"447700900123","password":"x"}"#,
            #""from":{"number":"[redacted:phone]","password":"[redacted:secret]"}"#
        ),
        (
            #""l":[{"password":"x"},"y"],"to" : "447700900123""#,
            #""l":[{"password":"[redacted:secret]"},"y"],"to" : "[redacted:phone]""#
        ),
        (
            #""a@example.com":"key stays","api_key":"SK0123456789abcdef0123456789abcdef""#,
            #""a@example.com":"key stays","api_key":"SK0123456789abcdef0123456789abcdef""#
        ),
    ])
    func `raw stays valid JSON, keys and what is not meant stay as they are`(text: String, expected: String) throws {
        #expect(try raw(text) == expected)
    }

    @Test func `message, changes and raw are redacted and counted`() throws {
        let record = try Records.event([
            "event_type": "user.updated", "description": "by old@example.com",
            "event_data": [
                "resource_properties": [
                    "email_address": ["previous": "old@example.com", "updated": "new@example.com"],
                    "auth_token": ["updated": "0123456789abcdef0123456789abcdef"],
                ]
            ],
        ])
        let line = format(.envelope()).line(record)
        let object = try object(line)
        #expect(!line.contains("example.com") && !line.contains("0123456789abcdef"))
        #expect((object["message"] as? String)?.hasSuffix(": by [redacted:email]") == true)
        let changes = try #require(object["changes"] as? [[String: String]])
        #expect(Set(changes.compactMap { $0["field"] }) == ["email_address", "auth_token"])
        #expect(changes.contains { $0["updated"] == "[redacted:secret]" })
        // The description in message and raw, and both values in changes and raw.
        #expect(object["redacted"] as? [String: Int] == ["email": 6, "secret": 2])
        #expect(line.contains(#"","redacted":{"email":6,"secret":2},"collector":"#))
    }

    @Test func `an alert's address is redacted`() throws {
        let record = try Records.alert(["request_url": "https://bob:hunter2@demo.example.com/?to=%2B15550100451"])
        for base in [RecordFormat.envelope(), .ecs(), .ocsf(), .cef] {
            let line = format(base).line(record)
            #expect(!line.contains("hunter2") && !line.contains("15550100451"))
        }
    }

    @Test(arguments: [
        RecordFormat.envelope(), .envelope(raw: .string), .envelope(raw: .none), .raw, .ecs(), .ocsf(), .cef,
    ])
    func `what holds nothing is not touched`(base: RecordFormat) throws {
        for record in try Records.ofAllKinds() + Records.ofAllKinds(isReplay: true) {
            #expect(format(base).line(record) == base.line(record))
        }
    }

    @Test func `every format carries what was redacted`() throws {
        let record = try Records.log(["message": "call +15550100451"], lane: .late, isReplay: true)
        for base in [RecordFormat.ecs(), .ocsf(), .cef, .envelope(raw: .string)] {
            let line = format(base).line(record)
            #expect(!line.contains("15550100451") && line.contains("redacted:phone"))
        }
        let ecs = try object(format(.ecs()).line(record))["twilio"] as? [String: Any]
        #expect(ecs?["redacted"] as? [String: Int] == ["phone": 2])
        let ocsf = try object(format(.ocsf()).line(record))["unmapped"] as? [String: Any]
        #expect(ocsf?["redacted"] as? [String: Int] == ["phone": 2])
        #expect(try CEFLine(format(.cef).line(record)).fields["flexString2"] == #"{"phone":2}"#)
    }

    @Test func `who, what and when are never redacted`() throws {
        let record = try Records.event([
            "sid": "+15550100451", "event_type": "a@example.com", "event_date": "4111111111111111",
        ])
        let plain = try object(RecordFormat.envelope().line(record))
        let object = try object(format(.envelope()).line(record))
        for key in ["id", "type", "action", "account", "account_sid", "time", "dataset"] {
            #expect(object[key] as? String == plain[key] as? String, "\(key)")
        }
        #expect(object["time_error"] as? String == "[redacted:card]")
        let raw = try #require(object["raw"] as? [String: Any])
        #expect(raw["sid"] as? String == "+15550100451" && raw["event_type"] as? String == "a@example.com")
    }

    @Test func `a record that is redacted and then too long is both`() throws {
        let record = try Records.log(["message": String(repeating: "+15550100451 ", count: 500)])
        let full = format(.envelope()).line(record).utf8.count
        let (line, isShortened) = format(.envelope()).shortened(record, 2048)
        let object = try object(line)
        #expect(isShortened && line.utf8.count <= 2048)
        #expect(object["truncated"] as? [String: Int] == ["bytes": full])
        #expect(object["redacted"] as? [String: Int] == ["phone": 1000])
        #expect(line.contains(#","truncated":{"bytes":\#(full)},"redacted":{"phone":1000},"collector":"#))
    }

    @Test func `a record that is not JSON is redacted as the text that it is`() throws {
        let record = try Records.made(from: #"{"sid":"NO1","message":"+15550100451",}"#, as: .logs)
        let line = format(.envelope()).line(record)
        #expect(!line.contains("15550100451"))
        _ = try object(line)
    }

    @Test(.enabled(if: SharedFiles.folder != nil, SharedFiles.absence))
    func `every kind of record stays valid`() throws {
        for record in try Variety.records() {
            for base in [RecordFormat.envelope(), .raw, .ecs(), .ocsf()] {
                let line = format(base).line(record)
                // The raw record may be no object.
                let value = try? JSONSerialization.jsonObject(with: Data(line.utf8), options: .fragmentsAllowed)
                #expect(value != nil, "\(line)")
            }
        }
    }
}
