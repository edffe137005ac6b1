package import PipelineCore
import Synchronization

/// Keeps all streams from asking with a credential that the server refuses, or a server that is down; one per credential
/// and host.
///
/// - Closed, everybody passes. A lasting 401 or 403 opens it, and so do 5 outages in a row. `Gate` has the rules.
/// - Open, nobody passes but one probe after each pause; the others are told at once when to come again.
/// - `through` is the only way in, and sees itself how its caller comes out: no probe can be forgotten.
package final class CredentialGate: Sendable {
    /// For status.
    package enum State: Sendable, Equatable {
        case closed
        /// - Parameter until: when the next probe is let through; in the past while one is under way or nobody has come.
        case open(until: Timestamp, reason: String)
    }

    private let gate = Mutex(Gate())
    private let clock: any PipelineClock
    private let start: ContinuousClock.Instant

    package init(clock: any PipelineClock) {
        self.clock = clock
        start = clock.monotonicNow
    }

    package var state: State {
        let (now, wall) = (now, clock.wallNow)
        guard let opening = gate.withLock({ $0.opening }) else { return .closed }
        return .open(until: wall + (opening.until - now), reason: opening.words)
    }

    private var now: Duration { start.duration(to: clock.monotonicNow) }

    /// Asks the server, if the gate lets it.
    ///
    /// What `body` throws must be what lasts: retries that cure a sporadic 401 belong inside. A value, `.gone` and
    /// `.tooMuch` say that the credential is good; `.unauthorized` and `.unavailable` open the gate, or keep it open;
    /// `.refused`, `.noRoom` and `.cancelled` say nothing.
    /// - Parameter body: calls `GatePass.check` before each of its requests, after all waiting.
    /// - Throws: what `body` throws; without calling it, `.unauthorized` or `.unavailable` when the gate is open.
    package func through<Answer>(
        _ body: (GatePass) async throws(SourceError) -> Answer
    ) async throws(SourceError) -> Answer {
        let now = now
        let number = try gate.withLock { $0.enter(at: now) }.number()
        let pass = GatePass(self, number: number)
        do throws(SourceError) {
            let answer = try await body(pass)
            leave(number, .success)
            return answer
        } catch {
            leave(number, error.finding(hasAnswered: pass.hasAnswered))
            throw error
        }
    }

    /// The secret is another one now: if it was refused, the next one to come may try it at once.
    package func secretChanged() {
        let now = now
        gate.withLock { $0.secretChanged(at: now) }
    }

    fileprivate func check(_ number: Int) throws(SourceError) {
        let now = now
        _ = try gate.withLock { $0.check(number, at: now) }.number()
    }

    private func leave(_ number: Int, _ finding: Gate.Finding) {
        let (now, wall) = (now, clock.wallNow)
        var random = ClockRandomness(clock)
        gate.withLock { $0.leave(number, finding, at: now, wall: wall, random: &random) }
    }
}

/// Who is between entering and leaving a `CredentialGate`; of use only in the body that was given it.
package final class GatePass: Sendable {
    private let gate: CredentialGate
    private let number: Int
    private let answers = Atomic(false)

    fileprivate init(_ gate: CredentialGate, number: Int) {
        self.gate = gate
        self.number = number
    }

    fileprivate var hasAnswered: Bool { answers.load(ordering: .relaxed) }

    /// To be called before each request.
    /// - Throws: `.unauthorized` or `.unavailable` when the gate was opened by another stream meanwhile.
    package func check() throws(SourceError) { try gate.check(number) }

    /// Notes that a 429 came: the server is there, so that running out of retries is no outage.
    package func answered() { answers.store(true, ordering: .relaxed) }
}

extension Gate.Opening {
    /// What the server said, and since when; whoever is told may have asked for something else.
    fileprivate var words: String {
        "\(reason) (since \(since.rfc3339Seconds); until the next try nothing is asked for)"
    }
}

extension Gate.Admission {
    fileprivate func number() throws(SourceError) -> Int {
        switch self {
        case .admitted(let number): return number
        case .turnedAway(let opening, let retryAfter):
            switch opening.trouble {
            case .unauthorized: throw .unauthorized(reason: Reason(opening.words), retryAfter: retryAfter)
            case .outage: throw .unavailable(reason: Reason(opening.words), retryAfter: retryAfter)
            }
        }
    }
}

extension SourceError {
    fileprivate func finding(hasAnswered: Bool) -> Gate.Finding {
        switch self {
        case .gone, .tooMuch: .success
        case .unauthorized(let reason, _): .trouble(.unauthorized, reason: "\(reason)")
        case .unavailable(let reason, _): hasAnswered ? .answered : .trouble(.outage, reason: "\(reason)")
        case .refused, .noRoom, .cancelled: .nothing
        }
    }
}
