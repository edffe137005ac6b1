package import PipelineCore

/// What an audit event means to those who guard the account, and what kind of event it is to a SIEM.
///
/// An object, since it is looked up for each record and there are few of them.
package final class EventMeaning: Sendable {
    /// Before anything in the record raises it. Never `error`.
    package let severity: Severity
    package let raise: Raise?
    package let technique: TechniqueTag?
    package let ecs: ECSWords
    package let ocsf: OCSFWords

    init(severity: Severity, raise: Raise?, technique: TechniqueTag?, ecs: ECSWords, ocsf: OCSFWords) {
        self.severity = severity
        self.raise = raise
        self.technique = technique
        self.ecs = ecs
        self.ocsf = ocsf
    }
}

/// A change in the dangerous direction lifts the severity to `severity`. A direction that cannot be read changes nothing.
package struct Raise: Sendable, Hashable {
    package enum Condition: Sendable, Hashable {
        /// Any property is now `false`, `disabled` or `off`.
        case anythingIsOff
        /// Any property went from off to on.
        case anythingWasOpened
        /// This property went from on to off.
        case wasTurnedOff(Field)
        /// One of these has another value.
        case changed([Field])
        /// The property's new value has one of the words in it, in whatever case.
        case mentions(Field, [[UInt8]])
        /// Somebody did it to somebody else; both are known.
        case actorIsNotResource
    }

    /// The name of a property, or how it ends.
    package struct Field: Sendable, Hashable {
        package let name: [UInt8]
        package let isEnding: Bool
    }

    package let severity: Severity
    package let condition: Condition
}

/// Which technique an event is, if it is malicious.
package struct TechniqueTag: Sendable, Hashable {
    /// In `EventCatalogue.techniques`.
    package let index: Int
    /// Nil: of every such event. Else only if it was raised to this.
    package let leastSeverity: Severity?

    package func applies(at severity: Severity) -> Bool {
        leastSeverity.map { severity.rawValue <= $0.rawValue } ?? true
    }
}

/// A technique of MITRE ATT&CK.
package struct Technique: Sendable, Hashable {
    package let id: String
    package let name: String
    /// Of a sub-technique: where the technique that it belongs to stands in `EventCatalogue.techniques`.
    package let parent: Int?
}

/// `event.category` and `event.type` of the Elastic Common Schema.
package struct ECSWords: Sendable, Hashable {
    package let categories: [String]
    package let types: [String]
    /// As arrays of JSON.
    package let categoryToken: [UInt8]
    package let typeToken: [UInt8]

    init(categories: [String], types: [String]) {
        func token(_ words: [String]) -> [UInt8] {
            Array("[\(words.map { "\"\($0)\"" }.joined(separator: ","))]".utf8)
        }
        self.categories = categories
        self.types = types
        categoryToken = token(categories)
        typeToken = token(types)
    }

    /// What the schema expects beside each category (`expected_event_types`), of those that audit events have.
    static let expectedTypes: [String: Set<String>] = [
        "iam": ["admin", "change", "creation", "deletion", "group", "info", "user"],
        "configuration": ["access", "change", "creation", "deletion", "info"],
        "file": ["access", "change", "creation", "deletion", "info"],
        "authentication": ["start", "end", "info"],
        "session": ["start", "end", "info"],
    ]
}

/// Class and activity of the Open Cybersecurity Schema Framework.
package struct OCSFWords: Sendable, Hashable {
    package let auditClass: AuditClass
    package let activity: AuditActivity
    /// For an event that names no user, although its class needs one: what it is as Entity Management.
    package let entityActivity: AuditActivity
    package let entity: AuditEntity?
}

/// What `entity` is in words of the framework, where it has one.
package enum AuditEntity: String, Sendable {
    case organization = "Organization"
    case policy = "Policy"
}
