import Crypto
import Formatting
import Foundation
import Parsing
import PipelineCore

/// A batch as `_bulk` takes it: for each record a line that says what to do, and the document.
///
/// It is always `create`, which is all that data streams allow, with an id made of who the record belongs to: what is
/// there already is refused with 409 instead of written twice.
struct ElasticBody {
    /// Elasticsearch allows no longer ones.
    static let longestID = 512
    private static let usualOverhead = 160

    /// Nil: the data stream of each dataset.
    let index: String?
    let format: RecordFormat

    func bytes(_ batch: Batch) -> [UInt8] {
        var body: [UInt8] = []
        body.reserveCapacity(batch.lineBytes + batch.records.count * Self.usualOverhead)
        var origin: SpooledRecord.Origin?
        var action: [UInt8] = []
        for record in batch.records {
            if record.origin != origin {
                origin = record.origin
                action = self.action(record.origin)
            }
            body.append(contentsOf: action)
            appendID(of: record, to: &body)
            body.append(contentsOf: "\"}}\n".utf8)
            format.append(record, to: &body)
            body.append(UInt8(ascii: "\n"))
        }
        return body
    }

    /// Up to where the id begins.
    private func action(_ origin: SpooledRecord.Origin) -> [UInt8] {
        var bytes = Array(#"{"create":{"#.utf8)
        // An index in the path is left out here: clusters may forbid naming one in the body.
        if index == nil { bytes.append(contentsOf: #""_index":"\#(Self.dataStream(origin.dataset))","#.utf8) }
        bytes.append(contentsOf: #""_id":""#.utf8)
        return bytes
    }

    static func dataStream(_ dataset: Dataset) -> String {
        switch dataset {
        case .monitorEvents: "logs-twilio.audit-default"
        case .serverlessLogs: "logs-twilio.function-default"
        case .monitorAlerts: "logs-twilio.alert-default"
        case .twilship: "logs-twilship-default"
        }
    }

    /// `AC…:monitor.events:AE…`; of one that would be too long, a digest.
    private func appendID(of record: SpooledRecord, to body: inout [UInt8]) {
        let start = body.count
        body.append(contentsOf: record.origin.accountSID.utf8)
        body.append(UInt8(ascii: ":"))
        body.append(contentsOf: record.origin.dataset.rawValue.utf8)
        body.append(UInt8(ascii: ":"))
        // As it stands in the envelope, escapes and all: the same string.
        body.append(contentsOf: record.bytes[record.entry.id])
        guard body.count - start > Self.longestID else { return }
        let digest = SHA256.hash(data: body[start...])
        body.removeSubrange(start...)
        body.append(contentsOf: "sha256:".utf8)
        for byte in digest {
            body.append(JSONString.hexDigit(byte >> 4))
            body.append(JSONString.hexDigit(byte & 15))
        }
    }
}
