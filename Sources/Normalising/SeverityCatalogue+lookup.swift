import PipelineCore

/// What the catalogue looks at, all of it contents of strings as they stand in the JSON.
struct AuditedAction {
    let type: Text
    let actorType: Text?
    let actorSID: Text?
    let resourceSID: Text?
    let changes: EventChanges
}

extension SeverityCatalogue {
    static func severity(of action: AuditedAction) -> Severity {
        let row = row(of: action.type)
        let base = row?.severity ?? severity(ofUnlisted: action.type)
        var severity = base
        if let raise = row?.raise, action.meets(raise.condition) {
            severity = severity.orWorse(raise.severity)
        }
        guard action.actorType?.equals("twilio-admin") == true else { return severity }
        guard base.isAtLeast(.warning) else { return severity.orWorse(.warning) }
        // The step from warning leads past `error`, which audit events never are.
        return severity == .warning ? .critical : severity.raised()
    }

    /// By the last word; a bulk action is one whatever its last word is.
    private static func severity(ofUnlisted type: Text) -> Severity {
        let isDestructive =
            type.hasSuffix(".deleted") || type.hasSuffix(".removed") || type.hasSuffix(".deletedall")
            || type.containsIgnoringCase(".bulk-")
        return isDestructive ? .warning : .notice
    }

    private static func row(of type: Text) -> Row? {
        guard type.count < rowsByLength.count else { return nil }
        return rowsByLength[type.count].first { type.equals($0.type) }
    }

    /// A lookup looks at one to five rows, without hashing or making a String.
    private static let rowsByLength: [[Row]] = {
        let longest = rows.map(\.type.utf8CodeUnitCount).max() ?? 0
        return (0...longest).map { length in rows.filter { $0.type.utf8CodeUnitCount == length } }
    }()
}

extension Severity {
    fileprivate func isAtLeast(_ other: Severity) -> Bool {
        rawValue <= other.rawValue
    }

    fileprivate func orWorse(_ other: Severity) -> Severity {
        isAtLeast(other) ? self : other
    }
}

extension AuditedAction {
    fileprivate func meets(_ condition: SeverityCatalogue.Condition) -> Bool {
        switch condition {
        case .anythingIsOff:
            changes.all.contains { isOff($0.updated) }
        case .anythingWasOpened:
            changes.all.contains { isOff($0.previous) && isOn($0.updated) }
        case .wasTurnedOff(let field):
            changes.all.contains { $0.field.equals(field) && isOn($0.previous) && isOff($0.updated) }
        case .changed(let field):
            changes.all.contains { $0.field.equals(field) && isDifferent($0) }
        case .changedNameEnding(let endings):
            changes.all.contains { change in
                isDifferent(change) && endings.contains { change.field.hasSuffix($0) }
            }
        case .updated(let field, let words):
            changes.all.contains { change in
                change.field.equals(field)
                    && words.contains { change.updated.containsIgnoringCase($0) }
            }
        case .actorIsNotResource:
            if let actorSID, let resourceSID { !actorSID.elementsEqual(resourceSID) } else { false }
        }
    }

    /// Null and the empty string are the same nothing here: Twilio writes one for the other when nothing was set.
    private func isDifferent(_ change: EventChanges.Change) -> Bool {
        !value(change.previous).elementsEqual(value(change.updated))
    }

    /// What a token says, of arrays and objects the token itself; empty for null.
    private func value(_ token: Text) -> Text {
        token.contents ?? (token.equals("null") ? token.extracting(0..<0) : token)
    }

    private func isOff(_ token: Text) -> Bool {
        let value = value(token)
        return value.equalsIgnoringCase("false") || value.equalsIgnoringCase("disabled")
            || value.equalsIgnoringCase("off")
    }

    private func isOn(_ token: Text) -> Bool {
        let value = value(token)
        return value.equalsIgnoringCase("true") || value.equalsIgnoringCase("enabled")
            || value.equalsIgnoringCase("on")
    }
}
