import PipelineCore

/// The four fields by which Elastic sorts events of all sources, as JSON tokens; nil where none of the allowed values
/// fits (https://www.elastic.co/docs/reference/ecs/ecs-category-field-values-reference).
struct ECSCategories {
    var kind: StaticString = "event"
    var category: StaticString?
    var type: StaticString = #"["info"]"#
    var outcome: StaticString?

    init(_ envelope: Envelope) {
        let type = envelope.type ?? ("" as StaticString).text
        switch envelope.dataset {
        case .monitorEvents: self.init(audit: EventKind(type))
        case .serverlessLogs, .monitorAlerts: self.init(isError: envelope.severity == .error)
        case .twilship: self.init(own: type)
        }
    }

    /// Twilio records what was done; what was refused is not in the audit trail.
    private init(audit kind: EventKind) {
        outcome = "success"
        switch kind.subject {
        case .account, .access:
            category = #"["iam"]"#
            type =
                switch kind.verb {
                case .created: #"["admin","creation"]"#
                case .deleted: #"["admin","deletion"]"#
                case .updated, .enabled, .disabled: #"["admin","change"]"#
                case .read, .exported, .other: #"["admin","info"]"#
                }
        case .user, .password, .invitation:
            category = #"["iam"]"#
            type =
                switch kind.verb {
                case .created: #"["user","creation"]"#
                case .deleted: #"["user","deletion"]"#
                case .updated, .enabled, .disabled: #"["user","change"]"#
                case .read, .exported, .other: #"["user","info"]"#
                }
        case .session:
            category = #"["authentication","session"]"#
            type =
                switch kind.verb {
                case .created: #"["start"]"#
                case .deleted: #"["end"]"#
                default: #"["info"]"#
                }
        case .content:
            category = #"["file"]"#
            type = Self.plainType(kind.verb)
        case .policy, .configuration:
            category = #"["configuration"]"#
            type = Self.plainType(kind.verb)
        }
    }

    private static func plainType(_ verb: EventKind.Verb) -> StaticString {
        switch verb {
        case .created: #"["creation"]"#
        case .deleted: #"["deletion"]"#
        case .updated, .enabled, .disabled: #"["change"]"#
        case .read, .exported: #"["access"]"#
        case .other: #"["info"]"#
        }
    }

    private init(isError: Bool) {
        if isError { type = #"["error"]"# }
    }

    private init(own type: Text) {
        if type.hasSuffix(".started") {
            category = #"["process"]"#
            self.type = #"["start"]"#
        } else if type.hasSuffix(".stopped") {
            category = #"["process"]"#
            self.type = #"["end"]"#
        } else if type.hasSuffix(".heartbeat") {
            kind = "state"
        } else if type.hasSuffix(".gap") || type.hasSuffix(".failing") || type.hasSuffix(".dead_letter") {
            self.type = #"["error"]"#
        }
    }
}
