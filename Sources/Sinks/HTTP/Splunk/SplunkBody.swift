import Formatting
import Parsing
import PipelineCore

/// A batch as the collector takes it: one object for each record, one after the other.
///
/// https://docs.splunk.com/Documentation/Splunk/latest/Data/FormateventsforHTTPEventCollector
///
/// `fields` have names of their own: Splunk also finds the envelope's keys by itself, and a name that is both indexed
/// and found would have every value twice.
struct SplunkBody {
    /// Of one object, beside the record: the time, brackets and names.
    private static let usualOverhead = 256

    let options: SplunkOptions
    let format: RecordFormat
    let isText: Bool

    func bytes(_ batch: Batch) -> [UInt8] {
        var body: [UInt8] = []
        body.reserveCapacity(batch.lineBytes + batch.records.count * Self.usualOverhead)
        var origin: SpooledRecord.Origin?
        var about: [UInt8] = []
        for record in batch.records {
            if record.origin != origin {
                origin = record.origin
                about = metadata(of: record.origin)
            }
            body.append(contentsOf: #"{"time":"#.utf8)
            Self.append(record.entry.time, to: &body)
            body.append(contentsOf: about)
            body.append(contentsOf: record.bytes[record.entry.id])
            body.append(contentsOf: #""},"event":"#.utf8)
            format.appendJSON(record, isText: isText, to: &body)
            body.append(contentsOf: "}\n".utf8)
        }
        return body
    }

    /// What is the same for all records that were appended together, up to where the record's id begins.
    private func metadata(of origin: SpooledRecord.Origin) -> [UInt8] {
        var bytes: [UInt8] = []
        func append(_ key: String, _ value: String) {
            bytes.append(contentsOf: #""\#(key)":"#.utf8)
            JSONString.append(value, to: &bytes)
            bytes.append(UInt8(ascii: ","))
        }
        bytes.append(UInt8(ascii: ","))
        append("host", options.host)
        append("source", origin.dataset.rawValue)
        append("sourcetype", options.sourcetype)
        if let index = options.index { append("index", index) }
        bytes.append(contentsOf: #""fields":{"#.utf8)
        append("twilship_account", origin.account)
        append("twilship_dataset", origin.dataset.rawValue)
        bytes.append(contentsOf: #""twilship_id":""#.utf8)
        return bytes
    }

    /// Seconds since 1970 with milliseconds; nothing is earlier.
    private static func append(_ time: Timestamp, to bytes: inout [UInt8]) {
        let milliseconds = max(0, time.milliseconds)
        bytes.append(contentsOf: String(milliseconds / 1000).utf8)
        let fraction = milliseconds % 1000
        bytes.append(UInt8(ascii: "."))
        bytes.append(48 + UInt8(fraction / 100))
        bytes.append(48 + UInt8(fraction / 10 % 10))
        bytes.append(48 + UInt8(fraction % 10))
    }
}
