import Parsing
import PipelineCore

/// Takes what a sink must not see out of a record.
struct Redactor {
    let wanted: Redaction

    init(_ wanted: Redaction) {
        self.wanted = wanted
    }

    /// The record with marks in the places of what was found, and their number in the envelope; the same record if
    /// nothing was.
    func redacted(_ record: SpooledRecord) -> SpooledRecord {
        record.withEnvelope { envelope in
            var redactor = JSONRedactor(wanted)
            var raw = FormWriter()
            redactor.copy(envelope.raw, .identity, to: &raw)
            var head = FormWriter()
            // What stands behind the place of the mark.
            var tail = FormWriter()
            envelope.metadata.forEachMember { key, token in
                let name = EnvelopeKey(key)
                if name == .collector || tail.count > 0 {
                    Self.copy(name, key, token, &redactor, to: &tail)
                } else {
                    Self.copy(name, key, token, &redactor, to: &head)
                }
            }
            return redactor.counts.isEmpty ? record : made(of: record, redactor.counts, head, tail, raw)
        }
    }

    /// Copies a member with a comma before it.
    private static func copy(
        _ name: EnvelopeKey, _ key: Text, _ token: Text, _ redactor: inout JSONRedactor, to writer: inout FormWriter
    ) {
        writer.append(",\"")
        writer.append(key)
        writer.append("\":")
        switch name {
        case .message, .timeError: redactor.copy(string: token, to: &writer)
        case .alert: redactor.copy(token, to: &writer)
        case .changes: redactor.copy(token, .fieldNames, to: &writer)
        default: writer.append(token)
        }
    }

    private func made(
        of record: SpooledRecord, _ counts: RedactionCounts, _ head: borrowing FormWriter,
        _ tail: borrowing FormWriter, _ raw: borrowing FormWriter
    ) -> SpooledRecord {
        var writer = FormWriter()
        writer.append(JSONByte.openBrace)
        // Without its first comma.
        if head.count > 0 { writer.append(head.written.extracting(1..<head.count)) }
        writer.append(",\"redacted\":")
        counts.write(to: &writer)
        writer.append(tail.written)
        var rawRange = 0..<0
        if raw.count > 0 {
            writer.append(",\"raw\":")
            rawRange = writer.count..<writer.count + raw.count
            writer.append(raw.written)
        }
        writer.append(JSONByte.closeBrace)
        // Everything up to the type is as it was.
        let start = record.entry.line.lowerBound
        var entry = record.entry
        entry.line = 0..<writer.count
        entry.raw = rawRange
        entry.id = entry.id.lowerBound - start..<entry.id.upperBound - start
        entry.type = entry.type.lowerBound - start..<entry.type.upperBound - start
        return SpooledRecord(
            sequence: record.sequence, origin: record.origin, bytes: Array(writer.written), entry: entry,
            isReplay: record.isReplay)
    }
}
