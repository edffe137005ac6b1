package import PipelineCore

/// How a record is written for the one who reads it.
///
/// - What comes out is one line without line feed, valid in its format, whatever the record holds.
/// - Pure: the same record always gives the same bytes.
/// - The record's identity (id, dataset, account, account SID), time and severity are in every format but `raw`.
package struct RecordFormat: Hashable, Sendable {
    enum Language: Hashable, Sendable {
        case envelope, raw
    }

    /// How the envelope carries `raw`.
    package enum RawStyle: String, Hashable, Sendable, CaseIterable {
        case object, string, none
    }

    let language: Language
    let rawStyle: RawStyle

    /// The envelope, `twilship.envelope.v1`.
    package static func envelope(raw: RawStyle = .object) -> RecordFormat {
        RecordFormat(language: .envelope, rawStyle: raw)
    }

    /// The record as Twilio sent it. A record that has no `raw` (twilship's own), or whose `raw` is too long, goes out
    /// as its envelope.
    package static let raw = RecordFormat(language: .raw, rawStyle: .object)

    /// Appends the record in this format.
    package func append(_ record: SpooledRecord, to output: inout [UInt8]) {
        if isCopy(of: record) {
            output.append(contentsOf: language == .raw ? record.raw : record.line)
            return
        }
        record.withEnvelope { envelope in
            var writer = FormWriter()
            write(envelope, .full, to: &writer)
            output.append(contentsOf: writer.written)
        }
    }

    /// Whether the line, or the raw part of it, is what the reader wants as it stands.
    func isCopy(of record: SpooledRecord) -> Bool {
        switch language {
        case .raw: !record.entry.raw.isEmpty
        case .envelope: !record.isReplay && (rawStyle == .object || record.entry.raw.isEmpty)
        }
    }

    func write(_ envelope: Envelope, _ extent: Extent, to writer: inout FormWriter) {
        switch language {
        case .envelope: EnvelopeForm(rawStyle: rawStyle).write(envelope, extent, to: &writer)
        case .raw where envelope.raw.isEmpty || extent.isShortened:
            EnvelopeForm(rawStyle: .none).write(envelope, extent, to: &writer)
        case .raw: writer.append(envelope.raw)
        }
    }
}
