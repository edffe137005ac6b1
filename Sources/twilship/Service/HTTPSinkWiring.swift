import Formatting
import Foundation
import Logging
import PipelineCore
import Settings
import Sinks
import Transport

extension HTTPSinkSettings {
    /// - Parameters:
    ///   - watch: of the thread that sends; made when that is.
    ///   - isText: whether the format's lines are text rather than JSON.
    ///   - longest: bounds the timeout that is set.
    /// - Throws: `SecretError`, `TransportError`, `HTTPURLError`: sentences for people.
    func make(
        format: Formatting.RecordFormat, isText: Bool, inFlight: Int, logger: Logger, longest: Duration? = nil,
        watch: @autoclosure () -> TurnWatch? = nil
    ) throws -> HTTPSink {
        func watched(_ reference: SecretReference) throws -> HTTPSecret {
            let secret = try WatchedSecret(reference, logger: logger)
            return HTTPSecret(
                place: "\(reference)", current: { secret.current().reveal() }, refresh: { secret.refresh() })
        }
        var options = HTTPSinkOptions(url: try HTTPURL(url.description), format: format)
        options.isText = isText
        options.inFlight = inFlight
        options.compresses = compression == .gzip
        options.timeout = longest.map { min($0, timeout) } ?? timeout
        options.headers = try headers.map { header in
            switch header.value {
            case .literal(let text): .init(header.name, .literal(text))
            case .secret(let reference): .init(header.name, .secret(try watched(reference)))
            }
        }
        options.authentication =
            switch authentication {
            case .none: .none
            case .token(let reference): .token(try watched(reference))
            case .basic(let user, let password): .basic(user: user, password: try watched(password))
            }
        options.preset =
            switch preset {
            case .generic:
                .generic(
                    encoding == .ndjson ? .lines : .array,
                    try signature.map { .init(secret: try watched($0.secret), header: $0.header) })
            case .splunkHEC:
                .splunk(
                    SplunkOptions(
                        index: index, sourcetype: sourcetype, host: ProcessInfo.processInfo.hostName,
                        acknowledgement: acknowledgement))
            case .elasticBulk: .elastic(index: index)
            }
        let transport = try CurlTransport(transportOptions, watch: watch())
        return try HTTPSink(options, transport: transport) { await transport.shutdown() }
    }

    var transportOptions: TransportOptions {
        var options = TransportOptions(network, for: url)
        options.caFile = tls?.caFile ?? network.caFile
        options.certFile = tls?.certificateFile
        options.keyFile = tls?.keyFile
        options.serverName = tls?.serverName
        return options
    }
}

extension TransportOptions {
    init(_ network: NetworkSettings, for address: WebAddress) {
        self.init(userAgent: "twilship/\(Twilship.version)")
        proxy = network.proxy?.description
        noProxy = network.noProxy.isEmpty ? nil : network.noProxy
        caFile = network.caFile
        ipVersion =
            switch network.ipVersion {
            case .any: .any
            case .four: .v4
            case .six: .v6
            }
        // The settings allow plain http for loopback addresses only.
        allowsPlainHTTP = address.scheme == .http
    }
}
