/// How one transport reaches the network. Connections are shared among requests, so different settings need different transports.
package struct TransportOptions: Sendable, Hashable {
    package enum IPVersion: String, Sendable, CaseIterable {
        case any
        case v4 = "4"
        case v6 = "6"
    }

    /// "twilship/1.0.0".
    package var userAgent: String
    /// A proxy's URL, perhaps with credentials; always used through CONNECT, so that it sees no request and no header of ours.
    /// Nil: HTTPS_PROXY, HTTP_PROXY and ALL_PROXY as libcurl reads them. Empty: none, whatever the environment says.
    package var proxy: String?
    /// Hosts reached without the proxy. Nil: NO_PROXY.
    package var noProxy: [String]?
    /// The certificates to trust instead of the system's, as PEM.
    package var caFile: String?
    package var certFile: String?
    package var keyFile: String?
    /// The name that peers' certificates must have, and that is asked for in the TLS handshake (SNI); requests still go to
    /// the URL's host and name it in `Host`. Nil: the URL's host.
    package var serverName: String?
    package var ipVersion = IPVersion.any
    /// Whether `http://` may be asked at all. Who sets this answers for what is then sent in the clear.
    package var allowsPlainHTTP = false
    /// Requests at work per origin, and so connections; those beyond wait in order. Twilio refuses too much concurrency with 429.
    package var maxConnectionsPerHost = 16
    /// Requests at work in all, and connections kept: libcurl's own default is small enough to reconnect again and again.
    package var maxConnections = 64
    /// Requests waiting for their turn. More means that a caller has lost count.
    package var maxWaiting = 4096

    package init(userAgent: String) {
        self.userAgent = userAgent
    }
}

extension TransportOptions: CustomStringConvertible, CustomReflectable {
    package var description: String { "TransportOptions(\(userAgent))" }
    /// Without the proxy, whose URL may hold a password.
    package var customMirror: Mirror { Mirror(self, children: ["userAgent": userAgent, "ipVersion": ipVersion]) }
}
