import Parsing
import PipelineCore

extension EnvelopeLine {
    /// From the value of `type` to the end of `message`, for an error or warning that Twilio raised.
    mutating func appendAlert() -> Facts {
        let severity = Self.severity(alertLevel: text(.logLevel))
        let code = text(.errorCode)
        let moreInfo = text(.moreInfo)
        let resource = text(.resourceSID)

        let typeStart = writer.count
        appendType(code)
        let type = typeStart..<writer.count
        append("\",\"action\":\"raised\",\"severity\":\"")
        append(severity.word)

        var isOpen = false
        append("\"sid\":\"", resource, opening: ",\"resource\":{", &isOpen)
        if isOpen { append("}") }
        isOpen = false
        append("\"error_code\":\"", code, opening: ",\"alert\":{", &isOpen)
        append("\"more_info\":\"", moreInfo, opening: ",\"alert\":{", &isOpen)
        append("\"request_method\":\"", text(.requestMethod), opening: ",\"alert\":{", &isOpen)
        append("\"request_url\":\"", text(.requestURL), opening: ",\"alert\":{", &isOpen)
        append("\"service_sid\":\"", text(.serviceSID), opening: ",\"alert\":{", &isOpen)
        if isOpen { append("}") }

        append(",\"message\":\"")
        appendType(code)
        append(" on ", contents: resource)
        appendAlertText()
        if let moreInfo {
            append(" (", contents: moreInfo)
            append(")")
        }
        append("\"")
        return Facts(type: type, severity: severity)
    }

    private mutating func text(_ field: AlertField) -> Text? {
        text(field.rawValue)
    }

    /// `alert.11205`, so that filters can name the errors they want; `alert` where the code is no number of at most 10
    /// digits.
    private mutating func appendType(_ code: Text?) {
        append("alert")
        guard let code, code.count <= 10, code.allSatisfy({ 48...57 ~= $0 }) else { return }
        append(".", contents: code)
    }

    private mutating func appendAlertText() {
        guard let text = token(AlertField.alertText.rawValue).contents, !text.isEmpty else { return }
        append(": ")
        if let message = AlertForm.message(in: text) {
            message.withUnsafeBufferPointer { append(escaping: $0) }
        } else {
            append(contents: text)
        }
    }

    /// What is not known counts as a warning: Twilio raises no alert for nothing.
    private static func severity(alertLevel level: Text?) -> Severity {
        guard let level else { return .warning }
        if level.equalsIgnoringCase("error") { return .error }
        if level.equalsIgnoringCase("notice") { return .notice }
        if level.equalsIgnoringCase("info") { return .info }
        return level.equalsIgnoringCase("debug") ? .debug : .warning
    }
}
