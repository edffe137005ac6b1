import Foundation
import Synchronization

/// The acknowledgements that a collector owes, of one channel.
///
/// A collector numbers what it is sent on a channel, upwards, and forgets its numbers when it restarts. So a number
/// that is not above what was known when the request was sent says that it began anew: the acknowledgements that are
/// still due will never come, and numbers would mean two batches. Everything due is given up then, and a new channel
/// begun.
///
/// An acknowledgement, too, may be of a batch that the new numbers were given to, on its way when the answer came. So it
/// counts only once all requests that were on their way are answered, and their numbers show that nothing began anew; of
/// one that nobody answered, the next one that is answered tells.
final class SplunkChannel: Sendable {
    /// A request's view of the channel when it was sent.
    struct Ticket: Sendable {
        /// The channel's GUID.
        let name: String
        fileprivate let generation: Int
        fileprivate let highest: Int
        fileprivate let post: Int
    }

    struct Claim: Sendable, Hashable {
        fileprivate let generation: Int
        let number: Int
    }

    enum Status { case due, acknowledged, lost }

    private struct State {
        var name = UUID().uuidString
        var generation = 0
        var highest = -1
        var claims: [Int: Progress] = [:]
        /// Counts requests with events, from 1.
        var posts = 0
        /// Those that are not answered; true of those that never will be.
        var unanswered: [Int: Bool] = [:]
        var isAsking = false
        /// Why the last question was not answered.
        var trouble: String?
        var isProven = false
    }

    private enum Progress {
        case due
        /// Acknowledged, when so many requests had been begun.
        case said(posts: Int)
        case acknowledged
    }

    private let state = Mutex(State())

    var name: String { state.withLock(\.name) }

    /// Whether the token was seen to acknowledge.
    var isProven: Bool {
        get { state.withLock(\.isProven) }
        set { state.withLock { $0.isProven = newValue } }
    }

    var trouble: String? { state.withLock(\.trouble) }

    /// For a request with events; give it back with `claim` or `fail`.
    func ticket() -> Ticket {
        state.withLock { state in
            state.posts += 1
            state.unanswered[state.posts] = false
            return Ticket(
                name: state.name, generation: state.generation, highest: state.highest, post: state.posts)
        }
    }

    /// - Parameter isAnswered: whether the collector said that it took nothing.
    func fail(_ ticket: Ticket, isAnswered: Bool) {
        state.withLock { state in
            guard ticket.generation == state.generation else { return }
            state.unanswered[ticket.post] = isAnswered ? nil : true
            Self.believe(&state)
        }
    }

    /// Lets acknowledgements count that can be of no other batch.
    private static func believe(_ state: inout State) {
        let first = state.unanswered.keys.min() ?? .max
        for (number, progress) in state.claims {
            if case .said(let posts) = progress, posts < first { state.claims[number] = .acknowledged }
        }
    }

    /// Notes that an acknowledgement is due; nil if its number shows that the collector's numbers began anew.
    func claim(_ number: Int, _ ticket: Ticket) -> Claim? {
        state.withLock { state in
            guard ticket.generation == state.generation else { return nil }
            guard number > ticket.highest, state.claims[number] == nil else {
                state = State(generation: state.generation + 1, isAsking: state.isAsking, isProven: true)
                return nil
            }
            state.isProven = true
            state.highest = max(state.highest, number)
            state.claims[number] = .due
            state.unanswered[ticket.post] = nil
            // The numbers go on: what was never answered changed nothing.
            for (post, isHopeless) in state.unanswered where isHopeless && post < ticket.post {
                state.unanswered[post] = nil
            }
            Self.believe(&state)
            return Claim(generation: state.generation, number: number)
        }
    }

    func status(of claim: Claim) -> Status {
        state.withLock { state in
            guard claim.generation == state.generation, let progress = state.claims[claim.number] else {
                return .lost
            }
            if case .acknowledged = progress { return .acknowledged }
            return .due
        }
    }

    func give(up claim: Claim) {
        state.withLock { state in if claim.generation == state.generation { state.claims[claim.number] = nil } }
    }

    /// The numbers to ask for, if nobody else is asking. Then say what came of it.
    func question() -> (name: String, generation: Int, numbers: [Int])? {
        state.withLock { state in
            let due = state.claims.filter { if case .due = $0.value { true } else { false } }.keys.sorted()
            guard !state.isAsking, !due.isEmpty else { return nil }
            state.isAsking = true
            return (state.name, state.generation, due)
        }
    }

    func answer(_ acknowledged: [Int], of generation: Int, trouble: String?) {
        state.withLock { state in
            state.isAsking = false
            guard generation == state.generation else { return }
            state.trouble = trouble
            for number in acknowledged {
                guard case .due = state.claims[number] else { continue }
                state.claims[number] = .said(posts: state.posts)
            }
            Self.believe(&state)
        }
    }
}
