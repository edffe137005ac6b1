/// One list endpoint of one account: what a stream is read from.
package protocol Source: Sendable {
    /// The server's clock. Asks the server if it is not known yet.
    func serverTime(_ urgency: Urgency) async throws(SourceError) -> Timestamp

    /// Makes one complete pass over a window: every page of it, or an error.
    ///
    /// What is asked is wider than the window at both ends, so that the answer holds every record of it however the
    /// server reads its bounds. Several passes over different windows may be under way at once.
    func read(_ window: Window, _ pass: Pass) async throws(SourceError) -> WindowContents

    /// What was asked so far for this stream, whatever came of it.
    var asked: Asked { get }

    /// The shortest span that windows are cut to.
    var tick: Duration { get }
}

/// What was asked of Twilio: requests, successful or not, and records in answers, also of passes that were given up.
package struct Asked: Sendable, Equatable {
    package var requests = 0
    package var records = 0

    package init(requests: Int = 0, records: Int = 0) {
        self.requests = requests
        self.records = records
    }

    package static func - (left: Asked, right: Asked) -> Asked {
        Asked(requests: left.requests - right.requests, records: left.records - right.records)
    }
}

/// How a pass over a window is to be made.
package struct Pass: Sendable {
    /// Whether the window can be made shorter. If not, limits on its contents do not apply, and what the server does not
    /// list is a gap.
    package let canSplit: Bool
    package let urgency: Urgency
    /// Where the bytes of its pages are counted.
    package let memory: MemoryHold

    package init(canSplit: Bool, urgency: Urgency, memory: MemoryHold) {
        self.canSplit = canSplit
        self.urgency = urgency
        self.memory = memory
    }
}

/// Why a pass over a window failed. Nothing of the window counts as read then.
package enum SourceError: Error, Sendable {
    /// The window holds more than one pass may gather, or more than the server lists for one query: ask for less.
    case tooMuch(reason: String)
    /// Other passes have gathered all that memory allows, and this one is not needed before them: ask again later.
    case noRoom
    /// Passing trouble: network, 429, 5xx, a broken answer. Retries within the pass are used up.
    case unavailable(reason: Reason, retryAfter: Duration?)
    /// 401 or 403: what Twilio said of the credential. Before `retryAfter` nobody asks with it again.
    case unauthorized(reason: Reason, retryAfter: Duration?)
    /// 404: the account, service or environment is gone.
    case gone(reason: Reason)
    /// The answer is one that no honest server gives, and was refused.
    case refused(reason: String)
    /// The task was cancelled.
    case cancelled
}

extension SourceError {
    /// Whether Twilio will not let it be read: the credential is refused, or what is to be read is gone.
    package var isRefusal: Bool {
        switch self {
        case .unauthorized, .gone: true
        default: false
        }
    }

    /// The reason with what is known of the answer; nil if none came.
    package var answer: Reason? {
        switch self {
        case .unavailable(let reason, _), .unauthorized(let reason, _), .gone(let reason): reason
        case .tooMuch, .noRoom, .refused, .cancelled: nil
        }
    }
}

extension SourceError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unavailable(let reason, _), .unauthorized(let reason, _), .gone(let reason): reason.description
        case .tooMuch(let reason), .refused(let reason): reason
        case .noRoom: "memory for pages is used up by other windows"
        case .cancelled: "the request was cancelled"
        }
    }
}
