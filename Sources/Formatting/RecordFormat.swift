import Parsing
package import PipelineCore

/// How a record is written for the one who reads it.
///
/// - What comes out is one line without line feed, valid in its format, whatever the record holds.
/// - Pure: the same record always gives the same bytes.
/// - The record's identity (id, dataset, account, account SID), time and severity are in every format but `raw`.
package struct RecordFormat: Hashable, Sendable {
    enum Language: Hashable, Sendable {
        case envelope, raw, ecs, ocsf, cef
    }

    /// How the envelope carries `raw`.
    package enum RawStyle: String, Hashable, Sendable, CaseIterable {
        case object, string, none
    }

    let language: Language
    let rawStyle: RawStyle
    /// What is taken out before the record is written; nothing unless it is set.
    package var redaction: Redaction = []

    /// The envelope, `twilship.envelope.v1`.
    package static func envelope(raw: RawStyle = .object) -> RecordFormat {
        RecordFormat(language: .envelope, rawStyle: raw)
    }

    /// The record as Twilio sent it. A record of our own, or whose `raw` is missing or too long, goes out as its
    /// envelope.
    package static let raw = RecordFormat(language: .raw, rawStyle: .object)

    /// The Elastic Common Schema 9.4; `event.original` holds the record as Twilio sent it, unless `raw` is `none`.
    package static func ecs(raw: RawStyle = .string) -> RecordFormat {
        RecordFormat(language: .ecs, rawStyle: raw)
    }

    /// The Open Cybersecurity Schema Framework 1.8; `raw_data` holds the record as Twilio sent it, unless `raw` is `none`.
    package static func ocsf(raw: RawStyle = .string) -> RecordFormat {
        RecordFormat(language: .ocsf, rawStyle: raw)
    }

    /// ArcSight's Common Event Format, CEF:0. It has no place for the record as Twilio sent it.
    package static let cef = RecordFormat(language: .cef, rawStyle: .none)

    /// Appends the record in this format.
    package func append(_ record: SpooledRecord, to output: inout [UInt8]) {
        let record = redacted(record)
        guard !appendUnread(record, to: &output) else { return }
        record.withEnvelope { envelope in
            var writer = FormWriter()
            write(envelope, .full, to: &writer)
            output.append(contentsOf: writer.written)
        }
    }

    /// The record's `message` as plain text, redacted as the record is. Nil if it has none.
    package func message(of record: SpooledRecord) -> [UInt8]? {
        redacted(record).withEnvelope { envelope in
            envelope.message.map { JSONString.unescaped(Array($0)[...]) }
        }
    }

    /// Whether the record is written as the spool has it, byte for byte.
    package func isSpooledForm(of record: SpooledRecord) -> Bool {
        language == .envelope && rawStyle == .object && redaction.isEmpty && !record.isReplay
    }

    func redacted(_ record: SpooledRecord) -> SpooledRecord {
        redaction.isEmpty ? record : Redactor(redaction).redacted(record)
    }

    /// Appends the record if its envelope need not be taken apart for that: the line's parts are copied.
    ///
    /// - Returns: whether it was appended.
    func appendUnread(_ record: SpooledRecord, to output: inout [UInt8]) -> Bool {
        switch language {
        case .raw where record.origin.dataset == .twilship: return false
        case .raw where !record.entry.raw.isEmpty: output.append(contentsOf: record.raw)
        case .envelope where !record.isReplay: EnvelopeForm(rawStyle: rawStyle).append(record, to: &output)
        case .envelope, .raw, .ecs, .ocsf, .cef: return false
        }
        return true
    }

    func write(_ envelope: Envelope, _ extent: Extent, to writer: inout FormWriter) {
        switch language {
        case .envelope: EnvelopeForm(rawStyle: rawStyle).write(envelope, extent, to: &writer)
        case .raw where envelope.dataset == .twilship:
            EnvelopeForm(rawStyle: .object).write(envelope, extent, to: &writer)
        case .raw where envelope.raw.isEmpty || extent.isShortened:
            EnvelopeForm(rawStyle: .none).write(envelope, extent, to: &writer)
        case .raw: writer.append(envelope.raw)
        case .ecs: ECSForm(hasRaw: rawStyle != .none).write(envelope, extent, to: &writer)
        case .ocsf: OCSFForm(hasRaw: rawStyle != .none).write(envelope, extent, to: &writer)
        case .cef: CEFForm().write(envelope, extent, to: &writer)
        }
    }
}
