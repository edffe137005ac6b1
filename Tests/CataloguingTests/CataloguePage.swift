import PipelineCore

@testable import Cataloguing

/// The page of the documentation that is made from the catalogue.
struct CataloguePage {
    let text: String

    init(_ reader: CatalogueReader) {
        var lines = [
            """
            # Event types

            What twilship makes of each type of audit event: how much it matters, what kind of event it is in ECS and OCSF, and which technique of MITRE ATT&CK (Enterprise, version \(EventCatalogue.attackVersion)) it would be.

            This page is made from `Sources/Cataloguing/event-types.txt`, which is compiled into the program. To change what an event means, change that file; `TWILSHIP_WRITE_PAGES=1 swift test --filter CataloguingTests` writes this page anew.

            - **Severity** is what every event of the type has at least. What the record itself says can raise it, and so does it when an employee of Twilio acts (`actor.type` is `twilio-admin`): to `warning`, or one step further if it was that or worse.
            - **ATT&CK** is a tag for the event if it is malicious, no verdict: `threat.technique` in ECS, `attacks` in OCSF. Most events are none.
            - **OCSF** gives class, activity and `type_uid`. Account Change and Authentication need a user; an event that names none is Entity Management.

            Sources: Twilio's list of \(reader.events.count) types of \(reader.resources.count - 1) kinds of resources. What is in `event_data` is documented for few of them, so some of the raises look for what is likely to stand there. [Formats](Formats.md) has the fields, [Detections](Detections.md) rules that use them.

            ## Documented types

            | type | severity | raised | ECS | OCSF | ATT&CK | why |
            |---|---|---|---|---|---|---|
            """
        ]
        for event in reader.events {
            let meaning = event.meaning
            lines.append(
                Self.row([
                    "`\(event.type)`", meaning.severity.name, Self.escaped(event.raise), Self.words(meaning.ecs),
                    Self.words(meaning.ocsf), Self.technique(meaning, reader), event.reason,
                ]))
        }
        lines.append(
            """

            ## All other types

            Twilio's list is open: new types are normal. What happened is read from the end of the type, the first row that fits counts:

            | type | severity | ECS `event.type` | OCSF activity |
            |---|---|---|---|
            """)
        for action in reader.actions {
            lines.append(
                Self.row(["`\(action.name)`", action.severity.name, action.ecsType, action.activity.rawValue]))
        }
        lines.append(
            """

            What it happened to is read from its beginning:

            | resource type | what it is | ECS `event.category` | OCSF class | entity |
            |---|---|---|---|---|
            """)
        for resource in reader.resources {
            lines.append(
                Self.row([
                    "`\(resource.type)`", resource.about, resource.categories.joined(separator: ", "),
                    "\(resource.auditClass.name) \(resource.auditClass.uid)", resource.entity?.rawValue ?? "",
                ]))
        }
        lines.append(
            """

            ## Techniques

            | technique | name |
            |---|---|
            """)
        for technique in reader.techniques {
            let parent = technique.parent.map { reader.techniques[$0].name + ": " } ?? ""
            let place = technique.id.replacing(".", with: "/")
            lines.append(
                Self.row([
                    "[\(technique.id)](https://attack.mitre.org/techniques/\(place)/)", parent + technique.name,
                ]))
        }
        text = lines.joined(separator: "\n") + "\n"
    }

    private static func row(_ cells: [String]) -> String { "| \(cells.joined(separator: " | ")) |" }

    /// An asterisk begins emphasis.
    private static func escaped(_ text: String) -> String { text.replacing("*", with: "\\*") }

    private static func words(_ ecs: ECSWords) -> String {
        "\(ecs.categories.joined(separator: ", ")) / \(ecs.types.joined(separator: ", "))"
    }

    private static func words(_ ocsf: OCSFWords) -> String {
        let (id, name) = ocsf.activity.number(in: ocsf.auditClass)
        return "\(ocsf.auditClass.name), \(name.map { "\($0)" } ?? "Other") (\(ocsf.auditClass.uid * 100 + id))"
    }

    private static func technique(_ meaning: EventMeaning, _ reader: CatalogueReader) -> String {
        guard let tag = meaning.technique else { return "" }
        return reader.techniques[tag.index].id + (tag.leastSeverity == nil ? "" : ", if raised")
    }
}
