package import PipelineCore

/// Who waits for a request, and whose turn is next.
///
/// - The most urgent class goes first, but of every `turns` grants that are made while a lower class waits, at least one is
///   its own. The shares leave 9/16 to live.
/// - Within a class, streams take turns (deficit round robin, in which every request costs the same: plain turns), so that
///   it does not matter how many requests a stream queues. A stream's own requests go in the order in which they came.
package struct FairQueue: Sendable {
    package typealias Ticket = Int

    /// Of how many grants a class that waits gets one at least. Powers of two whose shares sum up to less than one half,
    /// hence no two classes ever claim the same grant in vain: see `dueClass`.
    package static func turns(_ urgency: Urgency) -> Int {
        switch urgency {
        case .live: 1
        case .catchUp: 4
        case .reread: 8
        case .idle: 16
        }
    }

    private struct Class: Sendable {
        var tickets: [String: Fifo<Ticket>] = [:]
        /// The streams with tickets, in the order of their turns.
        var order = Fifo<String>()
        /// How many grants may go to others before the next must be this class's.
        var slack = 0
    }

    private var classes = Urgency.allCases.map { _ in Class() }
    private var places: [Ticket: (urgency: Urgency, stream: String)] = [:]

    package init() {}

    package var isEmpty: Bool { places.isEmpty }

    package mutating func add(_ ticket: Ticket, _ urgency: Urgency, stream: String) {
        places[ticket] = (urgency, stream)
        let index = urgency.rawValue
        if classes[index].order.isEmpty { classes[index].slack = Self.turns(urgency) - 1 }
        if classes[index].tickets[stream] == nil { classes[index].order.append(stream) }
        classes[index].tickets[stream, default: Fifo()].append(ticket)
    }

    /// Takes out one that no longer waits.
    /// - Returns: false when it was not in the queue.
    @discardableResult package mutating func remove(_ ticket: Ticket) -> Bool {
        guard let (urgency, stream) = places.removeValue(forKey: ticket) else { return false }
        let index = urgency.rawValue
        classes[index].tickets[stream]?.remove(ticket)
        if classes[index].tickets[stream]?.isEmpty == true {
            classes[index].tickets[stream] = nil
            classes[index].order.remove(stream)
        }
        return true
    }

    package func contains(_ ticket: Ticket) -> Bool { places[ticket] != nil }

    /// Takes out the one whose turn it is.
    package mutating func popNext() -> Ticket? {
        let waiting = Urgency.allCases.filter { !classes[$0.rawValue].order.isEmpty }
        guard let first = waiting.first else { return nil }
        let chosen = dueClass(waiting) ?? first
        for urgency in waiting where urgency != chosen { classes[urgency.rawValue].slack -= 1 }
        classes[chosen.rawValue].slack = Self.turns(chosen) - 1
        return pop(chosen.rawValue)
    }

    /// The class that must go now, lest one comes too late.
    ///
    /// k classes that may all wait for fewer than k grants of others need all of those: the earliest one goes first. With
    /// less slack than that it never begins, since every class starts with 3 and there are 3 of them; and a grant that
    /// this does not claim takes 1 from each, which leaves enough. So no class ever waits longer than its turns.
    private func dueClass(_ waiting: [Urgency]) -> Urgency? {
        let lower = waiting.filter { $0 != .live }.sorted { classes[$0.rawValue].slack < classes[$1.rawValue].slack }
        let isTight = lower.enumerated().contains { classes[$1.rawValue].slack <= $0 }
        return isTight ? lower.first : nil
    }

    private mutating func pop(_ index: Int) -> Ticket? {
        guard let stream = classes[index].order.popFirst(),
            let ticket = classes[index].tickets[stream]?.popFirst()
        else { return nil }
        if classes[index].tickets[stream]?.isEmpty == true {
            classes[index].tickets[stream] = nil
        } else {
            classes[index].order.append(stream)
        }
        places[ticket] = nil
        return ticket
    }
}
