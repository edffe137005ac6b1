import PipelineCore
import Transport

/// The value of a `Retry-After` header (RFC 9110, section 10.2.3).
enum RetryAfter {
    /// More is taken for nonsense. What is left the dispatcher bounds further.
    private static let longest: Duration = .seconds(86_400)

    /// Seconds, or a date, which is taken against the answer's own `Date`, else against this host's clock. Nil without
    /// the header, and for nonsense.
    static func duration(of response: HTTPResponse, now: Timestamp) -> Duration? {
        guard let text = response.headers["Retry-After"] else { return nil }
        if let seconds = Int(text) {
            return (0...longest.components.seconds).contains(Int64(seconds)) ? .seconds(seconds) : nil
        }
        guard let date = timestamp(text) else { return nil }
        let wait = date - (response.headers["Date"].flatMap(timestamp) ?? now)
        return wait <= longest ? max(.zero, wait) : nil
    }

    /// An HTTP date in its preferred form is an RFC 2822 date.
    private static func timestamp(_ text: String) -> Timestamp? {
        Timestamp(rfc2822: Array(text.utf8)[...])
    }
}
