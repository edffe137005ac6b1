import Foundation
import PipelineCore

/// What a collector says of a request.
struct SplunkAnswer: Decodable {
    let code: Int
    /// Of the acknowledgement, if the token has that turned on.
    let number: Int?
    /// Counted from 0: the first event that it cannot read.
    let invalidEvent: Int?

    private enum CodingKeys: String, CodingKey {
        case code
        case number = "ackId"
        case invalidEvent = "invalid-event-number"
    }

    /// Nil if it is no collector's answer.
    init?(_ body: [UInt8]) {
        guard let answer = try? JSONDecoder().decode(Self.self, from: Data(body)) else { return nil }
        self = answer
    }

    /// 24 and 25 announce that a queue is about to be full; what was sent is taken.
    var isSuccess: Bool { [0, 24, 25].contains(code) }
}

/// What a collector says of acknowledgements.
struct SplunkAcknowledgements: Decodable {
    private let acks: [String: Bool]

    init?(_ body: [UInt8]) {
        guard let answer = try? JSONDecoder().decode(Self.self, from: Data(body)) else { return nil }
        self = answer
    }

    var acknowledged: [Int] { acks.compactMap { $0.value ? Int($0.key) : nil } }
}

/// The codes of https://docs.splunk.com/Documentation/Splunk/latest/Data/TroubleshootHTTPEventCollector
///
/// | code | delivery |
/// | --- | --- |
/// | 1 to 4, 16, 21, 22: the token | hold, or retry if it is another one now |
/// | 5: no data arrived; 7: the index is not the token's; 10, 11: the channel; 14: acknowledgement is off | hold |
/// | 6, 12, 13, 15: an event cannot be read | that record is rejected and the others sent again; without a number split |
/// | 8: an error of its own | fault |
/// | 9, 18, 19, 20, 23, 26, 27: busy, full, unhealthy, shutting down | retry |
extension SplunkAnswer {
    /// Nil if the code says nothing and the status is to decide.
    func delivery(of batch: Batch, reason: String, retryAfter: Duration?, _ endpoint: HTTPEndpoint) -> Delivery? {
        switch code {
        case 1...4, 16, 21, 22: return endpoint.refusal(reason)
        case 5:
            return .hold(
                reason: "\(reason). What was sent did not arrive: check `compression` and the proxy between.")
        case 7:
            return .hold(
                reason: "\(reason). Check `index`, and that the token's settings in Splunk allow it; without `index` "
                    + "the token's default is used.")
        case 10, 11:
            return .hold(reason: "\(reason). The token has indexer acknowledgement turned on: set `ack = true`.")
        case 14: return .hold(reason: Self.acknowledgementIsOff(reason))
        case 6, 12, 13, 15:
            guard let invalidEvent, batch.records.indices.contains(invalidEvent) else { return .split(reason: reason) }
            // What became of those before it the answer does not say, and no acknowledgement was promised for them.
            return .perRecord(
                batch.records.indices.map { index in
                    index == invalidEvent
                        ? .rejected(reason: reason) : .retry(reason: "sent together with a record that was refused")
                })
        case 8: return .fault(after: retryAfter, reason: reason)
        case 9, 18, 19, 20, 23, 26, 27: return .retry(after: retryAfter, reason: reason)
        default: return nil
        }
    }

    static func acknowledgementIsOff(_ reason: String) -> String {
        "\(reason). The token does not acknowledge: turn indexer acknowledgement on for it in Splunk, or set "
            + "`ack = false` and accept that what Splunk loses before indexing is lost."
    }
}
