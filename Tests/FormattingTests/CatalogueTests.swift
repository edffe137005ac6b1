import Cataloguing
import Formatting
import Foundation
import PipelineCore
import Testing

/// The catalogue against what Twilio documents, and what becomes of a technique in each format.
struct CatalogueTests {
    @Test(.enabled(if: SharedFiles.folder != nil, SharedFiles.absence))
    func `every documented resource and event type has a row, and nothing else has`() throws {
        let rows = try SharedFiles.text("twilio-event-types.tsv").split(separator: "\n").filter { !$0.hasPrefix("#") }
        let resources = rows.map { String($0.prefix { $0 != "\t" }) }
        #expect(EventCatalogue.shared.resourceTypes == resources.sorted())
        #expect(EventCatalogue.shared.types == (try SharedFiles.eventTypes().map(\.type).sorted()))
    }

    private static let apiKey = ["event_type": "account-api-keys.created", "resource_type": "account-api-keys"]

    @Test func `ECS names the technique and what it is a part of`() throws {
        let document = try object(RecordFormat.ecs().line(try Records.event(Self.apiKey)))
        let threat = try #require(document["threat"] as? [String: Any])
        #expect(threat["framework"] as? String == "MITRE ATT&CK")
        let technique = try #require(threat["technique"] as? [String: Any])
        #expect(technique["id"] as? [String] == ["T1098"])
        #expect(technique["name"] as? [String] == ["Account Manipulation"])
        #expect(technique["reference"] as? [String] == ["https://attack.mitre.org/techniques/T1098/"])
        #expect(
            technique["subtechnique"] as? [String: [String]] == [
                "id": ["T1098.001"], "name": ["Additional Cloud Credentials"],
                "reference": ["https://attack.mitre.org/techniques/T1098/001/"],
            ])
    }

    @Test func `OCSF names it in the profile that has a place for it`() throws {
        let event = try object(RecordFormat.ocsf().line(try Records.event(Self.apiKey)))
        let attacks = try #require(event["attacks"] as? [[String: Any]])
        try #require(attacks.count == 1)
        #expect(attacks[0]["version"] as? String == EventCatalogue.attackVersion)
        #expect(attacks[0]["technique"] as? [String: String] == ["uid": "T1098", "name": "Account Manipulation"])
        #expect(
            attacks[0]["sub_technique"] as? [String: String] == [
                "uid": "T1098.001", "name": "Additional Cloud Credentials",
            ])
        let metadata = event["metadata"] as? [String: Any]
        #expect(metadata?["profiles"] as? [String] == ["cloud", "host", "security_control"])
    }

    @Test func `what is no technique, or only if it was raised, has none`() throws {
        let closing = ["resource_properties": ["status": ["previous": "active", "updated": "closed"]]]
        for (fields, id) in [
            (["event_type": "application.created"], nil), (["event_type": "account.updated"], nil),
            (["event_type": "account.updated", "event_data": closing], "T1531"),
        ] as [([String: Any?], String?)] {
            let record = try Records.event(fields)
            let threat = try object(RecordFormat.ecs().line(record))["threat"] as? [String: Any]
            #expect((threat?["technique"] as? [String: Any])?["id"] as? [String] == id.map { [$0] })
            let event = try object(RecordFormat.ocsf().line(record))
            let attack = (event["attacks"] as? [[String: Any]])?.first?["technique"] as? [String: String]
            #expect(attack?["uid"] == id)
            #expect(
                (event["metadata"] as? [String: Any])?["profiles"] as? [String]
                    == (id == nil ? ["cloud", "host"] : ["cloud", "host", "security_control"]))
        }
    }

    @Test func `logs and alerts have no technique`() throws {
        for record in [try Records.log(), try Records.alert(), Records.own()] {
            #expect(try object(RecordFormat.ecs().line(record))["threat"] == nil)
            #expect(try object(RecordFormat.ocsf().line(record))["attacks"] == nil)
        }
    }
}
