import Cataloguing
import PipelineCore
import Testing

@Suite struct EventCatalogueTests {
    private static func meaning(_ type: String) -> EventMeaning {
        EventCatalogue.shared.meaning(of: Array(type.utf8).span)
    }

    @Test func `the file that is compiled in can be read`() throws {
        let catalogue = try EventCatalogue(EventCatalogue.source)
        #expect(catalogue.types.count >= 201 && catalogue.resourceTypes.count >= 73)
        #expect(zip(catalogue.types, catalogue.types.dropFirst()).allSatisfy { $0 < $1 })
        #expect(catalogue.types.allSatisfy { $0.contains(".") && $0.allSatisfy { $0.isASCII && !$0.isWhitespace } })
        #expect(catalogue.techniques.count > 10)
    }

    @Test func `each listed type is found, with what stands in its row`() throws {
        for event in try CatalogueReader(EventCatalogue.source).events {
            let found = Self.meaning(event.type)
            #expect(found.severity == event.meaning.severity, "\(event.type)")
            #expect(found.ecs == event.meaning.ecs && found.ocsf == event.meaning.ocsf)
            #expect(found.raise == event.meaning.raise && found.technique == event.meaning.technique)
        }
    }

    @Test func `a row says all it says`() throws {
        let promoted = Self.meaning("account-auth-token.promoted")
        #expect(promoted.severity == .critical && promoted.raise == nil)
        #expect(promoted.ecs.categories == ["iam"] && promoted.ecs.types == ["admin", "change"])
        #expect(promoted.ocsf.auditClass == .entity && promoted.ocsf.activity == .update)
        let technique = EventCatalogue.shared.techniques[try #require(promoted.technique).index]
        #expect(technique.id == "T1098.001" && technique.name == "Additional Cloud Credentials")
        #expect(EventCatalogue.shared.techniques[try #require(technique.parent)].id == "T1098")

        let logon = Self.meaning("user-session.created")
        #expect(logon.severity == .info && logon.technique == nil)
        #expect(String(decoding: logon.ecs.categoryToken, as: UTF8.self) == #"["authentication","session"]"#)
        #expect(String(decoding: logon.ecs.typeToken, as: UTF8.self) == #"["start"]"#)
        #expect(logon.ocsf.activity == .logon && logon.ocsf.entityActivity == .create)

        let number = Self.meaning("phone-number.updated")
        let fields = ["_url", "_application_sid"].map { Array($0.utf8) }
        guard case .changed(let names) = try #require(number.raise).condition else {
            Issue.record("\(String(describing: number.raise))")
            return
        }
        #expect(names.map(\.name) == fields && names.allSatisfy(\.isEnding))

        let account = Self.meaning("account.updated")
        let tag = try #require(account.technique)
        #expect(tag.applies(at: .critical) && tag.applies(at: .alert) && !tag.applies(at: .warning))
    }

