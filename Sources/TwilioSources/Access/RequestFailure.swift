import Parsing
import PipelineCore
import Transport

/// An answer other than 200, or none, by the error table of Twilio's APIs (https://www.twilio.com/docs/api/errors).
struct RequestFailure: Error {
    let error: SourceError
    /// How often the request may be sent in all.
    var attempts = 1
    /// Nil if there was no answer.
    var status: Int?
    var retryAfter: Duration?
    /// The answer had more bytes than allowed.
    var isTooLarge = false

    /// What no repetition helps against.
    init(_ error: SourceError) {
        self.error = error
    }

    /// What the caller is told, with what is known of the answer behind it.
    init(_ error: SourceError, like failure: RequestFailure?) {
        self.error = error
        status = failure?.status
        isTooLarge = failure?.isTooLarge ?? false
    }

    init(_ error: TransportError, _ url: HTTPURL) {
        let reason = "\(url.origin)\(url.path): \(error)"
        switch error {
        case .cancelled: self.error = .cancelled
        case .bodyTooLarge:
            isTooLarge = true
            self.error = .tooMuch(reason: "\(reason)")
        case _ where error.isTransient:
            attempts = APILine.attempts
            self.error = .unavailable(reason: Reason(reason), retryAfter: nil)
        // It is the way to Twilio that is shut, for all that go there.
        case .proxyRefused: self.error = .unavailable(reason: Reason(reason), retryAfter: nil)
        default: self.error = .refused(reason: reason)
        }
    }

    init(_ error: PageError, _ url: HTTPURL) {
        attempts = APILine.attempts
        status = 200
        self.error = .unavailable(reason: "\(url.origin)\(url.path): \(error)", retryAfter: nil)
    }

    /// Nil if the answer says that it is JSON, or says nothing.
    init?(contentTypeOf response: HTTPResponse, _ url: HTTPURL) {
        guard let type = response.headers["content-type"], !Self.isJSON(type) else { return nil }
        // What is not HTML may be the list itself, with secrets in it.
        let first = response.body.first { ![9, 10, 13, 32].contains($0) }
        let begins = first == UInt8(ascii: "<") ? "; it begins: \(Excerpt(response.body))" : ""
        attempts = APILine.attempts
        status = 200
        error = .unavailable(
            reason: "\(url.origin)\(url.path) answered 200 with the Content-Type \(Excerpt(type.utf8)) instead of JSON"
                + "; a proxy or a maintenance page may have answered in Twilio's place\(begins)",
            retryAfter: nil)
    }

    init(_ response: HTTPResponse, _ url: HTTPURL) {
        let said = TwilioErrorBody(response.body)
        let request = response.headers["twilio-request-id"].map { " (Twilio-Request-Id \(printable($0, 64)))" } ?? ""
        let code = said.code.map { ", Twilio error \($0)" } ?? ""
        var words = said.message.map { ": \"\(printable($0, 500))\"" } ?? ""
        // A success that is not 200 may be the list itself, with secrets in it.
        if said.message == nil, !response.body.isEmpty, response.status >= 300 {
            words = "; it begins: \(Excerpt(response.body))"
        }
        let reason = Reason(
            "\(url.origin)\(url.path) answered \(response.status)\(code)\(words)\(request)", status: response.status,
            requestID: response.headers["twilio-request-id"].map { printable($0, 64) })
        status = response.status
        retryAfter = RetryAfter.duration(of: response)
        switch response.status {
        case 401:
            // Twilio refuses good credentials now and then.
            attempts = APILine.attemptsWhenRefused
            error = .unauthorized(reason: reason, retryAfter: retryAfter)
        case 403:
            error = .unauthorized(reason: reason, retryAfter: retryAfter)
        case 404:
            error = .gone(reason: reason)
        case 400 where said.message?.contains("Invalid page and pageSize combination") == true:
            // Paging past what the server lists for one query, seen as Alerts' form of the 10,000 cap.
            error = .tooMuch(reason: "\(reason)")
        case 300..<400:
            error = .refused(reason: "\(reason)" + "; redirects are never followed: check base_url and the proxy")
        case 408, 425, 429, 500...:
            attempts = APILine.attempts
            error = .unavailable(reason: reason, retryAfter: retryAfter)
        default:
            // 400 with a bad page token (21481, 70002) among them: the window is read anew, later.
            error = .unavailable(reason: reason, retryAfter: nil)
        }
    }

    /// `application/json`, and what RFC 6839 derives from it.
    private static func isJSON(_ contentType: String) -> Bool {
        let type = contentType.prefix { $0 != ";" }.lowercased().filter { $0 != " " && $0 != "\t" }
        return type.isEmpty || type.hasSuffix("/json") || type.hasSuffix("+json")
    }
}

/// The value of a `Retry-After` header (RFC 9110, section 10.2.3).
enum RetryAfter {
    /// Seconds, or a date, which is taken against the answer's own `Date`. Nil for more than a day and for nonsense.
    static func duration(of response: HTTPResponse) -> Duration? {
        guard let text = response.headers["retry-after"] else { return nil }
        if let seconds = Int(text) { return (0...86_400).contains(seconds) ? .seconds(seconds) : nil }
        guard let date = timestamp(httpDate: text), let now = response.headers["date"].flatMap(timestamp(httpDate:))
        else { return nil }
        let wait = date - now
        return wait <= .seconds(86_400) ? max(.zero, wait) : nil
    }
}

/// Words of the other side, fit for a log line: control and bidirectional characters as `?`, at most `limit` of all.
private func printable(_ text: String, _ limit: Int) -> String {
    String(
        String.UnicodeScalarView(
            text.unicodeScalars.prefix(limit).map { scalar in
                switch scalar.properties.generalCategory {
                case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned: "?"
                default: scalar
                }
            }))
}
