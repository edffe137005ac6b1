import PipelineCore

/// How each format says how much a record matters: one table for all of them.
extension Severity {
    /// OCSF `severity_id` and its caption.
    var ocsf: (id: Int64, caption: StaticString) {
        switch self {
        case .debug, .info: (1, "Informational")
        case .notice: (2, "Low")
        case .warning, .error: (3, "Medium")
        case .critical: (4, "High")
        case .alert: (5, "Critical")
        }
    }

    /// CEF's severity, 0 to 10.
    var cef: Int64 {
        switch self {
        case .debug: 0
        case .info: 2
        case .notice: 4
        case .warning: 5
        case .error: 6
        case .critical: 8
        case .alert: 10
        }
    }

    /// The envelope's word, which is ECS's `log.level` and OCSF's `metadata.log_level` too.
    var word: StaticString {
        switch self {
        case .alert: "alert"
        case .critical: "critical"
        case .error: "error"
        case .warning: "warning"
        case .notice: "notice"
        case .info: "info"
        case .debug: "debug"
        }
    }
}