    @Test(arguments: [
        ("new-thing.created", Severity.notice, "configuration", ["creation"], AuditClass.entity, AuditActivity.create),
        ("new-thing.secondary-deleted", .warning, "configuration", ["deletion"], .entity, .delete),
        ("new-thing.enabled", .notice, "configuration", ["change"], .entity, .enable),
        ("new-thing.bulk-delete.created", .warning, "configuration", ["deletion"], .entity, .delete),
        ("new-thing.downloaded", .notice, "configuration", ["access"], .entity, .export),
        ("new-thing.paused", .notice, "configuration", ["info"], .entity, .other),
        // Known things that something new happened to.
        ("recording.downloaded", .notice, "file", ["access"], .resource, .export),
        ("account-api-keys.accessed", .notice, "iam", ["admin", "info"], .entity, .read),
        ("user-session.removed", .warning, "authentication", ["info"], .authentication, .other),
        ("user-password.deleted.created", .notice, "iam", ["user", "creation"], .account, .other),
        // Resources with a full stop in them, and what only begins like one.
        ("ip-messaging.message.redacted", .notice, "file", ["info"], .resource, .other),
        ("ip-messaging.redacted", .notice, "configuration", ["info"], .entity, .other),
        ("users.created", .notice, "configuration", ["creation"], .entity, .create),
        ("", .notice, "configuration", ["info"], .entity, .other),
        (".", .notice, "configuration", ["info"], .entity, .other),
        ("deleted", .notice, "configuration", ["info"], .entity, .other),
    ])
    func `a type that is not listed has its meaning from its resource and its last word`(
        type: String, severity: Severity, category: String, ecsTypes: [String], auditClass: AuditClass,
        activity: AuditActivity
    ) {
        let meaning = Self.meaning(type)
        #expect(meaning.severity == severity && meaning.raise == nil && meaning.technique == nil)
        #expect(meaning.ecs.categories.first == category && meaning.ecs.types == ecsTypes)
        #expect(meaning.ocsf.auditClass == auditClass && meaning.ocsf.activity == activity)
    }

    @Test(arguments: [
        ("[things]\na | b", "line 2: [things] is none of the sections"),
        ("[techniques]\nT1098.001 | x", "no technique like T1098"),
        ("[actions]\ncreated | notice | creation | create", "created is none of *, *WORD and *WORD*"),
        ("[actions]\n* | error | info | other", #""error" is none of info, notice"#),
        ("[actions]\n* | notice | info | invent", #""invent" is no AuditActivity"#),
        ("[resources]\na | nothing | action | entity | action", "nothing is no category"),
        ("[resources]\na | iam | admin + change | entity | action", "none of: action, WORD + action, WORD"),
        (
            "[resources]\nb | iam | action | entity | action\na | iam | action | entity | action",
            "a stands twice, or not"
        ),
        ("[resources]\na | iam | start | entity | action", "ECS expects none of"),
        ("[resources]\na | iam | action | entity | action | Tree", #""Tree" is no AuditEntity"#),
        ("[events]\na.created | notice", "a.created is of no resource type that is listed"),
        (" \n", "the last action and the last resource must be *"),
    ])
    func `a mistake in the file is told with its line`(text: String, says: String) {
        let fault = #expect(throws: CatalogueFault.self) { try CatalogueReader(Array(text.utf8)) }
        #expect(
            fault.map { "\($0)".contains(says) && "\($0)".hasPrefix("event-types.txt, line ") } == true,
            "\(String(describing: fault))")
    }

    @Test(arguments: [
        ("notice | T1", #""T1" is no technique of [techniques]"#),
        ("notice | T1098 if raised", #""if raised", but nothing raises it"#),
        ("notice | T1098 if lost | | | warning if x changed", #""T1098 if lost" is no technique"#),
        ("notice | | start", "ECS expects none of"),
        ("notice | | | | warning", #""warning" is none of the raises"#),
        ("notice | | | | warning if x or changed", "is none of the raises"),
        ("notice | | | | warning if x y changed", "is none of the raises"),
        ("notice | | | | warning if x mentions", "is none of the raises"),
        ("notice | | | | warning if a*b changed", "is none of the raises"),
        ("notice | | | | error if x changed", #""error" is none of info"#),
        ("loud", #""loud" is none of info"#), ("notice\na.b | notice", "a.b stands twice"),
    ])
    func `a mistake in an event is told with its line`(row: String, says: String) {
        let head = """
            [techniques]
            T1098 | Account Manipulation
            [actions]
            * | notice | info | other
            [resources]
            a | configuration | action | entity | action
            * | configuration | action | entity | action
            [events]
            """
        let fault = #expect(throws: CatalogueFault.self) { try CatalogueReader(Array("\(head)\na.b | \(row)".utf8)) }
        #expect(fault.map { "\($0)".contains(says) } == true, "\(String(describing: fault))")
    }
}
