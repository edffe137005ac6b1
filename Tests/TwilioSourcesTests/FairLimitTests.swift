import PipelineCore
import PipelineTestKit
import Testing
import TwilioSources

/// Whose turn it is.
@Suite struct FairLimitTests {
    @Test func `a stream's requests go in order, and streams take turns however much one queues`() {
        var queue = FairQueue()
        for ticket in 0..<1_000 { queue.add(ticket, .live, stream: "greedy") }
        for ticket in 1_000..<1_003 { queue.add(ticket, .live, stream: "modest") }
        let order = (0..<8).compactMap { _ in queue.popNext() }
        #expect(order == [0, 1_000, 1, 1_001, 2, 1_002, 3, 4])
    }

    @Test func `live goes first, and each lower class gets its share of every so many grants`() {
        var queue = FairQueue()
        for ticket in 0..<4_000 { queue.add(ticket, Urgency.allCases[ticket % 4], stream: "s") }
        let classes = (0..<1_600).compactMap { _ in queue.popNext() }.map { Urgency.allCases[$0 % 4] }
        for urgency in [Urgency.catchUp, .reread, .idle] {
            let turns = FairQueue.turns(urgency)
            let places = classes.indices.filter { classes[$0] == urgency }
            #expect(zip([-1] + places, places).allSatisfy { $1 - $0 <= turns })
            #expect(places.count <= 1_600 / turns + 100)
        }
        #expect(classes.filter { $0 == .live }.count >= 850)
    }

    @Test(arguments: [0, 1, 2] as [UInt64])
    func `no class ever waits longer than its turns, whoever comes and goes`(seed: UInt64) {
        var random = ClockRandomness(VirtualClock(seed: seed))
        var queue = FairQueue()
        var waiting: [Int: Urgency] = [:]
        var passedOver: [Urgency: Int] = [:]
        for ticket in 0..<20_000 {
            let urgency = Urgency.allCases.randomElement(using: &random) ?? .live
            queue.add(ticket, urgency, stream: "\(ticket % 7)")
            if !waiting.values.contains(urgency) { passedOver[urgency] = 0 }
            waiting[ticket] = urgency
            if Int.random(in: 0..<4, using: &random) == 0, let gone = waiting.keys.min() {
                let removals = [queue.remove(gone), queue.remove(gone)]
                #expect(removals == [true, false])
                waiting[gone] = nil
            }
            guard Int.random(in: 0..<3, using: &random) > 0, let next = queue.popNext() else { continue }
            let chosen = waiting.removeValue(forKey: next)
            for urgency in Urgency.allCases where urgency != .live {
                let hasWaiters = waiting.values.contains(urgency)
                passedOver[urgency] = urgency == chosen || !hasWaiters ? 0 : passedOver[urgency, default: 0] + 1
                #expect(passedOver[urgency, default: 0] < FairQueue.turns(urgency))
            }
            if waiting.count > 40 { while let rest = queue.popNext() { waiting[rest] = nil } }
        }
    }

    @Test func `a queue that was emptied holds nothing`() {
        var queue = FairQueue()
        for ticket in 0..<100 { queue.add(ticket, .reread, stream: "\(ticket % 9)") }
        for ticket in 0..<100 { queue.remove(ticket) }
        let next = queue.popNext()
        #expect(queue.isEmpty)
        #expect(next == nil)
    }
}
