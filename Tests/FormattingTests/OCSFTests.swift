import Formatting
import Foundation
import PipelineCore
import Testing

struct OCSFTests {
    private static func schema() throws -> OCSFSchema {
        try OCSFSchema(SharedFiles.json("schemas/ocsf-1.8.0.json"))
    }

    @Test(.enabled(if: SharedFiles.folder != nil, SharedFiles.absence))
    func `every kind of record is a valid event of its class`() throws {
        let schema = try Self.schema()
        for record in try Variety.records() {
            for line in [
                RecordFormat.ocsf().line(record), RecordFormat.ocsf(raw: .none).line(record),
                RecordFormat.ocsf().shortened(record, 0).line, RecordFormat.ocsf().shortened(record, 1300).line,
            ] {
                let event = try object(line)
                let faults = schema.faults(event)
                #expect(faults.isEmpty, "\(faults) in \(line)")
            }
        }
    }

    @Test(.enabled(if: SharedFiles.folder != nil, SharedFiles.absence))
    func `what is not valid is found`() throws {
        var event = try object(RecordFormat.ocsf().line(try Records.event()))
        event["entity"] = nil
        event["severity_id"] = 7
        event["time"] = "now"
        event["colour"] = "red"
        event["osint"] = [String]()
        event["actor"] = ["user": ["type_id": 1]]
        event["src_endpoint"] = ["ip": "here", "name": "here"]
        event["type_uid"] = 300_402
        #expect(
            Set(try Self.schema().faults(event)) == [
                "event.entity is missing", "event.severity_id: 7 is not in the enumeration",
                "event.time: now is no timestamp_t", "event.colour is unknown", "event.osint belongs to profile osint",
                "event.actor.user has none of [\"name\", \"uid\"]", "event.src_endpoint.ip: here is no ip_t",
                "type_uid is not made of class and activity",
            ])
    }

    @Test func `identity, time and severity survive`() throws {
        let levels = ["debug": 1, "info": 1, "notice": 2, "warning": 3, "error": 3, "critical": 4, "alert": 5]
        for record in try Records.ofAllKinds() {
            let envelope = try object(RecordFormat.envelope().line(record))
            let event = try object(RecordFormat.ocsf().line(record))
            let metadata = try #require(event["metadata"] as? [String: Any])
            let account = (event["cloud"] as? [String: Any])?["account"] as? [String: Any]
            #expect(metadata["uid"] as? String == envelope["id"] as? String)
            #expect(metadata["event_code"] as? String == envelope["type"] as? String)
            #expect(metadata["log_name"] as? String == envelope["dataset"] as? String)
            #expect(metadata["tenant_uid"] as? String == Records.accountSID)
            #expect(account?["uid"] as? String == Records.accountSID && account?["name"] as? String == "production")
            #expect(event["time"] as? Int64 == record.entry.time.milliseconds)
            #expect(metadata["original_time"] as? String == envelope["time"] as? String)
            #expect(event["severity_id"] as? Int == levels[record.entry.severity.name])
            #expect(metadata["log_level"] as? String == record.entry.severity.name)
            #expect(event["message"] as? String == envelope["message"] as? String)
            #expect(
                event["raw_data"] as? String == (record.raw.isEmpty ? nil : String(decoding: record.raw, as: UTF8.self))
            )
        }
    }

    private static let user = "US0000000000000000000000000000000b"

    @Test(arguments: [
        ("account-auth-token.promoted", 300_403), ("account-auth-token.secondary-created", 300_401),
        ("account-auth-token.deleted", 300_404), ("account-api-keys.created", 300_401),
        ("security-settings.updated", 300_403), ("security-settings.deleted", 300_404),
        ("user-session.created", 300_201), ("user-session.deleted", 300_202), ("user-session.updated", 300_299),
        ("user-password.updated", 300_103), ("user.created", 300_101), ("user.updated", 300_199),
        ("user.deleted", 300_106), ("user-invitation.created", 300_401), ("account.deleted", 300_404),
        ("recording.bulk-delete.created", 600_104), ("recording.accessed", 600_102),
        ("bulkexports.downloaded", 600_107), ("phone-number.updated", 300_403), ("odd", 300_499),
    ])
    func `an event type has its class and activity`(type: String, uid: Int) throws {
        let record = try Records.event(["event_type": type, "resource_sid": Self.user, "resource_type": "thing"])
        #expect(try object(RecordFormat.ocsf().line(record))["type_uid"] as? Int == uid)
    }

    @Test func `a change of a user that names no user is one of an entity`() throws {
        for type in ["user.created", "user-password.updated", "user-session.created"] {
            let record = try Records.event([
                "event_type": type, "resource_sid": nil, "resource_type": nil, "actor_sid": Records.accountSID,
            ])
            let event = try object(RecordFormat.ocsf().line(record))
            #expect(event["class_uid"] as? Int == 3004)
            #expect((event["entity"] as? [String: Any])?["name"] as? String == type)
        }
    }

    @Test func `the actor is a user, or an application of the account`() throws {
        let byUser = try object(RecordFormat.ocsf().line(try Records.event()))["actor"] as? [String: Any]
        let user = byUser?["user"] as? [String: Any]
        #expect(user?["uid"] as? String == "US0000000000000000000000000000000a" && user?["type_id"] as? Int == 1)
        let byAccount = try object(
            RecordFormat.ocsf().line(try Records.event(["actor_sid": Records.accountSID, "source": "api"])))["actor"]
        #expect(byAccount as? [String: String] == ["app_uid": Records.accountSID, "app_name": "api"])
    }

    @Test func `what has no attribute is unmapped, as the envelope has it`() throws {
        let record = try Records.event(lane: .late, isReplay: true)
        let event = try object(RecordFormat.ocsf().line(record))
        let unmapped = try #require(event["unmapped"] as? [String: Any])
        #expect(
            unmapped["changes"] as? [[String: String]] == [
                ["field": "friendly_name", "previous": "Old \"name\"", "updated": "New = näme\\"]
            ])
        #expect((event["metadata"] as? [String: Any])?["labels"] as? [String] == ["late", "replay"])
        let own = try object(RecordFormat.ocsf().line(Records.own()))["unmapped"] as? [String: [String: Any]]
        #expect(own?["gap"]?["seconds"] as? Int == 12)
    }

    @Test func `a shortened event says so`() throws {
        let record = try Records.log(["message": String(repeating: "m", count: 5000)])
        let full = RecordFormat.ocsf().line(record).utf8.count
        let (line, isShortened) = RecordFormat.ocsf().shortened(record, 2048)
        #expect(isShortened && line.utf8.count == 2048)
        let metadata = try object(line)["metadata"] as? [String: Any]
        #expect(metadata?["is_truncated"] as? Bool == true && metadata?["untruncated_size"] as? Int == full)
    }
}
