import PipelineCore

/// When a credential may be used against a host: the circuit behind `CredentialGate`.
///
/// A pure state machine; times are since it was made.
///
/// | gate | finding | then |
/// | --- | --- | --- |
/// | closed | the server answered | closed, failures forgotten |
/// | closed | unauthorized | open, 2 s |
/// | closed | the 5th outage in a row | open, 1 s |
/// | open, probing | the server answered; for a refused credential, it was accepted | closed |
/// | open, probing | the same trouble | open, twice as long, up to 5 min (unauthorized) or 60 s (outage) |
/// | open, probing | the other trouble | unauthorized: open for that, 2 s; outage: open as long as before |
/// | open, probing | nothing was found out | the next one probes |
struct Gate: Sendable {
    enum Trouble: Equatable, Sendable {
        case unauthorized, outage

        var firstPause: Duration { self == .unauthorized ? .seconds(2) : .seconds(1) }
        var longestPause: Duration { self == .unauthorized ? .seconds(5 * 60) : .seconds(60) }
    }

    /// What one passage found out about credential and server.
    enum Finding: Sendable {
        /// The server answered and took the credential.
        case success
        /// The server answered, but about neither: a 429.
        case answered
        case trouble(Trouble, reason: String)
        case nothing
    }

    struct Opening: Sendable {
        let trouble: Trouble
        let reason: String
        let since: Timestamp
        /// Before jitter.
        var pause: Duration
        var until: Duration
        var isProbing = false
    }

    enum Admission: Sendable {
        /// - Parameter number: to hand in with the finding, and to ask with whether the gate is still as it was.
        case admitted(number: Int)
        case turnedAway(Opening, retryAfter: Duration)
    }

    /// So many passages in a row that found an outage are one; fewer are everyday life.
    static let outagesInARow = 5
    /// When to come again while a probe is under way.
    static let probingPause = Duration.seconds(1)

    private(set) var opening: Opening?
    private var outages = 0
    /// Counts how often the gate changed, so that what was sent before a change says nothing after it.
    private var number = 0

    mutating func enter(at now: Duration) -> Admission {
        guard let opening else { return .admitted(number: number) }
        if opening.isProbing { return .turnedAway(opening, retryAfter: Self.probingPause) }
        if now < opening.until { return .turnedAway(opening, retryAfter: opening.until - now) }
        self.opening?.isProbing = true
        number += 1
        return .admitted(number: number)
    }

    /// What to say to one who was admitted earlier and now wants to send a request.
    func check(_ admission: Int, at now: Duration) -> Admission {
        guard let opening, admission != number else { return .admitted(number: admission) }
        let left = opening.isProbing ? Self.probingPause : max(Self.probingPause, opening.until - now)
        return .turnedAway(opening, retryAfter: left)
    }

    mutating func leave(
        _ admission: Int, _ finding: Finding, at now: Duration, wall: Timestamp,
        random: inout some RandomNumberGenerator
    ) {
        guard admission == number else { return }
        guard let opening else {
            switch finding {
            case .success, .answered: outages = 0
            case .trouble(.outage, let reason):
                outages += 1
                if outages >= Self.outagesInARow { open(.outage, reason, at: now, wall: wall, random: &random) }
            case .trouble(.unauthorized, let reason):
                open(.unauthorized, reason, at: now, wall: wall, random: &random)
            case .nothing: break
            }
            return
        }
        switch (finding, opening.trouble) {
        case (.success, _), (.answered, .outage):
            number += 1
            outages = 0
            self.opening = nil
        case (.trouble(.unauthorized, let reason), .outage):
            open(.unauthorized, reason, at: now, wall: wall, random: &random)
        case (.trouble(let trouble, _), _) where trouble == opening.trouble:
            extend(to: min(opening.pause * 2, trouble.longestPause), at: now, random: &random)
        case (.trouble, _), (.answered, _):
            extend(to: opening.pause, at: now, random: &random)
        case (.nothing, _):
            number += 1
            self.opening?.isProbing = false
        }
    }

    /// The secret is another one now: whoever comes next may try it at once.
    mutating func secretChanged(at now: Duration) {
        guard opening?.trouble == .unauthorized else { return }
        number += 1
        opening?.pause = Trouble.unauthorized.firstPause
        opening?.until = now
        opening?.isProbing = false
    }

    private mutating func open(
        _ trouble: Trouble, _ reason: String, at now: Duration, wall: Timestamp,
        random: inout some RandomNumberGenerator
    ) {
        opening = Opening(trouble: trouble, reason: reason, since: wall, pause: trouble.firstPause, until: now)
        extend(to: trouble.firstPause, at: now, random: &random)
    }

    /// Half of the pause is chance, so that several credentials or hosts do not probe in step.
    private mutating func extend(to pause: Duration, at now: Duration, random: inout some RandomNumberGenerator) {
        number += 1
        opening?.pause = pause
        opening?.until = now + pause * Double.random(in: 0.5...1, using: &random)
        opening?.isProbing = false
    }
}
