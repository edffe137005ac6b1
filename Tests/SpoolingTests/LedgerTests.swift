import Foundation
import PipelineCore
import Spooling
import Testing

/// The ledger against a plain set.
@Suite struct LedgerTests {
    /// An identity's exclusive or over all of a day, as the ledger keeps it, in hexadecimal.
    private func digest(_ identities: some Sequence<RecordIdentity>) -> String {
        let (high, low) = identities.reduce((UInt64(0), UInt64(0))) { ($0.0 ^ $1.high, $0.1 ^ $1.low) }
        return [high, low].map { number in
            let digits = String(number, radix: 16, uppercase: true)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }

    private static let day: Int64 = 86_400_000

    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func `what is known, forgotten and summed up is what a set says`(seed: UInt64) async throws {
        try await withSpool(in: shm) { open in
            var numbers = SeededNumbers(state: seed)
            var spool = try open()
            var stream = try await spool.testStream()
            /// By the row that took it: end of the row, and its records.
            var rows: [(keep: Int64, day: Int64, items: [LedgerItem])] = []
            var days: [Int64: [RecordIdentity]] = [:]
            var next = 1
            let start: Int64 = 1_690_000_000
            for step in 0..<60 {
                switch Int.random(in: 0..<10, using: &numbers) {
                case 0:
                    try await spool.close()
                    spool = try open()
                    stream = try await spool.testStream()
                case 1:
                    let horizon = Timestamp(
                        milliseconds: (start + Int64.random(in: 0..<60 * 3600, using: &numbers)) * 1000)
                    try await spool.compactLedger(of: stream, before: horizon)
                    for row in rows where row.keep < horizon.milliseconds {
                        days[row.day, default: []] += row.items.map(\.identity)
                    }
                    rows.removeAll { $0.keep < horizon.milliseconds }
                default:
                    let from = start + Int64(step) * 3600
                    let records = (0..<Int.random(in: 1...40, using: &numbers)).map { _ in
                        defer { next += 1 }
                        let time = (from + Int64.random(in: 0..<3600, using: &numbers)) * 1000
                        return TestRecord(next, at: Int.random(in: 0..<10, using: &numbers) == 0 ? nil : time)
                    }
                    let window = Int(from + 3600)
                    // All is read up to the year 2100, so that nothing holds the horizon back.
                    try await spool.append(
                        .test(stream, records, window: window, coverage: .seconds(0, 4_102_444_800)))
                    // A row for each day. Undated ones are filed by when they were read, which the fixture says was 1970.
                    let filed = Dictionary(grouping: records.map(\.item)) { ($0.time?.milliseconds ?? 0) / Self.day }
                    for (day, items) in filed {
                        let newest = items.compactMap(\.time).max()?.milliseconds ?? 0
                        rows.append((max(newest, Int64(window + 1) * 1000), day, items))
                    }
                }
                // Days older than 400 days are forgotten when they are folded; the undated ones of 1970 are.
                let known = Dictionary(
                    rows.flatMap(\.items).map { ($0.identity, $0) }, uniquingKeysWith: { first, _ in first })
                let asked = (0..<50).map { _ in
                    let number = Int.random(in: 1...next + 20, using: &numbers)
                    let record = TestRecord(number, at: (start + Int64(number) * 60) * 1000)
                    return known[record.identity] ?? record.item
                }
                let expected = Set(asked.indices.filter { known[asked[$0].identity] != nil })
                #expect(try await spool.known(asked, in: stream) == expected, "step \(step)")
                let total =
                    rows.reduce(0) { $0 + $1.items.count }
                    + days.reduce(0) { $0 + ($1.key > 0 ? $1.value.count : 0) }
                #expect(try spool.summary().streams.first?.taken == total)
            }
            let database = try SideDatabase(spool.testDirectory.databasePath)
            let kept = days.filter { $0.key > 0 }.sorted { $0.key < $1.key }
            #expect(
                try await database.strings("SELECT day, count, hex(digest) FROM ledger_day WHERE day > 0 ORDER BY day")
                    == kept.map { "\($0.key) \($0.value.count) \(digest($0.value))" })
        }
    }

    @Test func `a ledger beyond its share folds what is finished, oldest first, and never what will be read again`()
        async throws
    {
        // An eighth of this are 65,536 bytes: 4,096 identities.
        let options = SpoolOptions(
            maximumBytes: 512 << 10, retain: .seconds(0), segmentBytes: 20_000, reserveBytes: 4096)
        try await withSpool(options) { open in
            let spool = try open()
            let stream = try await spool.testStream()
            func finished(_ from: Int64, _ to: Int64, _ state: Coverage.State) -> Coverage.Interval {
                Coverage.Interval(
                    window: Window(
                        from: Timestamp(milliseconds: from * 1000), to: Timestamp(milliseconds: to * 1000)),
                    readAt: Timestamp(milliseconds: to * 1000), state: state)
            }
            // The first four hours are still to be looked at; four rows beyond are finished.
            let coverage = try #require(
                Coverage(intervals: [finished(0, 14_400, .settled), finished(14_400, 400_000, .finished)]))
            for row in 0..<6 {
                let hour = row < 2 ? row : row * 10
                let records = (0..<1000).map { TestRecord(row * 1000 + $0, at: Int64(hour * 3600 + $0) * 1000) }
                try await spool.append(.test(stream, records, window: hour * 3600 + 999, coverage: coverage))
            }
            try await spool.flush()
            spool.testClock.advance(by: .seconds(61))
            try await spool.removeExpired()
            let database = try SideDatabase(spool.testDirectory.databasePath)
            // 6,000 are 1,904 too many: two rows.
            #expect(
                try await database.strings("SELECT from_ms / 3600000 FROM ledger ORDER BY from_ms") == [
                    "0", "1", "40", "50",
                ])
            #expect(try await database.int("SELECT SUM(count) FROM ledger_day") == 2000)
            let items = [0, 1500, 2500, 3500, 4500].map { number in
                let row = number / 1000
                let hour = row < 2 ? row : row * 10
                return TestRecord(number, at: Int64(hour * 3600 + number % 1000) * 1000).item
            }
            #expect(try await spool.known(items, in: stream) == [0, 1, 4])
        }
    }
}
