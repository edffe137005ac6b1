import PipelineCore

/// The fields by which Elastic sorts events of all sources, as JSON tokens; nil where none of the allowed values fits
/// (https://www.elastic.co/docs/reference/ecs/ecs-category-field-values-reference).
struct ECSCategories {
    var kind: StaticString = "event"
    var category: StaticString?
    var type: StaticString = #"["info"]"#

    /// Of what is no audit event: what those are, the catalogue says.
    init(_ envelope: Envelope) {
        switch envelope.dataset {
        case .monitorEvents: break
        case .serverlessLogs, .monitorAlerts: if envelope.severity == .error { type = #"["error"]"# }
        case .twilship: sort(own: envelope.type ?? ("" as StaticString).text)
        }
    }

    private mutating func sort(own type: Text) {
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
