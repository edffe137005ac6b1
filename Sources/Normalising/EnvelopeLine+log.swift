import Parsing
import PipelineCore

extension EnvelopeLine {
    /// From the value of `type` to the end of `message`, for a line that a Function printed.
    mutating func appendLog(_ context: RecordContext) -> Facts {
        let severity = Self.severity(level: text(.level))
        let typeStart = writer.count
        append("function.log")
        let type = typeStart..<writer.count
        append("\",\"action\":\"log\",\"severity\":\"")
        append(severity.word)

        var isOpen = false
        appendSID("\"service_sid\":\"", text(.serviceSID), else: context.serviceSID, &isOpen)
        appendSID("\"environment_sid\":\"", text(.environmentSID), else: context.environmentSID, &isOpen)
        appendSID("\"build_sid\":\"", text(.buildSID), &isOpen)
        appendSID("\"deployment_sid\":\"", text(.deploymentSID), &isOpen)
        appendSID("\"function_sid\":\"", text(.functionSID), &isOpen)
        appendSID("\"request_sid\":\"", text(.requestSID), &isOpen)
        if isOpen { append("}") }
        append(",\"message\":\"", value: token(LogField.message.rawValue), isLimited: false)
        return Facts(type: type, severity: severity)
    }

    private mutating func text(_ field: LogField) -> Text? {
        text(field.rawValue)
    }

    private mutating func appendSID(
        _ name: StaticString, _ value: Text?, else known: String? = nil, _ isOpen: inout Bool
    ) {
        if value == nil, var known {
            known.withUTF8 { append(name, $0, opening: ",\"function\":{", &isOpen) }
        } else {
            append(name, value, opening: ",\"function\":{", &isOpen)
        }
    }

    /// Levels are spelt `warn`, `warning`, `INFO` (all seen); what is not known counts as `info`.
    private static func severity(level: Text?) -> Severity {
        guard let level else { return .info }
        if level.equalsIgnoringCase("info") { return .info }
        if level.equalsIgnoringCase("error") { return .error }
        if level.equalsIgnoringCase("warn") || level.equalsIgnoringCase("warning") { return .warning }
        return level.equalsIgnoringCase("debug") ? .debug : .info
    }
}

extension Severity {
    /// The word with the quote behind it.
    var word: StaticString {
        switch self {
        case .alert: "alert\""
        case .critical: "critical\""
        case .error: "error\""
        case .warning: "warning\""
        case .notice: "notice\""
        case .info: "info\""
        case .debug: "debug\""
        }
    }
}
