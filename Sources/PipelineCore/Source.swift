/// One list endpoint of one account: what a stream is read from.
package protocol Source: Sendable {
    /// The server's clock. Asks the server if it is not known yet.
    func serverTime() async throws(SourceError) -> Timestamp

    /// Makes one complete pass over a window: every page of it, or an error.
    ///
    /// What is asked is a tick wider than the window at both ends, so that the answer holds every record of it however
    /// the server reads its bounds.
    /// - Parameter canSplit: whether the window can be made shorter; if not, limits on its contents do not apply.
    func read(_ window: Window, canSplit: Bool) async throws(SourceError) -> WindowContents

    /// How many requests were made so far, successful or not.
    var requestsMade: Int { get }

    /// The shortest span that the server's filters tell apart.
    var tick: Duration { get }
}

/// Why a pass over a window failed. Nothing of the window counts as read then.
package enum SourceError: Error, Sendable {
    /// The window holds more than one pass may gather, or more than the server lists for one query: ask for less.
    case tooMuch(reason: String)
    /// Passing trouble: network, 429, 5xx, a broken answer. Retries within the pass are used up.
    case unavailable(reason: String, retryAfter: Duration?)
    /// 401 or 403: what Twilio said of the credential.
    case unauthorized(reason: String)
    /// 404: the account, service or environment is gone.
    case gone(reason: String)
    /// The answer is one that no honest server gives, and was refused.
    case refused(reason: String)
    /// The task was cancelled.
    case cancelled
}

extension SourceError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .tooMuch(let reason), .unavailable(let reason, _), .unauthorized(let reason), .gone(let reason),
            .refused(let reason):
            reason
        case .cancelled: "the request was cancelled"
        }
    }
}
