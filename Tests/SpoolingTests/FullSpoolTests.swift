import Foundation
import PipelineCore
import Spooling
import Testing

/// What happens when `max_bytes` is used up, or nearly.
@Suite struct FullSpoolTests {
    private static let options = SpoolOptions(
        maximumBytes: 1 << 20, retain: .seconds(3600), segmentBytes: 64 << 10, reserveBytes: 16 << 10)

    /// Appends a hundred records at a time, `most` at most.
    /// - Returns: how many were taken until the spool was full.
    private func fill(_ spool: Spool, from first: Int = 0, atMost most: Int = 10_000) async throws -> Int {
        let stream = try await spool.testStream()
        var count = 0
        while count < most {
            let records = (first + count..<first + count + 100).map { TestRecord($0) }
            do {
                try await spool.append(.test(stream, records, window: (first + count) / 100))
            } catch let error as SpoolError {
                guard case .full = error else { throw error }
                break
            }
            count += 100
        }
        return count
    }

    private func sink(_ name: String, _ spool: Spool) throws -> StateSummary.Sink {
        try #require(try spool.summary().sinks.first { $0.name == name })
    }

    private func gaps(_ spool: Spool) async throws -> [String] {
        try await SideDatabase(spool.testDirectory.databasePath).strings(
            "SELECT sink, first_sequence, last_sequence, from_ms, to_ms FROM sink_gap ORDER BY sink, first_sequence")
    }

