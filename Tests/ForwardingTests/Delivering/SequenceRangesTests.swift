import PipelineTestKit
import Testing

@testable import Forwarding

@Suite struct SequenceRangesTests {
    @Test(arguments: 1...60 as ClosedRange<UInt64>)
    func `it is a set of numbers, whatever is put in and taken out`(seed: UInt64) {
        var random = SplitMix64(state: seed)
        var ranges = SequenceRanges()
        var numbers: Set<Int64> = []
        for _ in 0..<200 {
            let from = Int64.random(in: 1...60, using: &random)
            let range = from...from + Int64.random(in: 0...9, using: &random)
            if Bool.random(using: &random) {
                ranges.insert(range)
                numbers.formUnion(range)
            } else {
                ranges.remove(range)
                numbers.subtract(range)
            }
            #expect(Set(ranges.ranges.flatMap { Array($0) }) == numbers)
            // None touch, so that there are as few as can be.
            #expect(zip(ranges.ranges, ranges.ranges.dropFirst()).allSatisfy { $0.upperBound + 1 < $1.lowerBound })
            let asked = range.lowerBound...range.lowerBound + 15
            let free = asked.filter { !numbers.contains($0) }
            let found = ranges.firstFree(in: asked)
            #expect(found?.lowerBound == free.first)
            #expect(found.map { $0.allSatisfy(free.contains) && !free.contains($0.upperBound + 1) } ?? free.isEmpty)
            let end = ranges.end(of: from)
            #expect((end != nil) == numbers.contains(from))
            if let end { #expect((from...end).allSatisfy(numbers.contains) && !numbers.contains(end + 1)) }
        }
    }
}
