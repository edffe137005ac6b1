import Parsing
import PipelineCore

// Marks stand between `message` and `collector`, only when they apply. A sink that shortens or redacts puts its own,
// `truncated` and `redacted`, behind these.

extension EnvelopeLine {
    mutating func appendMarks(of slot: SourceRecord.Slot, lane: Lane) {
        let isUndated = slot.time == nil
        appendTags(lane: lane, isUndated: isUndated)
        if isUndated { appendTimeError() }
        appendRawError(slot.flaws)
        appendShortened()
    }

    private mutating func appendTags(lane: Lane, isUndated: Bool) {
        guard lane.tag != nil || isUndated else { return }
        append(",\"tags\":[\"")
        if let tag = lane.tag { bytes.append(contentsOf: tag.utf8) }
        if isUndated { append(lane.tag == nil ? "undated" : "\",\"undated") }
        append("\"]")
    }

    private static let timeErrorLimit = 128

    /// `time_error` holds what stands in the place of the date, shortened, or `missing`.
    private mutating func appendTimeError() {
        let token = token(EventField.eventDate.rawValue)
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
        var separator: StaticString = ",\"raw_error\":\""
        func appendPart(_ flaw: SourceRecord.Flaws, _ text: StaticString) {
            guard flaws.contains(flaw) else { return }
            append(separator)
            append(text)
            separator = "; "
        }
        appendPart(.repaired, "was not UTF-8, repaired with U+FFFD")
        appendPart(.notAnObject, "not an object")
        appendPart(.malformed, "not valid JSON, carried as a string")
        if separator.utf8CodeUnitCount == 2 { append("\"") }
    }

    /// `shortened` counts the values that were cut and the changes that were left out.
    private mutating func appendShortened() {
        guard shortenedValues > 0 || leftOutChanges > 0 else { return }
        append(",\"shortened\":{")
        if shortenedValues > 0 { bytes.append(contentsOf: "\"values\":\(shortenedValues)".utf8) }
        if shortenedValues > 0 && leftOutChanges > 0 { append(",") }
        if leftOutChanges > 0 { bytes.append(contentsOf: "\"changes\":\(leftOutChanges)".utf8) }
        append("}")
    }
}
