import PipelineCore
import Transport

/// Elasticsearch, and what has its `_bulk`.
///
/// A record that is sent again is recognised by its id, within the index that is written to: once a data stream has
/// rolled over, an older one is not looked into. So what is promised is at least once, and twice is rare.
struct ElasticPreset: HTTPPreset {
    let endpoint: HTTPEndpoint
    /// The cluster's own address.
    let place: HTTPURL
    let url: HTTPURL
    let body: ElasticBody

    /// - Throws: `HTTPURLError`
    init(endpoint: HTTPEndpoint, url: HTTPURL, body: ElasticBody) throws(HTTPURLError) {
        self.endpoint = endpoint
        self.body = body
        place = url
        let target = try body.index.map { index throws(HTTPURLError) in try url.appending(path: index) } ?? url
        self.url = try target.appending(path: "/_bulk").withQuery([("filter_path", ElasticAnswer.filter)])
    }

    var guarantee: DeliveryGuarantee { .atLeastOnce }
    var pinsBatches: Bool { false }

    /// Of the answer for one record: its status, and two sentences if it is refused.
    private static let answerPerRecord = 4 << 10

    func deliver(_ batch: Batch, handedOver: @Sendable () -> Void) async -> Delivery {
        var message = HTTPEndpoint.Message(url: url, contentType: "application/x-ndjson", body: body.bytes(batch))
        message.answerLimit = HTTPEndpoint.keptOfAnswer + batch.records.count * Self.answerPerRecord
        switch await endpoint.post(message) {
        case .failed(let delivery): return delivery
        case .answered(let response):
            guard 200..<300 ~= response.status else { return endpoint.delivery(of: response, url) }
            let said = "\(url.origin)\(url.path) answered \(response.status)"
            if response.body.count >= message.answerLimit, batch.records.count > 1 {
                return .split(reason: "\(said) with more than \(message.answerLimit) bytes")
            }
            return ElasticAnswer(response.body)?.delivery(of: batch.records.count, endpoint, said)
                ?? .retry(
                    reason: "\(endpoint.said(response, url)). This does not say what became of each record, as "
                        + "Elasticsearch does: check `url`.")
        }
    }
}
