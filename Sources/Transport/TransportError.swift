/// Why there is no response. A description is one sentence that names the peer and what was tried; secrets are never in it.
package enum TransportError: Error, Sendable, Hashable {
    case nameNotResolved(Context)
    case couldNotConnect(Context)
    case connectTimedOut(Context, after: Duration)
    /// The proxy could not be reached, or failed to open the tunnel.
    case proxyFailed(Context)
    /// The proxy does not open the tunnel for us: it wants credentials or other ones (407), or does not let anybody
    /// through to that host (403).
    case proxyRefused(Context, status: Int)
    /// The TLS handshake failed: no common version, a reset, an alert from the peer.
    case tlsFailed(Context)
    /// The peer's certificate is not trusted or names another host. Nothing was sent.
    case certificateRefused(Context)
    /// The peer wants a client certificate, or another one.
    case clientCertificateRefused(Context)
    case timedOut(Context, after: Duration)
    case tooSlow(Context, bytesPerSecond: Int, duration: Duration)
    /// The connection broke before the response was whole. Whether the peer acted on the request is unknown.
    case interrupted(Context)
    /// What came is not an HTTP response, or its body cannot be decoded.
    case badResponse(Context)
    case headersTooLarge(Context, limit: String)
    case bodyTooLarge(Context, limit: Int)
    /// The caller's mistake.
    case invalidRequest(reason: String)
    /// This host lacks what the options ask for, such as a readable CA file.
    case badLocalSetup(Context)
    case tooManyWaiting(limit: Int)
    case cancelled
    case shutDown
    case other(Context)

    /// What every failure on the network knows.
    package struct Context: Sendable, Hashable {
        /// Host and port: "monitor.twilio.com:443".
        package let target: String
        package let code: CurlCode
        /// libcurl's or our own words on the reason; control characters replaced, at most 256 bytes.
        package let detail: String

        package init(target: String, code: CurlCode, detail: String) {
            self.target = target
            self.code = code
            self.detail = detail
        }
    }

    /// A `CURLcode`, kept open: newer libraries know more than this list.
    package struct CurlCode: RawRepresentable, Sendable, Hashable {
        package let rawValue: UInt32

        package init(rawValue: UInt32) {
            self.rawValue = rawValue
        }
    }

    /// True if the same request may succeed later with nobody changing anything.
    package var isTransient: Bool {
        switch self {
        case .nameNotResolved, .couldNotConnect, .connectTimedOut, .proxyFailed, .tlsFailed, .timedOut, .tooSlow,
            .interrupted, .badResponse, .tooManyWaiting, .other:
            true
        case .proxyRefused, .certificateRefused, .clientCertificateRefused, .headersTooLarge, .bodyTooLarge,
            .invalidRequest, .badLocalSetup, .cancelled, .shutDown:
            false
        }
    }

    /// Nil where no peer was involved.
    package var context: Context? {
        switch self {
        case .nameNotResolved(let context), .couldNotConnect(let context), .connectTimedOut(let context, _),
            .proxyFailed(let context), .proxyRefused(let context, _), .tlsFailed(let context),
            .certificateRefused(let context), .clientCertificateRefused(let context), .timedOut(let context, _),
            .tooSlow(let context, _, _), .interrupted(let context), .badResponse(let context),
            .headersTooLarge(let context, _), .bodyTooLarge(let context, _), .badLocalSetup(let context),
            .other(let context):
            context
        case .invalidRequest, .tooManyWaiting, .cancelled, .shutDown:
            nil
        }
    }
}

extension TransportError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .nameNotResolved(let at): "could not look up the name of \(at)"
        case .couldNotConnect(let at): "could not connect to \(at)"
        case .connectTimedOut(let at, let limit): "could not connect to \(at.target) within \(limit)"
        case .proxyFailed(let at): "could not reach \(at.target) through the proxy: \(at.reason)"
        case .proxyRefused(let at, let status):
            "the proxy answered \(status) and opened no tunnel to \(at.target): \(at.reason)"
        case .tlsFailed(let at): "the TLS handshake with \(at.target) failed: \(at.reason)"
        case .certificateRefused(let at): "the certificate of \(at.target) was refused, nothing was sent: \(at.reason)"
        case .clientCertificateRefused(let at):
            "\(at.target) refused the client certificate, or wants one: \(at.reason)"
        case .timedOut(let at, let limit): "\(at.target) did not answer in full within \(limit)"
        case .tooSlow(let at, let speed, let duration): "\(at.target) sent less than \(speed) bytes/s for \(duration)"
        case .interrupted(let at): "the connection to \(at.target) broke before the answer was whole: \(at.reason)"
        case .badResponse(let at): "the answer of \(at.target) cannot be read: \(at.reason)"
        case .headersTooLarge(let at, let limit): "the answer of \(at.target) has more than \(limit)"
        case .bodyTooLarge(let at, let limit): "the answer of \(at.target) is larger than the limit of \(limit) bytes"
        case .invalidRequest(let reason): "the request cannot be sent: \(reason)"
        case .badLocalSetup(let at): "the settings for \(at.target) cannot be used on this host: \(at.reason)"
        case .tooManyWaiting(let limit): "\(limit) requests are waiting for a connection already"
        case .cancelled: "the request was cancelled"
        case .shutDown: "the transport is shut down"
        case .other(let at): "the request to \(at.target) failed: \(at.reason)"
        }
    }
}

extension TransportError.Context: CustomStringConvertible {
    package var description: String { "\(target): \(reason)" }

    fileprivate var reason: String { code.rawValue == 0 ? detail : "\(detail) (curl \(code.rawValue))" }

    init(_ target: String, code: TransportError.CurlCode = .init(rawValue: 0), detail: String) {
        self.target = target
        self.code = code
        // Parts of it, such as a certificate's name, are the peer's words.
        let printable = detail.unicodeScalars.map { $0.value < 0x20 || $0.value > 0x7E ? "?" : Character($0) }
        self.detail = String(printable.prefix(256))
    }
}
