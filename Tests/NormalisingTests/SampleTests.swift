import Foundation
import Normalising
import Parsing
import PipelineCore
import Testing

@Suite(.enabled(if: !Samples.all.isEmpty, Samples.absence))
struct `Twilio's payloads` {
    private static let order = [
        "schema", "id", "dataset", "account", "account_sid", "time", "collected", "type", "action", "severity", "actor",
        "resource", "function", "alert", "changes", "message", "tags", "time_error", "raw_error", "shortened",
        "collector",
        "raw",
    ]

    @Test(arguments: Samples.all.filter { $0.isRecord || $0.isPage })
    func `become envelopes that carry them byte for byte`(sample: Sample) throws {
        let page = try PageParser().parse(Array(sample.page.utf8), as: sample.shape)
        let body = try JSONSerialization.jsonObject(with: Data(sample.page.utf8)) as? [String: Any]
        let records = try #require(body?[sample.shape.listKey] as? [NSDictionary])
        let written = try normalise(page, as: sample.shape)
        #expect(written.count == records.count)
        #expect(page.records.allSatisfy { $0.flaws == [] })
        for (index, record) in records.enumerated() {
            let envelope = try written[index].object
            #expect(envelope["raw"] as? NSDictionary == record)
            #expect(written[index].raw == String(decoding: page[index].raw, as: UTF8.self))
            if sample.isRecord { #expect(written[index].raw == sample.body) }
            #expect(envelope["id"] as? String == record["sid"] as? String)
            #expect(written[index].id == record["sid"] as? String)
            #expect(written[index].entry.identity == RecordIdentity(sid: Array(written[index].id.utf8)))
            let keys = Self.order.filter { envelope[$0] != nil }
            #expect(keys.count == envelope.count)
            #expect(keys == topLevelKeys(of: written[index].line))
        }
    }

    @Test(arguments: [
        (
            "event-phone-number-updated-by-user", Severity.critical,
            "phone-number.updated on PN00000000000000000000000000000001 by user US0000000000000000000000000000000a via web from 198.51.100.20"
        ),
        (
            "event-phone-number-deleted-null-data", .warning,
            "phone-number.deleted on PN00000000000000000000000000000001 by account AC00000000000000000000000000000001 via api from 203.0.113.7"
        ),
        (
            "event-geo-permissions-by-twilio", .critical,
            "sms-geographic-permissions.updated on AC00000000000000000000000000000001 via twilio"
        ),
        (
            "event-user-updated-pii", .critical,
            "user.updated on US0000000000000000000000000000000a by user US0000000000000000000000000000000a via web from 192.0.2.96"
        ),
        (
            "event-user-session-created", .info,
            "user-session.created on US0000000000000000000000000000000a by user US0000000000000000000000000000000a via web from 192.0.2.96"
        ),
        (
            "event-api-key-created", .warning,
            "account-api-keys.created on SK00000000000000000000000000000002 by account AC00000000000000000000000000000001 via api from 203.0.113.42"
        ),
        ("event-cli-camelcase", .notice, "unknown via api"), ("log-warn", .warning, "This is a warning"),
        ("log-INFO", .info, "Test Log"), ("log-warning", .warning, "This is a warning"),
        (
            "alert-form-encoded-text", .error,
            "alert.11205 on CA00000000000000000000000000000001: HTTP Connection Failure - Read timed out (http://www.twilio.com/docs/errors/11205)"
        ),
        (
            "alert-null-fields", .error,
            "alert.80408 on KS00000000000000000000000000000001 (https://www.twilio.com/docs/errors/80408)"
        ),
        (
            "alert-geo-permission", .warning,
            "alert.21215 on SM00000000000000000000000000000001: Geo Permission configuration is not permitting SMS to +880xxxxxxxxxxx. (https://www.twilio.com/docs/errors/21215)"
        ),
    ])
    func `have the severity and message a reader expects`(name: String, severity: Severity, message: String) throws {
        let sample = try Samples.named(name)
        let written = try normalise(record: sample.body, as: sample.shape)
        #expect(written.entry.severity == severity)
        #expect(try written.string("message") == message)
    }

    @Test(arguments: [
        (
            "event-phone-number-updated-by-user",
            [
                ["field": "voice_fallback_url", "updated": ""],
                [
                    "field": "voice_url", "previous": "http://www.example.com",
                    "updated": "http://www.example.com/hello-joey",
                ],
            ]
        ),
        ("event-phone-number-deleted-null-data", []),
        (
            "event-account-updated-flat-data",
            [
                [
                    "field": "friendly_name", "previous": "SubAccount Created at 2014-10-03 09:48 am",
                    "updated": "Mr. Friendly",
                ]
            ]
        ),
        (
            "event-api-key-deleted",
            [
                ["field": "status", "previous": "Active"],
                ["field": "friendly_name", "previous": "autopilot_simulator_US0000000000000000000000000000000a"],
                ["field": "secret", "previous": "[REDACTED]"], ["field": "flags", "previous": "REST API, Signing"],
            ]
        ),
        ("event-trunk-updated-string-booleans", [["field": "secure_trunk", "previous": "false", "updated": "true"]]),
    ])
    func `show what changed`(name: String, changes: [[String: String]]) throws {
        #expect(try normalise(record: try Samples.named(name).body).changes == changes)
    }

    @Test(arguments: Samples.all.filter(\.isRecord))
    func `are the same when they are asked for alone`(sample: Sample) throws {
        let listed = try PageParser().parse(Array(sample.page.utf8), as: sample.shape)
        let single = try PageParser().parse(record: Array(sample.body.utf8), as: sample.shape)
        #expect(
            try normalise(single, as: sample.shape).map(\.line) == normalise(listed, as: sample.shape).map(\.line))
    }

    @Test func `that list accounts are read, and their tokens`() throws {
        let list = try ResourceListParser().parse(
            Array(try Samples.named("accounts-page").body.utf8), key: "accounts")
        #expect(list.items.map { $0.string("status") } == ["active", "suspended"])
        #expect(list.items[1].string("auth_token") == "SECRET-DO-NOT-LOG-2")
        #expect(list.items[1].string("owner_account_sid") == "AC00000000000000000000000000000001")
    }

    @Test(arguments: Samples.all.filter { $0.kind == "error" })
    func `that are errors are read`(sample: Sample) throws {
        let whole = try #require(try JSONSerialization.jsonObject(with: Data(sample.body.utf8)) as? [String: Any])
        let body = try #require(whole["body"] as? [String: Any])
        let read = TwilioErrorBody(Array(try JSONSerialization.data(withJSONObject: body)))
        #expect(read == TwilioErrorBody(code: body["code"] as? Int, message: body["message"] as? String))
    }

    private func topLevelKeys(of line: String) -> [String] {
        let bytes = Array(line.utf8)
        var cursor = JSONCursor(0..<bytes.count)
        var keys: [String] = []
        guard cursor.enterObject(in: bytes.span) else { return [] }
        while let key = cursor.nextKey(in: bytes.span) {
            keys.append(String(decoding: bytes[key], as: UTF8.self))
            _ = cursor.skipValue(in: bytes.span)
        }
        return keys
    }
}
