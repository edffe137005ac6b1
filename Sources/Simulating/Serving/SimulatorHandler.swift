import FlyingFox
import Foundation

/// Translates between FlyingFox and the model, and does what only a connection can: be slow, break off, reset.
struct SimulatorHandler: HTTPHandler {
    let twilio: SimulatedTwilio

    /// Requests carry no bodies; what is longer is refused unread.
    static let maximumBody = 64 * 1_024
    private static let maximumTarget = 16 * 1_024
    /// One write for most pages.
    private static let writeSize = 1_024 * 1_024

    func handleRequest(_ request: HTTPRequest) async throws -> HTTPResponse {
        let now = SimulatorClock.now()
        let target = request.target.rawValue
        if target.utf8.count > Self.maximumTarget { return refusal(414, "the target is too long") }
        if (request.bodySequence.count ?? .max) > Self.maximumBody { return refusal(413, "the body is too long") }
        var headers: [String: String] = [:]
        for (header, value) in request.headers { headers[header.rawValue] = value }
        let asked = SimulatedRequest(method: request.method.rawValue, target: target, headers: headers)

        if let first = asked.path?.first, first == "truth" || first == "control" {
            guard isLoopback(request.remoteAddress) else { return refusal(403, "only for callers on this machine") }
            if request.method == .GET, asked.path == ["truth"] { return truth(asked, now) }
        }
        return try await deliver(twilio.answer(asked, at: now), to: request)
    }

    private func deliver(_ response: SimulatedResponse, to request: HTTPRequest) async throws -> HTTPResponse {
        var headers = HTTPHeaders()
        for (name, value) in response.headers { headers[HTTPHeader(name)] = value }
        let status = HTTPStatusCode(response.status, phrase: Self.phrases[response.status] ?? "Other")
        var body = HTTPBodySequence(data: Data(response.body), suggestedBufferSize: Self.writeSize)
        switch response.delivery {
        case .whole: break
        case .slow(let delay): try await Task.sleep(for: delay)
        case .truncated(let count):
            body = HTTPBodySequence(
                from: BrokenBody(bytes: Array(response.body.prefix(count))), count: response.body.count)
        case .reset:
            if case .ip4(_, let port) = request.remoteAddress { SocketOptions.resetOnClose(peerPort: port) }
            body = HTTPBodySequence(from: BrokenBody(bytes: []), count: response.body.count)
        }
        if request.method == .HEAD { body = HTTPBodySequence(data: Data()) }
        return HTTPResponse(statusCode: status, headers: headers, body: body)
    }

    private func truth(_ request: SimulatedRequest, _ now: Int64) -> HTTPResponse {
        let query: TruthQuery
        do {
            query = try ControlParameters(request).truthQuery()
        } catch {
            return refusal(400, error.message)
        }
        return HTTPResponse(
            statusCode: .ok, headers: [.contentType: "text/plain"],
            body: HTTPBodySequence(from: TruthBody(lists: twilio.truthLists(query, at: now))))
    }

    private func refusal(_ status: Int, _ message: String) -> HTTPResponse {
        HTTPResponse(
            statusCode: HTTPStatusCode(status, phrase: Self.phrases[status] ?? "Other"),
            headers: [.contentType: "application/json"],
            body: Data("{\"message\": \(JSONText.string(message)), \"status\": \(status)}\n".utf8))
    }

    private func isLoopback(_ address: HTTPRequest.Address?) -> Bool {
        guard case .ip4(let text, _) = address else { return false }
        return text.hasPrefix("127.")
    }

    private static let phrases = [
        200: "OK", 307: "Temporary Redirect", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden",
        404: "Not Found", 405: "Method Not Allowed", 413: "Content Too Large", 414: "URI Too Long",
        429: "Too Many Requests", 500: "Internal Server Error", 503: "Service Unavailable",
    ]
}
