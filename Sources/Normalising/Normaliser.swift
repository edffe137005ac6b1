import Parsing
package import PipelineCore

/// Turns records as Twilio gave them into envelopes, `twilship.envelope.v1`.
///
/// - Total: every record becomes one envelope, one line of valid JSON, whatever it holds. Nothing is dropped.
/// - Pure: the same record in the same context always gives the same bytes.
/// - The record itself is in `raw`, byte for byte, but for white space where it has line breaks. Only a record that is
///   not valid JSON is carried as a string of its bytes, and `raw_error` says so.
/// - Everything before `raw` is bounded but for a log's `message` and an event's description: values have at most
///   `valueLimit` bytes, `changes` at most `EventChanges.limit` entries. What was cut is counted in `shortened`.
/// - Keys whose value is unknown (missing, null, an empty string, an array or object) are left out.
///
/// The order of the keys: schema, id, dataset, account, account_sid, time, collected, type, action, severity, actor,
/// resource, function, changes, message, then the marks tags, time_error, raw_error, shortened, then collector, raw.
package struct Normaliser: Sendable {
    /// Of one value, as it stands in the JSON. The longest that Twilio documents have some hundred bytes (URLs).
    static let valueLimit = 4096

    /// From behind the marks to the value of `raw`.
    private let tail: [UInt8]

    /// - Parameters:
    ///   - host: this host's name, for the envelope's `collector`.
    ///   - version: this program's version.
    package init(collector host: String, version: String) {
        var bytes = Array(",\"collector\":{\"host\":".utf8)
        JSONString.append(host, to: &bytes)
        bytes.append(contentsOf: ",\"version\":".utf8)
        JSONString.append(version, to: &bytes)
        bytes.append(contentsOf: "},\"raw\":".utf8)
        tail = bytes
    }

    /// Appends the record's envelope and a line feed to the block's bytes, and its entry.
    package func append(_ record: SourceRecord, context: RecordContext, to block: inout EnvelopeBlock) {
        let page = record.page
        page.buffer.withUnsafeBufferPointer { source in
            page.fields.withUnsafeBufferPointer { fields in
                var line = EnvelopeLine(record, source: source, allFields: fields, bytes: &block.bytes)
                block.entries.append(append(record, context, to: &line))
                block.bytes = line.bytes
            }
        }
    }

    private func append(
        _ record: SourceRecord, _ context: RecordContext, to line: inout EnvelopeLine
    ) -> EnvelopeBlock.Entry {
        let slot = record.slot
        let rawText = line.source.extracting(Int(slot.raw.lowerBound)..<Int(slot.raw.upperBound))
        let start = line.bytes.count
        line.append("{\"schema\":\"twilship.envelope.v1\",\"id\":\"")
        let idStart = line.bytes.count
        appendID(of: record, to: &line)
        let id = idStart..<line.bytes.count
        line.bytes.append(contentsOf: context.behindID)
        let time = slot.time ?? context.collected
        time.appendRFC3339(to: &line.bytes)
        line.bytes.append(contentsOf: context.behindTime)

        let facts =
            switch context.dataset {
            case .serverlessLogs: line.appendLog(context)
            case .monitorEvents, .monitorAlerts, .twilship: line.appendEvent()
            }

        line.appendMarks(of: slot, lane: context.lane)
        line.bytes.append(contentsOf: tail)
        let rawStart = line.bytes.count
        if slot.flaws.contains(.malformed) {
            JSONString.append(rawText, to: &line.bytes)
        } else {
            JSONText.appendOneLine(rawText.span, to: &line.bytes)
        }
        let raw = rawStart..<line.bytes.count
        line.append("}\n")
        return EnvelopeBlock.Entry(
            line: start..<line.bytes.count - 1, raw: raw, id: id, type: facts.type, time: time,
            severity: facts.severity, identity: slot.identity)
    }

    private func appendID(of record: SourceRecord, to line: inout EnvelopeLine) {
        let flaws = record.slot.flaws
        if !flaws.contains(.noSID), !flaws.contains(.notAnObject),
            let sid = line.token(EventField.sid.rawValue).contents {
            line.append(contents: sid)
        } else {
            line.append("sha256:")
            for byte in record.raw.sha256 {
                line.bytes.append(JSONString.hexDigit(byte >> 4))
                line.bytes.append(JSONString.hexDigit(byte & 15))
            }
        }
    }
}
