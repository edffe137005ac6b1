import Formatting
import Parsing
import PipelineCore
import Transport

/// A webhook: each batch is a POST of NDJSON or of a JSON array, and 2xx means that its records are there.
///
/// `Idempotency-Key` is the batch's key, and equal batches are equal bytes, so that the other end can recognise what it
/// has already.
struct GenericPreset: HTTPPreset {
    let endpoint: HTTPEndpoint
    let url: HTTPURL
    let format: RecordFormat
    let isText: Bool
    let encoding: HTTPSinkOptions.Encoding

    var guarantee: DeliveryGuarantee { .atLeastOnce }
    var pinsBatches: Bool { true }

    func deliver(_ batch: Batch, handedOver: @Sendable () -> Void) async -> Delivery {
        var message = HTTPEndpoint.Message(url: url, contentType: contentType, body: body(batch))
        if !batch.key.isEmpty { message.headers.append("Idempotency-Key", batch.key) }
        switch await endpoint.post(message) {
        case .failed(let delivery): return delivery
        case .answered(let response) where 200..<300 ~= response.status: return .accepted()
        case .answered(let response): return endpoint.delivery(of: response, url)
        }
    }

    private var contentType: String {
        switch encoding {
        case .array: "application/json"
        case .lines: isText ? "text/plain; charset=utf-8" : "application/x-ndjson"
        }
    }

    private func body(_ batch: Batch) -> [UInt8] {
        var body: [UInt8] = []
        body.reserveCapacity(batch.lineBytes + batch.records.count + 2)
        switch encoding {
        case .lines:
            for record in batch.records {
                format.append(record, to: &body)
                body.append(UInt8(ascii: "\n"))
            }
        case .array:
            for record in batch.records {
                body.append(UInt8(ascii: body.isEmpty ? "[" : ","))
                format.appendJSON(record, isText: isText, to: &body)
            }
            body.append(UInt8(ascii: "]"))
        }
        return body
    }
}

extension Batch {
    /// Of all lines: about what they need in any format.
    var lineBytes: Int { records.reduce(0) { $0 + $1.entry.line.count } }
}

extension RecordFormat {
    /// Appends the record as a JSON value: a format's text becomes a string.
    func appendJSON(_ record: SpooledRecord, isText: Bool, to body: inout [UInt8]) {
        guard isText else { return append(record, to: &body) }
        var line: [UInt8] = []
        append(record, to: &line)
        JSONString.append(String(decoding: line, as: UTF8.self), to: &body)
    }
}
