import PipelineCore
import Testing

@testable import Spooling

/// How many records came in each minute of the last hour.
@Suite struct RecentMinutesTests {
    private static func time(_ minute: Int64) -> Timestamp { Timestamp(milliseconds: minute * 60_000 + 59_999) }

    @Test func `an hour is kept, and what a wrong clock filed in the future is forgotten with what is older`() {
        var minutes = RecentMinutes()
        for minute in 100..<200 as Range<Int64> {
            minutes.add(newest: RecentMinutes(Int(minute), at: Self.time(minute)))
        }
        #expect(minutes.counts(upTo: Self.time(199)) == Array(140..<200))
        #expect(minutes.counts(upTo: Self.time(201)) == Array(142..<200) + [0, 0])
        minutes.add(newest: RecentMinutes(5, at: Self.time(199)))
        #expect(minutes.counts(upTo: Self.time(199)).last == 204)
        minutes.add(newest: RecentMinutes(7, at: Self.time(500)))
        minutes.add(newest: RecentMinutes(9, at: Self.time(201)))
        #expect(minutes.counts(upTo: Self.time(500)).allSatisfy { $0 == 0 })
        #expect(minutes.counts(upTo: Self.time(201)).last == 9)
    }

    @Test func `what is saved is read back, and what cannot be read is nothing`() {
        var minutes = RecentMinutes(3, at: Self.time(29_000_000))
        minutes.add(RecentMinutes(4, at: Self.time(29_000_001)))
        #expect(RecentMinutes(bytes: minutes.bytes) == minutes)
        #expect(RecentMinutes(bytes: []) == nil)
        #expect(RecentMinutes(bytes: Array(minutes.bytes.dropLast())) == nil)
        #expect(RecentMinutes(bytes: [2] + minutes.bytes.dropFirst()) == nil)
    }

    @Test func `records are counted with the append that takes them, over midnight, a restart and a kill`() async throws
    {
        try await withSpool { open in
            let clock: TestClock
            do {
                let spool = try open()
                clock = spool.testClock
                let id = try await spool.testStream()
                try await spool.append(.test(id, [TestRecord(1), TestRecord(2)]))
                try await spool.append(.test(id, [], window: 1))
                // 2023-11-14T22:13:20Z, and then after midnight.
                clock.advance(by: .seconds(106 * 60))
                try await spool.append(.test(id, [TestRecord(3)], window: 2))
                clock.advance(by: .seconds(20 * 60))
                try await spool.append(.test(id, [TestRecord(4), TestRecord(5)], window: 3))
            }
            let spool = try open()
            let usage = try #require(try spool.summary().usage.first)
            let counts = usage.minutes.counts(upTo: clock.now)
            #expect(counts.count == 60)
            #expect(counts.last == 2 && counts[39] == 1 && counts.reduce(0, +) == 3)
        }
    }
}
