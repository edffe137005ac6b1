import Parsing
package import PipelineCore

/// Turns records as Twilio gave them into envelopes, `twilship.envelope.v1`.
///
/// - Total: every record becomes one envelope, one line of valid JSON, whatever it holds. Nothing is dropped.
/// - Pure: the same record in the same context always gives the same bytes.
/// - The record itself is in `raw`, byte for byte, but for white space where it has line breaks. Only a record that is
///   not valid JSON is carried as a string of its bytes, and `raw_error` says so.
/// - Everything before `raw` is bounded but for a log's `message`, an event's description and an alert's text: values
///   have at most `valueLimit` bytes, `changes` at most `EventChanges.limit` entries. What was cut is counted in
///   `shortened`.
/// - Keys whose value is unknown (missing, null, an empty string, an array or object) are left out; but a log's
///   `message` may be empty, an array or an object.
///
/// The order of the keys: schema, id, dataset, account, account_sid, time, collected, type, action, severity, actor,
/// resource, function, alert, changes, message, then the marks tags, time_error, raw_error, shortened, then
/// collector, raw.
package struct Normaliser: Sendable {
    /// Of one value, as it stands in the JSON. The longest that Twilio documents have some hundred bytes (URLs).
    static let valueLimit = 4096

    /// From behind the marks to the value of `raw`.
    let tail: [UInt8]

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
    ///
    /// - Parameter occurrence: which one of its equals a record without a SID is, as `Occurrences` numbers them. From
    ///   the second on it is part of the envelope's `id` and of the entry's identity.
    package func append(
        _ record: SourceRecord, occurrence: Int = 1, context: RecordContext, to block: inout EnvelopeBlock
    ) {
        let page = record.page
        page.buffer.withUnsafeBufferPointer { source in
            page.fields.withUnsafeBufferPointer { fields in
                var line = EnvelopeLine(record, source: source, allFields: fields)
                block.entries.append(append(record.slot, occurrence, context, &line, to: &block.bytes))
            }
        }
    }

    private func append(
        _ slot: SourceRecord.Slot, _ occurrence: Int, _ context: RecordContext, _ line: inout EnvelopeLine,
        to bytes: inout [UInt8]
    ) -> EnvelopeBlock.Entry {
        let start = bytes.count
        bytes.append(contentsOf: Self.head)
        let idStart = bytes.count
        appendID(of: slot, occurrence, line, to: &bytes)
        let id = idStart..<bytes.count
        bytes.append(contentsOf: context.behindID)
        let time = slot.time ?? context.collected
        time.appendRFC3339(to: &bytes)
        bytes.append(contentsOf: context.behindTime)

        let facts =
            switch context.dataset {
            case .serverlessLogs: line.appendLog(context)
            case .monitorAlerts: line.appendAlert()
            case .monitorEvents, .twilship: line.appendEvent()
            }
        line.appendMarks(of: slot, context)
        let typeStart = bytes.count + facts.type.lowerBound
        bytes.append(contentsOf: line.writer.written)

        bytes.append(contentsOf: tail)
        let rawStart = bytes.count
        if slot.flaws.contains(.malformed) {
            JSONString.append(line.raw, to: &bytes)
        } else {
            JSONText.appendOneLine(line.raw.span, to: &bytes)
        }
        let raw = rawStart..<bytes.count
        bytes.append(UInt8(ascii: "}"))
        bytes.append(UInt8(ascii: "\n"))
        return EnvelopeBlock.Entry(
            line: start..<bytes.count - 1, raw: raw, id: id, type: typeStart..<typeStart + facts.type.count,
            time: time, severity: facts.severity, identity: slot.identity.occurrence(occurrence))
    }

    static let head = Array("{\"schema\":\"twilship.envelope.v1\",\"id\":\"".utf8)

    /// The SID, else `sha256:` and the digest of the record's bytes, with `-2` behind it for the second of equal
    /// records.
    private func appendID(
        of slot: SourceRecord.Slot, _ occurrence: Int, _ line: borrowing EnvelopeLine, to bytes: inout [UInt8]
    ) {
        if !slot.flaws.contains(.noSID), !slot.flaws.contains(.notAnObject),
            let sid = line.token(EventField.sid.rawValue).contents
        {
            let hasHalfPair = JSONString.hasHalfPair(sid.span)
            if hasHalfPair {
                bytes.append(contentsOf: JSONString.withoutHalfPairs(sid.span))
            } else {
                bytes.append(contentsOf: sid)
            }
        } else {
            bytes.append(contentsOf: "sha256:".utf8)
            for byte in Array(line.raw)[...].sha256 {
                bytes.append(JSONString.hexDigit(byte >> 4))
                bytes.append(JSONString.hexDigit(byte & 15))
            }
            if occurrence > 1 { bytes.append(contentsOf: "-\(occurrence)".utf8) }
        }
    }
}
