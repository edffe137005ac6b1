import PipelineCore
import Spooling
import Testing

/// Always the same numbers for a seed.
struct SeededNumbers: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

@Suite struct LatenessHistogramTests {
    /// Up to 300 latenesses, from milliseconds to more than a year, sorted.
    private static func sample(_ numbers: inout SeededNumbers) -> [Int64] {
        (0..<Int.random(in: 1...300, using: &numbers)).map { _ in
            Int64.random(in: 0..<(1 << Int64.random(in: 1...35, using: &numbers)), using: &numbers)
        }.sorted()
    }

    private static func histogram(_ milliseconds: some Sequence<Int64>) -> LatenessHistogram {
        var histogram = LatenessHistogram()
        for milliseconds in milliseconds { histogram.add(.milliseconds(milliseconds)) }
        return histogram
    }

    @Test(arguments: 0..<100 as Range<UInt64>)
    func `quantiles are at most a quarter too long, counts and the longest are exact`(seed: UInt64) throws {
        var numbers = SeededNumbers(state: seed)
        let sample = Self.sample(&numbers)
        let histogram = Self.histogram(sample)
        #expect(histogram.count == sample.count)
        #expect(histogram.maximum == .milliseconds(sample[sample.count - 1]))
        for part in [0, 0.25, 0.5, 0.9, 0.99, 1] {
            let rank = max(1, Int((part * Double(sample.count)).rounded(.up)))
            let exact = sample[rank - 1]
            let quantile = try #require(histogram.quantile(part)).wholeMilliseconds
            #expect(quantile >= exact)
            // The last bucket, from 388 days on, has no end.
            guard exact < 388 * 86_400_000 else { continue }
            #expect(quantile <= max(1000, exact + exact / 4 + 1))
        }
    }

    @Test(arguments: 0..<100 as Range<UInt64>)
    func `what is beyond a bound is never told too high, exactly at powers of two, and 0 only if nothing is`(
        seed: UInt64
    ) {
        var numbers = SeededNumbers(state: seed)
        let sample = Self.sample(&numbers)
        let histogram = Self.histogram(sample)
        for _ in 0..<20 {
            let bound = Int64.random(in: 0..<(1 << Int64.random(in: 1...36, using: &numbers)), using: &numbers)
            let exact = sample.count { $0 >= bound }
            let told = histogram.beyond(.milliseconds(bound))
            #expect(told <= exact)
            #expect((told == 0) == (exact == 0))
        }
        for octave in 0...24 {
            let bound: Int64 = 1000 << Int64(octave)
            #expect(histogram.beyond(.milliseconds(bound)) == sample.count { $0 >= bound })
        }
    }

    @Test(arguments: 0..<100 as Range<UInt64>)
    func `histograms that are added up are the histogram of everything, also from bytes`(seed: UInt64) {
        var numbers = SeededNumbers(state: seed)
        let (first, second) = (Self.sample(&numbers), Self.sample(&numbers))
        var sum = Self.histogram(first)
        sum.merge(Self.histogram(second))
        sum.merge(LatenessHistogram())
        #expect(sum == Self.histogram(first + second))
        #expect(LatenessHistogram(bytes: sum.bytes) == sum)
        var empty = LatenessHistogram()
        empty.merge(sum)
        #expect(empty == sum)
        // What a bucket costs: its number and a short count.
        #expect(sum.bytes.count <= 9 + 102 * 3)
    }

    @Test func `nothing has no quantile, and takes nine bytes`() {
        let empty = LatenessHistogram()
        #expect(empty.quantile(0.5) == nil)
        #expect(empty.maximum == nil)
        #expect(empty.count == 0)
        #expect(empty.beyond(.zero) == 0)
        #expect(empty.bytes.count == 9)
        #expect(LatenessHistogram(bytes: empty.bytes) == empty)
    }

    @Test func `what is early is on time, what is absurd is in the last bucket, and counts stop at the largest`() {
        var histogram = LatenessHistogram()
        histogram.add(.seconds(-5))
        #expect(histogram.maximum == .zero)
        #expect(histogram.quantile(1) == .zero)
        histogram.add(.seconds(Int64.max), count: .max)
        histogram.add(.seconds(Int64.max), count: .max)
        histogram.add(.seconds(1), count: 0)
        #expect(histogram.maximum == .milliseconds(Int64.max))
        #expect(histogram.count == .max)
        #expect(LatenessHistogram(bytes: histogram.bytes) == histogram)
    }

    @Test func `bytes that are cut, or are no histogram, are refused`() {
        var histogram = LatenessHistogram()
        histogram.add(.seconds(30), count: 1000)
        let bytes = histogram.bytes
        let longest = [UInt8](repeating: 0, count: 8)
        #expect(bytes.count == 12)
        for count in 0..<bytes.count where count != 9 {
            #expect(LatenessHistogram(bytes: Array(bytes.prefix(count))) == nil)
        }
        #expect(LatenessHistogram(bytes: [2] + bytes.dropFirst()) == nil)
        #expect(LatenessHistogram(bytes: [1] + longest + [102, 1]) == nil)
        #expect(LatenessHistogram(bytes: [1] + longest + [7, 0]) == nil)
        #expect(LatenessHistogram(bytes: [1] + longest + [7, 1, 7, 1]) == nil)
        #expect(LatenessHistogram(bytes: [1] + [UInt8](repeating: 255, count: 8) + [7, 1]) == nil)
        #expect(LatenessHistogram(bytes: [1] + longest + [7] + [UInt8](repeating: 128, count: 9) + [1]) == nil)
    }
}
