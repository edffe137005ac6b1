import PipelineCore
import Spooling
import Testing

/// Any order of live collection, backfills and crashes against a plain value.
@Suite struct CrashTests {
    /// What is expected of a state directory.
    private struct Expected: Equatable {
        var lines: [String] = []
        var targets: [String?] = []
        /// Up to which second the stream, and each job, has read; nil if nowhere.
        var read: Int64?
        var jobs: [Int64?] = [nil, nil]
        var requests = 0
        var taken = 0
    }

    private func found(_ spool: Spool, _ id: StreamID, _ jobs: [BackfillJob]) async throws -> Expected {
        let records = try await spool.read(after: 0, maximumRecords: .max, maximumBytes: .max)
        func end(_ coverage: Coverage?) -> Int64? {
            coverage?.intervals.last.map { $0.window.to.milliseconds / 1000 }
        }
        var expected = Expected()
        expected.lines = records.map { String(decoding: $0.line, as: UTF8.self) }
        expected.targets = records.map(\.target)
        expected.read = end(try await spool.testPlace().coverage)
        expected.jobs = []
        for job in jobs { expected.jobs.append(end(try await spool.backfillPlace(job.id, stream: id))) }
        let stream = try spool.summary().streams.first
        expected.requests = stream?.requestsToday ?? 0
        expected.taken = stream?.takenToday ?? 0
        return expected
    }

    @Test(arguments: 1...8 as ClosedRange<UInt64>)
    func `after a crash there is exactly what was committed, of everything`(seed: UInt64) async throws {
        try await withSpool { open in
            var numbers = SeededNumbers(state: seed)
            var spool = try open()
            var id = try await spool.testStream()
            let jobs = [try await spool.testBackfill(), try await spool.testBackfill(sink: "siem")]
            var committed = Expected()
            var latest = Expected()
            var committedAt = spool.testClock.now
            for step in 1...60 {
                var records: [TestRecord] = []
                if Bool.random(using: &numbers) { records = [TestRecord(step), TestRecord(step + 1000)] }
                switch Int.random(in: 0..<8, using: &numbers) {
                case 0:
                    try await spool.close()
                    spool = try open()
                    id = try await spool.testStream()
                    let state = try await found(spool, id, jobs)
                    #expect(state == committed, "step \(step)")
                    latest = committed
                    committedAt = spool.testClock.now
                    continue
                case 1:
                    try await spool.flush()
                    if latest != committed { committedAt = spool.testClock.now }
                    committed = latest
                    continue
                case 2:
                    spool.testClock.advance(by: .milliseconds(700))
                    continue
                case 3, 4:
                    let index = Int.random(in: 0...1, using: &numbers)
                    latest.jobs[index] = Int64(step)
                    latest.targets += records.map { _ in jobs[index].sink }
                    if index == 0 { latest.taken += records.count }
                    let progress = BackfillProgress.test(jobs[index], to: Int64(step))
                    try await spool.append(.test(id, records, window: step, lane: .backfill, backfill: progress))
                default:
                    latest.read = Int64(step)
                    latest.targets += records.map { _ in nil }
                    latest.taken += records.count
                    try await spool.append(.test(id, records, window: step, coverage: .seconds(0, Int64(step))))
                }
                latest.lines += records.map(\.line)
                latest.requests += 1
                guard !records.isEmpty || spool.testClock.now - committedAt >= .seconds(1) else { continue }
                committed = latest
                committedAt = spool.testClock.now
            }
            #expect(!committed.lines.isEmpty)
        }
    }
}
