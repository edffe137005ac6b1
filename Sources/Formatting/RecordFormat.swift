package import PipelineCore

/// How a record is written for the one who reads it.
///
/// Whatever the format, what comes out is one line without line feed: the spool's lines have none, and JSON strings escape them.
package enum RecordFormat: Hashable, Sendable {
    /// The envelope, `twilship.envelope.v1`.
    case envelope(raw: RawStyle = .object)
    /// The record as Twilio sent it. A record that has no `raw` (twilship's own) goes out as its envelope.
    case raw

    /// How the envelope carries `raw`.
    package enum RawStyle: String, Hashable, Sendable, CaseIterable {
        case object, string, none
    }

    /// Appends the record in this format.
    ///
    /// The spool's line ends with `,"raw":VALUE}`, and the entry knows where VALUE is, so every format is a splice.
    package func append(_ record: SpooledRecord, to output: inout [UInt8]) {
        let raw = record.entry.raw
        guard !raw.isEmpty else {
            output.append(contentsOf: record.line)
            return
        }
        switch self {
        case .raw:
            output.append(contentsOf: record.raw)
        case .envelope(raw: .object):
            output.append(contentsOf: record.line)
        case .envelope(raw: .none):
            let key = #","raw":"#.utf8.count
            output.append(contentsOf: record.bytes[record.entry.line.lowerBound..<raw.lowerBound - key])
            output.append(contentsOf: record.bytes[raw.upperBound..<record.entry.line.upperBound])
        case .envelope(raw: .string):
            output.append(contentsOf: record.bytes[record.entry.line.lowerBound..<raw.lowerBound])
            Self.appendJSONString(record.raw, to: &output)
            output.append(contentsOf: record.bytes[raw.upperBound..<record.entry.line.upperBound])
        }
    }

    /// Appends `bytes`, valid UTF-8, as a JSON string (RFC 8259, section 7).
    private static func appendJSONString(_ bytes: ArraySlice<UInt8>, to output: inout [UInt8]) {
        let hexadecimal = Array("0123456789abcdef".utf8)
        output.append(UInt8(ascii: "\""))
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                output.append(UInt8(ascii: "\\"))
                output.append(byte)
            case 0..<0x20:
                output.append(contentsOf: #"\u00"#.utf8)
                output.append(hexadecimal[Int(byte >> 4)])
                output.append(hexadecimal[Int(byte & 15)])
            default:
                output.append(byte)
            }
        }
        output.append(UInt8(ascii: "\""))
    }
}
