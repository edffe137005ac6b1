import PipelineCore
import Testing

@Suite struct CoverageTests {
    private static func window(_ from: Int64, _ to: Int64) -> Window {
        Window(from: Timestamp(milliseconds: from), to: Timestamp(milliseconds: to))
    }

    @Test func `a first pass reads, a second that finds nothing settles, one that finds something does not`() {
        var coverage = Coverage()
        coverage.recordPass(over: Self.window(0, 10), at: Timestamp(milliseconds: 100), foundNew: true)
        #expect(coverage.intervals.map(\.state) == [.read])
        coverage.recordPass(over: Self.window(5, 15), at: Timestamp(milliseconds: 200), foundNew: false)
        #expect(coverage.intervals.map(\.window) == [Self.window(0, 5), Self.window(5, 10), Self.window(10, 15)])
        #expect(coverage.intervals.map(\.state) == [.read, .settled, .read])
        coverage.recordPass(over: Self.window(0, 15), at: Timestamp(milliseconds: 300), foundNew: true)
        #expect(coverage.intervals.map(\.state) == [.read])
        coverage.recordPass(over: Self.window(0, 15), at: Timestamp(milliseconds: 400), foundNew: false)
        #expect(coverage.intervals.map(\.state) == [.settled])
        #expect(coverage.completeUpTo(from: Timestamp(milliseconds: 0)) == Timestamp(milliseconds: 15))
    }

    /// The model: one array element per millisecond.
    @Test(arguments: 0..<200)
    func `random passes agree with a plain array`(seed: UInt64) {
        struct Instant: Equatable {
            var readAt: Int64
            var state: Coverage.State
        }
        var random = SeededGenerator(seed: seed)
        var coverage = Coverage()
        var model = [Instant?](repeating: nil, count: 64)
        for step in 1...60 {
            let from = Int.random(in: 0..<63, using: &random)
            let to = Int.random(in: from + 1...64, using: &random)
            let window = Self.window(Int64(from), Int64(to))
            switch Int.random(in: 0..<8, using: &random) {
            case 0:
                coverage.reopen(window)
                for index in from..<to { model[index] = nil }
            case 1:
                let limit = Timestamp(milliseconds: Int64(to))
                coverage.finish { $0.window.to <= limit }
                // Only whole intervals are finished, so take the coverage's own word for where they end.
                for interval in coverage.intervals where interval.state == .finished {
                    for index in interval.window.from.milliseconds..<interval.window.to.milliseconds {
                        #expect(model[Int(index)]?.state != .read)
                        model[Int(index)]?.state = .finished
                    }
                }
            case 2:
                coverage.finish(holesIn: window)
                for index in from..<to where model[index] == nil {
                    model[index] = Instant(readAt: Int64(to), state: .finished)
                }
            default:
                let foundNew = Bool.random(using: &random)
                coverage.recordPass(over: window, at: Timestamp(milliseconds: Int64(step)), foundNew: foundNew)
                for index in from..<to {
                    model[index] = Instant(
                        readAt: Int64(step), state: model[index] == nil || foundNew ? .read : .settled)
                }
            }
            #expect(Coverage(intervals: coverage.intervals) == coverage)
            for index in model.indices {
                let time = Timestamp(milliseconds: Int64(index))
                let interval = coverage.intervals.first { $0.window.contains(time) }
                #expect(interval?.state == model[index]?.state)
                if let interval, interval.state != .finished {
                    #expect(interval.readAt.milliseconds == model[index]?.readAt)
                }
                #expect(coverage.contains(time) == (model[index] != nil))
            }
            let holes = coverage.holes(in: Self.window(0, 64))
            #expect(holes.reduce(0) { $0 + $1.length.wholeMilliseconds } == Int64(model.count { $0 == nil }))
            for hole in holes { #expect(coverage.holes(in: hole) == [hole]) }
            let complete = coverage.completeUpTo(from: Timestamp(milliseconds: 0)).milliseconds
            #expect(complete == Int64(model.firstIndex { $0 == nil } ?? 64))
        }
    }

    @Test func `what is read in one pass is kept apart by age, in few intervals`() {
        let now = Timestamp(milliseconds: 30 * 86_400_000)
        var coverage = Coverage()
        let window = Window(from: Timestamp(milliseconds: 0), to: now - .seconds(2))
        coverage.recordPass(over: window, at: now, foundNew: true)
        #expect(coverage.intervals.count < 45)
        #expect(coverage.holes(in: window).isEmpty)
        for interval in coverage.intervals {
            #expect(interval.window.length <= max(.seconds(10), (now - interval.window.to) / 2))
        }
        coverage.recordPass(over: window, at: now, foundNew: false)
        coverage.finish { _ in true }
        #expect(coverage.intervals.map(\.window) == [window])
    }

    @Test func `intervals out of order are not taken for a coverage`() {
        let first = Coverage.Interval(window: Self.window(0, 5), readAt: Timestamp(milliseconds: 1), state: .read)
        let second = Coverage.Interval(window: Self.window(4, 9), readAt: Timestamp(milliseconds: 1), state: .settled)
        #expect(Coverage(intervals: [first, second]) == nil)
        #expect(Coverage(intervals: [second, first]) == nil)
        #expect(Coverage(intervals: [first])?.intervals == [first])
    }
}

/// SplitMix64: the same numbers for the same seed, on every machine.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9e37_79b9_7f4a_7c15 &+ 1 }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
