package import PipelineCore
import Synchronization

/// The clock of one API host: the last believed `Date` header plus the time that passed since, by our monotonic clock.
///
/// - Windows end by it, so our own wall clock may be off by any amount.
/// - A `Date` has whole seconds, so it reads up to a second early. That is the safe side.
/// - A `Date` more than `tolerance` away from what is believed, or at first from our wall clock, counts only after
///   `requiredAgreement` answers in a row said the same; until then the earlier belief stands.
package struct ServerClock: Sendable {
    package static let tolerance: Duration = .seconds(5)
    package static let requiredAgreement = 3

    /// The server's time when the monotonic clock was at zero; nil before the first belief.
    private var epoch: Timestamp?
    private var candidate: (epoch: Timestamp, answers: Int)?

    package init() {}

    /// The server's time when the monotonic clock shows `monotonic`; nil while nothing is believed.
    package func time(at monotonic: Duration) -> Timestamp? {
        epoch.map { $0 + monotonic }
    }

    /// Takes in an answer's `Date`.
    /// - Parameter monotonic: when the answer came.
    /// - Parameter wall: our own wall clock then; only the first belief looks at it.
    package mutating func observe(date: Timestamp, at monotonic: Duration, wall: Timestamp) {
        let observed = date - monotonic
        let believed = epoch ?? wall - monotonic
        if Self.agree(observed, believed) {
            candidate = nil
            // A `Date` is cut to the second: a later one is nearer to the truth, an earlier one only if by more than that.
            if epoch == nil || observed > believed || observed < believed - .seconds(1) { epoch = observed }
            return
        }
        let answers = candidate.map { Self.agree($0.epoch, observed) ? $0.answers + 1 : 1 } ?? 1
        if answers >= Self.requiredAgreement {
            epoch = observed
            candidate = nil
        } else {
            candidate = (observed, answers)
        }
    }

    private static func agree(_ left: Timestamp, _ right: Timestamp) -> Bool {
        max(left, right) - min(left, right) <= tolerance
    }
}

/// Reads an HTTP `Date` (RFC 9110, section 5.6.7, the preferred form): `Fri, 03 Oct 2014 16:48:25 GMT`.
package func timestamp(httpDate text: String) -> Timestamp? {
    let parts = text.split(separator: " ")
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    guard parts.count == 6, parts[5] == "GMT", parts[1].utf8.count == 2, parts[3].utf8.count == 4,
        let month = months.firstIndex(of: String(parts[2]))
    else { return nil }
    let number = month + 1 < 10 ? "0\(month + 1)" : "\(month + 1)"
    return Timestamp(rfc3339: "\(parts[3])-\(number)-\(parts[1])T\(parts[4])Z".utf8)
}
