import Foundation
import Synchronization

/// The acknowledgements that a collector owes, of one channel.
///
/// A collector numbers what it is sent on a channel, upwards, and forgets its numbers when it restarts. So a number
/// that is not above what was known when the request was sent says that it began anew: the acknowledgements that are
/// still due will never come, and numbers would mean two batches. Everything due is given up then, and a new channel
/// begun.
final class SplunkChannel: Sendable {
    /// A request's view of the channel when it was sent.
    struct Ticket: Sendable {
        /// The channel's GUID.
        let name: String
        fileprivate let generation: Int
        fileprivate let highest: Int
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
        /// By number; true when acknowledged.
        var claims: [Int: Bool] = [:]
        var isAsking = false
        /// Why the last question was not answered.
        var trouble: String?
        var isProven = false
    }

    private let state = Mutex(State())

    /// Whether the token was seen to acknowledge.
    var isProven: Bool {
        get { state.withLock(\.isProven) }
        set { state.withLock { $0.isProven = newValue } }
    }

    var trouble: String? { state.withLock(\.trouble) }

    func ticket() -> Ticket {
        state.withLock { Ticket(name: $0.name, generation: $0.generation, highest: $0.highest) }
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
            state.claims[number] = false
            return Claim(generation: state.generation, number: number)
        }
    }

    func status(of claim: Claim) -> Status {
        state.withLock { state in
            guard claim.generation == state.generation, let isAcknowledged = state.claims[claim.number] else {
                return .lost
            }
            return isAcknowledged ? .acknowledged : .due
        }
    }

    func give(up claim: Claim) {
        state.withLock { state in if claim.generation == state.generation { state.claims[claim.number] = nil } }
    }

    /// The numbers to ask for, if nobody else is asking. Then say what came of it.
    func question() -> (name: String, generation: Int, numbers: [Int])? {
        state.withLock { state in
            let due = state.claims.filter { !$0.value }.keys.sorted()
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
            for number in acknowledged where state.claims[number] != nil { state.claims[number] = true }
        }
    }
}
