import Parsing
import PipelineCore

extension EnvelopeLine {
    /// From the value of `type` to the end of `message`, for an audit event.
    mutating func appendEvent() -> Facts {
        let action = AuditedAction(
            type: text(.eventType) ?? Self.unknownType.text, actorType: text(.actorType), actorSID: text(.actorSID),
            resourceSID: text(.resourceSID),
            changes: EventChanges(eventData: token(EventField.eventData.rawValue)))
        let severity = action.severity
        let via = text(.source)
        let ip = text(.sourceIPAddress)

        let typeStart = writer.count
        append(contents: action.type)
        let type = typeStart..<writer.count
        append("\",\"action\":\"")
        append(contents: Self.lastWord(of: action.type))
        append("\",\"severity\":\"")
        append(severity.word)

        var isOpen = false
        append("\"type\":\"", action.actorType, opening: ",\"actor\":{", &isOpen)
        append("\"sid\":\"", action.actorSID, opening: ",\"actor\":{", &isOpen)
        append("\"ip\":\"", ip, opening: ",\"actor\":{", &isOpen)
        append("\"via\":\"", via, opening: ",\"actor\":{", &isOpen)
        if isOpen { append("}") }
        isOpen = false
        append("\"type\":\"", text(.resourceType), opening: ",\"resource\":{", &isOpen)
        append("\"sid\":\"", action.resourceSID, opening: ",\"resource\":{", &isOpen)
        if isOpen { append("}") }
        append(action.changes)

        append(",\"message\":\"")
        append(contents: action.type)
        append(" on ", contents: action.resourceSID)
        if action.actorType != nil || action.actorSID != nil { append(" by") }
        append(" ", contents: action.actorType)
        append(" ", contents: action.actorSID)
        append(" via ", contents: via)
        append(" from ", contents: ip)
        if let description = token(EventField.description.rawValue).contents, !description.isEmpty {
            append(": ", contents: description)
        }
        append("\"")
        return Facts(type: type, severity: severity)
    }

    private static let unknownType: StaticString = "unknown"

    private mutating func text(_ field: EventField) -> Text? {
        text(field.rawValue)
    }

    /// The part behind the last dot, the whole type if there is none.
    private static func lastWord(of type: Text) -> Text {
        guard let dot = type.lastIndex(of: UInt8(ascii: ".")), dot + 1 < type.count else { return type }
        return type.extracting(dot + 1..<type.count)
    }

    private mutating func append(_ changes: EventChanges) {
        guard !changes.all.isEmpty else { return }
        append(",\"changes\":[{\"field\":\"")
        for (index, change) in changes.all.prefix(EventChanges.limit).enumerated() {
            if index > 0 { append("},{\"field\":\"") }
            append(contents: limited(change.field))
            append("\"")
            append(",\"previous\":\"", value: change.previous, isLimited: true)
            append(",\"updated\":\"", value: change.updated, isLimited: true)
        }
        append("}]")
        leftOutChanges = max(0, changes.all.count - EventChanges.limit)
    }
}
