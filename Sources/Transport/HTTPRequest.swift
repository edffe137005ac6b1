/// One request. Its description names method and place only: query, header values, credentials and body stay out of every text.
package struct HTTPRequest: Sendable {
    package enum Method: String, Sendable {
        case get = "GET"
        case post = "POST"
    }

    package var method: Method
    package var url: HTTPURL
    /// Sent as they are; `User-Agent` and `Accept-Encoding: gzip` are added. No control characters.
    package var headers: HTTPHeaders
    package var body: [UInt8]?
    package var basicAuth: BasicAuth?
    package var limits: HTTPLimits

    package init(
        _ method: Method = .get, _ url: HTTPURL, headers: HTTPHeaders = [:], body: [UInt8]? = nil,
        basicAuth: BasicAuth? = nil, limits: HTTPLimits = HTTPLimits()
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.basicAuth = basicAuth
        self.limits = limits
    }
}

/// A user and password for HTTP Basic (RFC 7617), sent with the request's first byte and to its origin only. Prints redacted.
package struct BasicAuth: Sendable, Hashable {
    package let user: String
    package let password: String

    package init(user: String, password: String) {
        self.user = user
        self.password = password
    }
}

extension BasicAuth: CustomStringConvertible, CustomReflectable {
    package var description: String { "BasicAuth(\(user), redacted)" }
    package var customMirror: Mirror { Mirror(self, children: ["user": user]) }
}

extension HTTPRequest: CustomStringConvertible, CustomReflectable {
    package var description: String { "\(method.rawValue) \(url.origin)\(url.path)" }
    package var customMirror: Mirror { Mirror(self, children: ["request": description]) }
}
