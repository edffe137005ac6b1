import Parsing
import PipelineCore

// Marks stand between `message` and `collector`, only when they apply. A sink that shortens or redacts puts its own,
// `truncated` and `redacted`, behind these.

extension EnvelopeLine {
    mutating func appendMarks(of slot: SourceRecord.Slot, _ context: RecordContext) {
        let isUndated = slot.time == nil
        appendTags(lane: context.lane, isUndated: isUndated)
        if isUndated { appendTimeError(context.dataset) }
        appendRawError(slot.flaws)
        appendShortened()
    }

    private mutating func appendTags(lane: Lane, isUndated: Bool) {
        guard lane.tag != nil || isUndated else { return }
        append(",\"tags\":[\"")
        append(text: lane.tag ?? "")
        if isUndated { append(lane.tag == nil ? "undated" : "\",\"undated") }
        append("\"]")
    }

    private static let timeErrorLimit = 128

    /// `time_error` holds what stands in the place of the date, shortened, or `missing`.
    private mutating func appendTimeError(_ dataset: Dataset) {
        // The date is in the same place in all lists of fields. Alerts have a second one.
        var token = token(EventField.eventDate.rawValue)
        if dataset == .monitorAlerts, token.isEmpty || token.equals("null") {
            let created = self.token(AlertField.dateCreated.rawValue)
            if !created.isEmpty { token = created }
        }
        append(",\"time_error\":\"")
        if token.isEmpty {
            append("missing")
        } else if let contents = token.contents {
            append(contents: contents.prefix(limit: Self.timeErrorLimit))
        } else {
            append(escaping: token.prefix(limit: Self.timeErrorLimit))
        }
        append("\"")
    }

    private mutating func appendRawError(_ flaws: SourceRecord.Flaws) {
        var parts: [String] = []
        if flaws.contains(.repaired) { parts.append("not UTF-8, repaired with U+FFFD") }
        if flaws.contains(.notAnObject) { parts.append("not an object") }
        if flaws.contains(.malformed) { parts.append("not valid JSON, carried as a string") }
        guard !parts.isEmpty else { return }
        append(",\"raw_error\":\"")
        append(text: parts.joined(separator: "; "))
        append("\"")
    }

    private mutating func append(text: String) {
        var text = text
        text.withUTF8 { writer.append($0) }
    }

    /// `shortened` counts the values that were cut and the changes that were left out.
    private mutating func appendShortened() {
        guard shortenedValues > 0 || leftOutChanges > 0 else { return }
        append(",\"shortened\":{")
        if shortenedValues > 0 { append(text: "\"values\":\(shortenedValues)") }
        if shortenedValues > 0 && leftOutChanges > 0 { append(",") }
        if leftOutChanges > 0 { append(text: "\"changes\":\(leftOutChanges)") }
        append("}")
    }
}
