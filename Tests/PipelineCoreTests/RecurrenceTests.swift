import PipelineCore
import Testing

@Suite struct RecurrenceTests {
    @Test func `the same trouble is told the 1st, 2nd, 4th, 8th time, with what is folded`() {
        var recurrence = Recurrence()
        let begin = ContinuousClock.now
        var told: [String] = []
        for number in 0..<512 {
            let now = begin + .milliseconds(number * 4697)
            if recurrence.again(at: now) { told.append(recurrence.folded(at: now) ?? "first") }
        }
        #expect(told.count == 10)
        #expect(told.first == "first")
        #expect(told.last == "same for 40 min, 512 times")
    }

    @Test(arguments: [(119, "119 s"), (120, "2 min"), (7_200, "2 h"), (200_000, "2 d")])
    func `how long it lasted is said in the unit that fits`(_ seconds: Int, _ text: String) {
        var recurrence = Recurrence()
        let begin = ContinuousClock.now
        _ = recurrence.again(at: begin)
        #expect(recurrence.lasted(at: begin + .seconds(seconds)) == text)
    }

    @Test func `troubles of different kinds are counted apart, and forgotten when they end`() {
        let troubles = Recurrences()
        let now = ContinuousClock.now
        #expect(troubles.ended("disk", at: now) == nil)
        #expect(troubles.came("disk", at: now).isTold)
        #expect(troubles.came("network", at: now).folded == nil)
        #expect(troubles.came("disk", at: now + .seconds(5)).folded == "same for 5 s, 2 times")
        #expect(troubles.ended("disk", at: now + .seconds(9)) == "9 s")
        #expect(troubles.came("disk", at: now + .seconds(9)).folded == nil)
    }
}
