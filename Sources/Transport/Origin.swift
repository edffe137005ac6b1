/// Scheme, host and port: what credentials are bound to. Equal origins are the same place (RFC 6454).
package struct Origin: Hashable, Sendable {
    package enum Scheme: String, Sendable {
        case http
        case https

        var defaultPort: UInt16 { self == .http ? 80 : 443 }
    }

    package let scheme: Scheme
    /// Lowercase; an IPv6 address without its brackets.
    package let host: String
    package let port: UInt16

    /// "monitor.twilio.com:443", "[::1]:8080".
    package var authority: String { "\(bracketedHost):\(port)" }

    /// True for localhost and the loopback addresses. A name that merely resolves to one does not count.
    package var isLoopback: Bool {
        if host == "localhost" || host == "::1" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }

    /// As a request's `Host` has it (RFC 9110, 7.2).
    var hostHeader: String { port == scheme.defaultPort ? bracketedHost : authority }

    private var bracketedHost: String { host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]" : host }
}

extension Origin: CustomStringConvertible {
    /// As it stands in a URL: the scheme's own port is left out.
    package var description: String {
        port == scheme.defaultPort ? "\(scheme.rawValue)://\(bracketedHost)" : "\(scheme.rawValue)://\(authority)"
    }
}
