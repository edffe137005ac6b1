/// Why something failed: a sentence for people, and what is known of the answer that said so.
package struct Reason: Sendable, Equatable, ExpressibleByStringInterpolation, CustomStringConvertible {
    package var description: String
    /// The answer's HTTP status.
    package var status: Int?
    /// Twilio's own name for the request.
    package var requestID: String?

    package init(_ text: String, status: Int? = nil, requestID: String? = nil) {
        description = text
        self.status = status
        self.requestID = requestID
    }

    package init(stringLiteral text: String) {
        self.init(text)
    }

    package static func + (reason: Reason, more: String) -> Reason {
        Reason(reason.description + more, status: reason.status, requestID: reason.requestID)
    }
}
