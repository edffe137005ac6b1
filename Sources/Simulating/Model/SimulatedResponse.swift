/// An answer of the simulated Twilio.
package struct SimulatedResponse: Sendable {
    /// How the bytes reach the caller; only a socket can show the difference.
    package enum Delivery: Sendable, Equatable {
        case whole
        /// The connection is closed after this many bytes of the body.
        case truncated(after: Int)
        case slow(Duration)
        /// The connection is reset.
        case reset
    }

    package var status: Int
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]
    package var delivery: Delivery = .whole
    /// What an error says, so that it can be told in another form.
    var problem: (code: Int, message: String)?

    package func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    mutating func setHeader(_ name: String, _ value: String) {
        headers.removeAll { $0.name.lowercased() == name.lowercased() }
        headers.append((name, value))
    }

    static func json(_ body: [UInt8], status: Int = 200) -> SimulatedResponse {
        SimulatedResponse(
            status: status, headers: [("Content-Type", "application/json; charset=utf-8")], body: body)
    }

    static func json(_ body: String, status: Int = 200) -> SimulatedResponse {
        json(Array(body.utf8), status: status)
    }

    /// Twilio's error body.
    static func error(_ status: Int, code: Int, _ message: String) -> SimulatedResponse {
        var response = json(
            """
            {"code": \(code), "message": \(JSONText.string(message)), \
            "more_info": "https://www.twilio.com/docs/errors/\(code)", "status": \(status)}
            """, status: status)
        response.problem = (code, message)
        return response
    }

    static func html(_ page: String, status: Int) -> SimulatedResponse {
        SimulatedResponse(
            status: status, headers: [("Content-Type", "text/html"), ("Server", "CloudFront")], body: Array(page.utf8))
    }

    /// Puts Twilio's error body into another form; what is no such error is left alone.
    mutating func tellError(as form: SimulatorOptions.ErrorForm) {
        guard let (code, message) = problem else { return }
        switch form {
        case .classic: break
        case .problem:
            body = Array(
                """
                {"type": "https://www.twilio.com/docs/errors/\(code)", "title": "Error \(code)", \
                "status": \(status), "code": \(code), "detail": \(JSONText.string(message))}
                """.utf8)
            setHeader("Content-Type", "application/problem+json")
        case .bare:
            body = Array("{\"message\": \(JSONText.string(message)), \"status\": \(status)}".utf8)
        case .html:
            body = Array("<html><head><title>\(status)</title></head><body>\(status)</body></html>".utf8)
            setHeader("Content-Type", "text/html")
        }
    }

    static func notFound(_ path: String) -> SimulatedResponse {
        error(404, code: 20404, "The requested resource \(path) was not found")
    }
}
