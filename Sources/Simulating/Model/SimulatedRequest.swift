/// A request as the simulated Twilio sees it.
package struct SimulatedRequest: Sendable {
    package var method: String
    /// Path and query as sent, such as `/v1/Events?PageSize=10`.
    package var target: String
    /// Names in lower case.
    private var headers: [String: String]

    package init(method: String = "GET", target: String, headers: [String: String] = [:]) {
        self.method = method
        self.target = target
        self.headers = [:]
        for (name, value) in headers { self.headers[name.lowercased()] = value }
    }

    /// A GET with Basic credentials.
    package static func get(
        _ target: String, user: String, password: String, host: String = "simulator.test"
    ) -> SimulatedRequest {
        let credentials = Base64.encoded(Array("\(user):\(password)".utf8))
        return SimulatedRequest(target: target, headers: ["Host": host, "Authorization": "Basic \(credentials)"])
    }

    package func header(_ name: String) -> String? {
        headers[name.lowercased()]
    }

    /// The path's parts, percent-decoded; nil where an escape is broken.
    var path: [String]? {
        let path = target.prefix { $0 != "?" && $0 != "#" }
        var parts: [String] = []
        for part in path.split(separator: "/") {
            guard let decoded = PercentCoding.decoded(part, plusIsSpace: false) else { return nil }
            parts.append(decoded)
        }
        return parts
    }

    /// The query's items in order, decoded as forms are: `+` is a space. Nil where an escape is broken.
    var query: [(name: String, value: String)]? {
        guard let mark = target.firstIndex(of: "?") else { return [] }
        let query = target[target.index(after: mark)...].prefix { $0 != "#" }
        var items: [(String, String)] = []
        for item in query.split(separator: "&") {
            let parts = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = PercentCoding.decoded(parts[0], plusIsSpace: true),
                let value = PercentCoding.decoded(parts.count > 1 ? parts[1] : "", plusIsSpace: true)
            else { return nil }
            items.append((name, value))
        }
        return items
    }

    /// User and password of Basic credentials, RFC 7617; nil if there are none that can be read.
    var credentials: (user: String, password: String)? {
        guard let header = header("authorization") else { return nil }
        let parts = header.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "basic", let bytes = Base64.decoded(parts[1]) else {
            return nil
        }
        let text = String(decoding: bytes, as: UTF8.self)
        guard let colon = text.firstIndex(of: ":") else { return nil }
        return (String(text[..<colon]), String(text[text.index(after: colon)...]))
    }
}