    private func sequences(_ spool: Spool, segment: String) async throws -> (Int64, Int64) {
        let database = try SideDatabase(spool.testDirectory.databasePath)
        let first = try await database.int("SELECT MIN(first_sequence) FROM frame WHERE segment = (\(segment))")
        let last = try await database.int("SELECT MAX(last_sequence) FROM frame WHERE segment = (\(segment))")
        return (Int64(try #require(first)), Int64(try #require(last)))
    }

    @Test func `a sink that may be skipped is moved past the oldest segment, with a gap that says what it misses`()
        async throws
    {
        try await withSpool(Self.options) { open in
            do {
                let spool = try open()
                let told = Fixture.told
                _ = try await spool.attach([("lossy", .oldest), ("siem", .oldest)], skipping: ["lossy"])
                let count = try await fill(spool)
                #expect(count < 10_000, "siem holds it")
                #expect(try sink("lossy", spool).skipped == 0, "moving it alone would give no room")
                try await spool.settle(Settlement(sink: "siem", sequences: 1...Int64(count), attempts: 1))
                try await spool.settle(Settlement(sink: "lossy", sequences: 3...5, attempts: 1))
                var next = count
                while try sink("lossy", spool).position < 6 {
                    next += try await fill(spool, from: next, atMost: 100)
                }
                // Moved as far as it had to be: the database takes room, too.
                let (first, _) = try await sequences(spool, segment: "SELECT MIN(id) FROM segment")
                let end = first - 1
                #expect(end > 0 && end < count)
                let lossy = try sink("lossy", spool)
                #expect(lossy.position == end)
                #expect(lossy.skipped == end - 3)
                #expect(lossy.gaps.count == 2)
                #expect(lossy.gaps.records == end - 3)
                #expect(try sink("siem", spool).gaps.count == 0)
                let windows = (end - 1) / 100 + 1
                #expect(
                    try await gaps(spool) == ["lossy 1 2 0 1000", "lossy 6 \(end) 0 \(windows * 1000)"])
                let said = told.take()
                #expect(said.first?.hasPrefix("sink lossy does not get 2 records: they filled the spool") == true)
                #expect(said.first?.contains("twilship backfill --sink lossy --from 1970-01-01T00:00:00Z --to") == true)
                await #expect(throws: SpoolError.gone(sequence: 6)) { _ = try await spool.read(6...6) }
            }
            // Nothing of it is counted twice after a restart, and the next gap continues this one.
            let spool = try open()
            _ = try await spool.attach([("lossy", .oldest)], skipping: ["lossy"])
            let before = try sink("lossy", spool).gaps
            _ = try await fill(spool, from: 20_000, atMost: 3000)
            let after = try sink("lossy", spool)
            #expect(after.gaps.count == before.count)
            #expect(after.gaps.records > before.records)
            #expect(after.skipped == after.gaps.records)
            #expect(after.position == after.gaps.records + 3)
        }
    }

    @Test func `a batch that was on its way when its sink was moved past it is no gap if it was accepted`() async throws
    {
        try await withSpool(Self.options) { open in
            let spool = try open()
            _ = try await spool.attach([("lossy", .oldest)], skipping: ["lossy"])
            var first = 0
            while try sink("lossy", spool).position == 0 { first += try await fill(spool, from: first, atMost: 100) }
            let end = try sink("lossy", spool).position
            try await spool.settle(Settlement(sink: "lossy", sequences: 11...20, attempts: 4))
            #expect(try sink("lossy", spool).skipped == end - 10)
            #expect(try sink("lossy", spool).delivered == 10)
            // Half of this one lies beyond.
            try await spool.settle(
                Settlement(sink: "lossy", sequences: end - 4...end + 5, filtered: [end], attempts: 1))
            let lossy = try sink("lossy", spool)
            #expect(lossy.position == end + 5)
            #expect(lossy.skipped == end - 15)
            #expect(lossy.delivered == 19)
            #expect(lossy.gaps.records == end - 15)
            #expect(lossy.gaps.count == 2)
        }
    }

    @Test func `a sink that comes back gets a gap for what was given up meanwhile, with its time`() async throws {
        let options = SpoolOptions(
            maximumBytes: 1 << 30, retain: .seconds(3600), segmentBytes: 10_000, reserveBytes: 4096)
        try await withSpool(options) { open in
            let spool = try open()
            let told = Fixture.told
            _ = try await spool.attach([("siem", .oldest), ("gone", .oldest)])
            _ = try await fill(spool, atMost: 400)
            try await spool.settle(Settlement(sink: "gone", sequences: 1...50, attempts: 1))
            _ = try await spool.attach([("siem", .oldest)])
            try await spool.settle(Settlement(sink: "siem", sequences: 1...400, attempts: 1))
            spool.testClock.advance(by: .seconds(3601))
            try await spool.removeExpired()
            #expect(told.take().isEmpty, "nobody needs to know as long as it is away")
            #expect(try await spool.attach([("siem", .now), ("gone", .now)])["gone"] == 400)
            #expect(try await gaps(spool) == ["gone 51 400 0 4000"])
            let said = told.take()
            #expect(said.first?.contains("sink gone does not get 350 records: they were given up while") == true)
            _ = try await spool.attach([("siem", .now), ("gone", .now)])
            #expect(told.take().isEmpty, "it is said once")
        }
    }

    @Test func `a start that reaches back before the oldest record is told`() async throws {
        let options = SpoolOptions(
            maximumBytes: 1 << 30, retain: .seconds(3600), segmentBytes: 10_000, reserveBytes: 4096)
        try await withSpool(options) { open in
            let spool = try open()
            let told = Fixture.told
            let began = spool.testClock.now
            _ = try await spool.attach([("siem", .oldest)])
            _ = try await fill(spool, atMost: 200)
            try await spool.settle(Settlement(sink: "siem", sequences: 1...200, attempts: 1))
            spool.testClock.advance(by: .seconds(3601))
            try await spool.removeExpired()
            _ = try await fill(spool, from: 200, atMost: 100)
            _ = try await spool.attach([
                ("siem", .oldest), ("early", .from(began)), ("late", .from(spool.testClock.now)),
            ])
            let gap = "early 201 200 \(began.milliseconds) \(spool.testClock.now.milliseconds)"
            #expect(try await gaps(spool) == [gap])
            #expect(told.take().first?.contains("sink early does not get some records: its start reaches") == true)
        }
    }

    @Test func `what a replay still needs is kept whatever its age, and given up only when room is needed`()
        async throws
    {
        try await withSpool(Self.options) { open in
            let spool = try open()
            let told = Fixture.told
            let database = try SideDatabase(spool.testDirectory.databasePath)
            _ = try await spool.attach([("siem", .oldest)])
            let count = try await fill(spool, atMost: 1000)
            try await spool.settle(Settlement(sink: "siem", sequences: 1...Int64(count), attempts: 1))
            let replay =
                "INSERT INTO replay (sink, first_sequence, last_sequence, next_sequence, requested_ms, requested_by)"
            try await database.execute("\(replay) VALUES ('siem', 1, 10, 5, 0, 0), ('siem', 1, \(count), 7, 0, 0)")
            try await database.execute("\(replay) VALUES ('siem', 1, \(count), \(count), 0, 0)")
            spool.testClock.advance(by: .seconds(7200))
            try await spool.removeExpired()
            #expect(try await spool.lines(after: 0).count == count)

            let (_, end) = try await sequences(spool, segment: "SELECT MIN(id) FROM segment")
            var next = count
            while try await database.int("SELECT MIN(first_sequence) FROM frame") == 1 {
                next += try await fill(spool, from: next, atMost: 100)
            }
            #expect(
                try await database.strings("SELECT next_sequence, finished_ms IS NULL FROM replay ORDER BY id") == [
                    "\(end + 1) 0", "\(end + 1) 1", "\(count) 1",
                ])
            #expect(
                told.take().contains(
                    "replay 2 to sink siem goes on behind record \(end): "
                        + "what lay before was given up to make room"))

            try await database.execute("UPDATE replay SET cancelled_ms = 1 WHERE finished_ms IS NULL")
            try await spool.settle(
                Settlement(sink: "siem", sequences: Int64(count) + 1...Int64(next), attempts: 1))
            spool.testClock.advance(by: .seconds(7200))
            try await spool.removeExpired()
            #expect(try await database.int("SELECT COUNT(*) FROM segment") == 0)
        }
    }
}
