/// A URL that requests may be sent to, in parts: https, or http to this machine only.
///
/// It has no user, password, query or fragment; the path has no trailing slash.
package struct WebAddress: Sendable, Hashable, CustomStringConvertible {
    package enum Scheme: String, Sendable { case http, https }

    package let scheme: Scheme
    /// In lower case; an IPv6 address without its brackets.
    package let host: String
    package let port: Int
    /// Empty, or beginning with a slash.
    package let path: String

    package init(scheme: Scheme, host: String, port: Int? = nil, path: String = "") {
        self.scheme = scheme
        self.host = host
        self.port = port ?? Self.usualPort(scheme)
        self.path = path
    }

    /// Why a text is no such address, as the end of a sentence. Never quotes the text: it may hold a password.
    struct Malformed: Error { let reason: String }

    private static let maximumLength = 2_048

    /// - Parameter anyHost: plain http is allowed to hosts other than this machine; true for proxies only, which see
    ///   nothing but the encrypted connection.
    init(parsing text: String, plainToAnyHost anyHost: Bool = false) throws(Malformed) {
        if text.utf8.count > Self.maximumLength || !text.isVisibleASCII {
            throw Malformed(reason: "is not a URL: only visible ASCII characters, at most \(Self.maximumLength)")
        }
        guard let separator = text.firstRange(of: "://") else {
            throw Malformed(reason: "is not a URL; write it like \"https://host.example.com\"")
        }
        guard let scheme = Scheme(rawValue: text[..<separator.lowerBound].lowercased()) else {
            throw Malformed(reason: "must begin with https://")
        }
        let rest = text[separator.upperBound...]
        let authority = rest.prefix { !"/?#".contains($0) }
        let path = rest.dropFirst(authority.count)
        if authority.contains("@") {
            throw Malformed(reason: "must not contain a user or password; credentials have keys of their own")
        }
        if path.contains("?") || path.contains("#") {
            throw Malformed(reason: "must not contain a query or fragment (`?` or `#`)")
        }
        guard let endpoint = Endpoint(String(authority), defaultPort: Self.usualPort(scheme)) else {
            throw Malformed(reason: "has no valid host name or port")
        }
        if scheme == .http, !anyHost, !endpoint.isLoopback {
            throw Malformed(reason: "must begin with https://; plain http is for this machine only (localhost)")
        }
        self.init(
            scheme: scheme, host: endpoint.host, port: endpoint.port,
            path: String(path.hasSuffix("/") ? path.dropLast() : path))
    }

    /// Without the port where it is the scheme's own.
    package var origin: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return "\(scheme.rawValue)://\(name)" + (port == Self.usualPort(scheme) ? "" : ":\(port)")
    }

    package var description: String { origin + path }

    private static func usualPort(_ scheme: Scheme) -> Int { scheme == .https ? 443 : 80 }
}
