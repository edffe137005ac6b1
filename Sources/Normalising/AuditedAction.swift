import Cataloguing
import PipelineCore

/// What decides how much an audit event matters, all of it contents of strings as they stand in the JSON.
struct AuditedAction {
    let type: Text
    let actorType: Text?
    let actorSID: Text?
    let resourceSID: Text?
    let changes: EventChanges
}

extension AuditedAction {
    /// The catalogue's, raised by what the record itself says. What a twilio-admin, an employee of Twilio, does is at
    /// least `warning`, and one step worse if it was that.
    var severity: Severity {
        let meaning = EventCatalogue.shared.meaning(of: type.span)
        var severity = meaning.severity
        if let raise = meaning.raise, meets(raise.condition) { severity = severity.orWorse(raise.severity) }
        guard actorType?.equals("twilio-admin") == true else { return severity }
        guard meaning.severity.isAtLeast(.warning) else { return severity.orWorse(.warning) }
        // The step from warning leads past `error`, which audit events never are.
        return severity == .warning ? .critical : severity.raised()
    }

    private func meets(_ condition: Raise.Condition) -> Bool {
        switch condition {
        case .anythingIsOff:
            changes.all.contains { isOff($0.updated) }
        case .anythingWasOpened:
            changes.all.contains { isOff($0.previous) && isOn($0.updated) }
        case .wasTurnedOff(let field):
            changes.all.contains { field.names($0) && isOn($0.previous) && isOff($0.updated) }
        case .changed(let fields):
            changes.all.contains { change in isDifferent(change) && fields.contains { $0.names(change) } }
        case .mentions(let field, let words):
            changes.all.contains { change in
                field.names(change) && words.contains { change.updated.containsIgnoringCase($0) }
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

extension Raise.Field {
    fileprivate func names(_ change: EventChanges.Change) -> Bool {
        isEnding
            ? change.field.suffix(name.count).elementsEqual(name) : change.field.elementsEqual(name)
    }
}

extension Severity {
    fileprivate func isAtLeast(_ other: Severity) -> Bool {
        rawValue <= other.rawValue
    }

    fileprivate func orWorse(_ other: Severity) -> Severity {
        isAtLeast(other) ? self : other
    }
}
