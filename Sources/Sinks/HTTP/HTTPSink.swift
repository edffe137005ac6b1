package import PipelineCore
package import Transport

/// Sends batches to an HTTP server.
///
/// - A batch is one request. What the server says of it decides, never that it was sent.
/// - Redirects are not followed, and what an answer says is bounded and shown without control characters and secrets.
/// - A batch that comes again is sent as the same bytes; only a signature's timestamp differs.
package struct HTTPSink: Sink {
    private let preset: any HTTPPreset
    private let closeTransport: @Sendable () async -> Void
    package let outstanding: Int

    /// - Parameters:
    ///   - transport: for this sink alone: it holds the sink's certificates.
    ///   - close: ends the transport.
    /// - Throws: `HTTPURLError`, if what a preset appends to the URL makes it too long.
    package init(
        _ options: HTTPSinkOptions, transport: any HTTPTransport, clock: any PipelineClock = SystemClock(),
        close: @escaping @Sendable () async -> Void = {}
    ) throws {
        let endpoint = HTTPEndpoint(options, transport: transport, clock: clock)
        switch options.preset {
        case .generic(let encoding, _):
            preset = GenericPreset(
                endpoint: endpoint, url: options.url, format: options.format, isText: options.isText,
                encoding: encoding)
        case .splunk(let splunk):
            preset = SplunkPreset(
                endpoint: endpoint, paths: try SplunkPaths(options.url),
                body: SplunkBody(options: splunk, format: options.format, isText: options.isText),
                channel: splunk.acknowledgement ? SplunkChannel() : nil,
                acknowledgementTimeout: splunk.acknowledgementTimeout)
        case .elastic(let index):
            preset = try ElasticPreset(
                endpoint: endpoint, url: options.url, body: ElasticBody(index: index, format: options.format))
        }
        outstanding = max(options.inFlight, preset.leastOutstanding)
        closeTransport = close
    }

    package var guarantee: DeliveryGuarantee { preset.guarantee }
    package var pinsBatches: Bool { preset.pinsBatches }

    package func deliver(_ batch: Batch, handedOver: @escaping @Sendable () -> Void) async -> Delivery {
        await preset.deliver(batch, handedOver: handedOver)
    }

    package func close() async {
        await closeTransport()
    }

    /// Asks the server, without writing anything, whether it is there and knows the credential.
    package func probe() async -> [Finding] {
        await preset.probe()
    }
}

/// How a product is spoken to: a batch becomes a request, an answer an outcome.
protocol HTTPPreset: Sendable {
    var guarantee: DeliveryGuarantee { get }
    var pinsBatches: Bool { get }
    /// How many batches may wait for their acknowledgement, however few are sent at once.
    var leastOutstanding: Int { get }

    func deliver(_ batch: Batch, handedOver: @Sendable () -> Void) async -> Delivery
    /// Asks what can be asked without writing anything.
    func probe() async -> [Finding]
}

extension HTTPPreset {
    var leastOutstanding: Int { 1 }
}

extension Delivery {
    /// Why nothing was accepted.
    var reason: String? {
        switch self {
        case .accepted, .perRecord: nil
        case .retry(_, let reason), .fault(_, let reason), .split(let reason), .hold(let reason): reason
        }
    }
}
