import GRDB
import PipelineCore
import Spooling
import Testing

@Suite struct BackfillTests {
    @Test func `a backfill is remembered over restarts until it ends, and ends once`() async throws {
        try await withSpool { open in
            let first: BackfillJob
            let second: BackfillJob
            do {
                let spool = try open()
                first = try await spool.testBackfill()
                second = try await spool.testBackfill(50, sink: "siem")
                #expect(first.id != second.id)
                #expect((first.sink, second.sink, second.requestedBy) == (nil, "siem", 1000))
            }
            let spool = try open()
            #expect(try await spool.backfills(openOnly: true) == [first, second])
            #expect(try await spool.cancelBackfill(first.id))
            let (again, finished) = (
                try await spool.finishBackfill(first.id), try await spool.finishBackfill(second.id)
            )
            #expect(again == nil)
            #expect(finished?.count == 0)
            #expect(try await !spool.cancelBackfill(second.id))
            #expect(try await !spool.cancelBackfill(99))
            #expect(try await spool.backfills(openOnly: true) == [])
            let ended = try await spool.backfills(openOnly: false)
            let now = spool.testClock.now
            #expect(ended.map(\.cancelledAt) == [now, nil])
            #expect(ended.map(\.finishedAt) == [nil, now])
            #expect(ended.map(\.isOpen) == [false, false])
        }
    }

    @Test func `records, ledger and the job's place are durable together, and the stream's own place stays`()
        async throws
    {
        try await withSpool { open in
            let job: BackfillJob
            do {
                let spool = try open()
                let id = try await spool.testStream()
                try await spool.append(.test(id, [TestRecord(9, at: 900_000)], coverage: .seconds(900, 901)))
                try await spool.append(.test(id, [], window: 1, coverage: .seconds(900, 902), length: .seconds(7)))
                try await spool.flush()
                job = try await spool.testBackfill()
                var late = LatenessHistogram()
                late.add(.seconds(1_000_000))
                let records = [TestRecord(1, at: 1_000_000), TestRecord(2, at: 1_001_000)]
                try await spool.append(
                    .test(
                        id, records, lane: .backfill, length: .seconds(99), lateness: late,
                        backfill: .test(job, to: 10)))
                // Nothing found: waits for the next commit, which never comes.
                try await spool.append(.test(id, [], lane: .backfill, backfill: .test(job, to: 20)))
            }
            let spool = try open()
            let place = try await spool.testPlace()
            #expect(place.coverage == .seconds(900, 902))
            #expect(place.length == .seconds(7))
            #expect(try await spool.backfillPlace(job.id, stream: place.id) == .seconds(0, 10))
            #expect(try await spool.backfilled(place.id) == .seconds(0, 10))
            #expect(try await spool.known([TestRecord(1, at: 1_000_000).item], in: place.id) == [0])
            let records = try await spool.read(after: 1, maximumRecords: 9, maximumBytes: .max)
            #expect(records.map(\.origin.lane) == [.backfill, .backfill])
            #expect(records.map(\.target) == [nil, nil])
            let stream = try #require(try spool.summary().streams.first)
            #expect(stream.checkpoint?.sid == TestRecord(9).sid)
            #expect(stream.lateness.isEmpty)
            #expect((stream.requestsToday, stream.recordsReadToday, stream.takenToday) == (3, 3, 3))
            let usage = try await spool.usageToday(accountSID: TestRecord.account, dataset: .monitorEvents)
            #expect(usage == (3, 3))
        }
    }

    @Test func `passes that found nothing are told at once, and saved with the next commit`() async throws {
        try await withSpool { open in
            let job: BackfillJob
            do {
                let spool = try open()
                let id = try await spool.testStream()
                job = try await spool.testBackfill()
                #expect(try await spool.backfillPlace(job.id, stream: id).intervals.isEmpty)
                try await spool.append(.test(id, [], lane: .backfill, backfill: .test(job, to: 20)))
                try await spool.append(.test(id, [], lane: .backfill, backfill: .test(job, to: 40)))
                #expect(try await spool.backfillPlace(job.id, stream: id) == .seconds(0, 40))
            }
            let spool = try open()
            let id = try await spool.testStream()
            #expect(try await spool.backfillPlace(job.id, stream: id) == .seconds(0, 40))
            #expect(try spool.summary().backfills.map(\.requests) == [2])
        }
    }

    @Test func `a backfill to one sink marks its records for it, over restarts, and leaves no trace in the ledger`()
        async throws
    {
        try await withSpool { open in
            let job: BackfillJob
            do {
                let spool = try open()
                let id = try await spool.testStream()
                job = try await spool.testBackfill(sink: "siem")
                try await spool.append(.test(id, [TestRecord(1, at: 1000)], coverage: .seconds(1, 2)))
                try await spool.append(
                    .test(
                        id, [TestRecord(1, at: 1000), TestRecord(2, at: 2000)], window: 1, lane: .backfill,
                        backfill: .test(job, to: 10)))
            }
            let spool = try open()
            let id = try await spool.testStream()
            let records = try await spool.read(after: 0, maximumRecords: 9, maximumBytes: .max)
            #expect(records.map(\.target) == [nil, "siem", "siem"])
            #expect(records.map(\.id) == [1, 1, 2].map { TestRecord($0).sid })
            #expect(records.map { String(decoding: $0.line, as: UTF8.self) } == [1, 1, 2].map { TestRecord($0).line })
            #expect(try await spool.known([TestRecord(2, at: 2000).item], in: id) == [])
            #expect(try await spool.backfillPlace(job.id, stream: id) == .seconds(0, 10))
            #expect(try await spool.backfilled(id).intervals.isEmpty)
            let status = try #require(try spool.summary().backfills.first)
            #expect((status.requests, status.records, status.taken) == (1, 2, 2))
            #expect(try spool.summary().streams.map(\.takenToday) == [1])
            // Both copies are found, also the one that no ledger knows.
            let reader = try StateReader(spool.testDirectory)
            #expect(try reader.explain(sid: TestRecord(1).sid).map(\.target) == [nil, "siem"])
            #expect(try reader.explain(sid: TestRecord(2).sid).map(\.target) == ["siem"])
        }
    }

    @Test func `what was backfilled is what any job to all sinks has read, cancelled ones too`() async throws {
        try await withSpool { open in
            let spool = try open()
            let id = try await spool.testStream()
            for (to, sink) in [(10, nil), (30, nil), (20, nil), (50, "siem")] as [(Int64, String?)] {
                let job = try await spool.testBackfill(sink: sink)
                try await spool.append(.test(id, [], lane: .backfill, backfill: .test(job, to: to)))
                try await spool.cancelBackfill(job.id)
            }
            let apart = try await spool.testBackfill()
            try await spool.append(
                .test(
                    id, [], lane: .backfill,
                    backfill: BackfillProgress(job: apart.id, coverage: .seconds(40, 60), sink: nil)))
            let read = try await spool.backfilled(id)
            #expect(read.intervals == Coverage.seconds(0, 30).intervals + Coverage.seconds(40, 60).intervals)
            let other = try await spool.testStream(account: "AC00000000000000000000000000000002")
            #expect(try await spool.backfilled(other).intervals.isEmpty)
        }
    }

    @Test func `compaction folds a running backfill's records, but not those that live collection will yet read`()
        async throws
    {
        try await withSpool { open in
            let spool = try open()
            let key = StreamKey(accountSID: TestRecord.account, dataset: .monitorEvents, host: "monitor.twilio.com")
            let start = Timestamp(milliseconds: 1_690_100_000_000)
            let id = try await spool.place(of: key, account: "production", start: start).id
            let job = try await spool.testBackfill()
            let before = TestRecord(1, at: 1_690_050_000_000)
            let ahead = TestRecord(2, at: 1_690_300_000_000)
            try await spool.append(.test(id, [before], lane: .backfill, backfill: .test(job, to: 10)))
            try await spool.append(.test(id, [ahead], lane: .backfill, backfill: .test(job, to: 20)))
            try await spool.append(.test(id, [], coverage: .seconds(1_690_100_000, 1_690_200_000)))
            // All that was read is finished, so the horizon is the present.
            try await spool.compactLedger(of: id, before: spool.testClock.now)
            #expect(try await spool.known([before.item, ahead.item], in: id) == [1])
            #expect(try spool.summary().streams.map(\.taken) == [2])
            #expect(try await spool.backfillPlace(job.id, stream: id) == .seconds(0, 20))
            try await spool.append(.test(id, [], coverage: .seconds(1_690_100_000, 1_690_400_000)))
            try await spool.compactLedger(of: id, before: spool.testClock.now)
            #expect(try await spool.known([before.item, ahead.item], in: id) == [])
            #expect(try spool.summary().streams.map(\.taken) == [2])
        }
    }

    @Test func `progress is told over the streams that are there, without what was read before`() async throws {
        try await withSpool { open in
            let spool = try open()
            // All begin after the range: what lies behind a start is none of a backfill's work.
            let key = StreamKey(accountSID: TestRecord.account, dataset: .monitorEvents, host: "monitor.twilio.com")
            let id = try await spool.place(of: key, account: "production", start: spool.testClock.now).id
            let keys = ["1", "2"].map {
                StreamKey(accountSID: TestRecord.account, dataset: .monitorEvents, host: "other\($0).example.com")
            }
            for key in keys { _ = try await spool.place(of: key, account: "production", start: spool.testClock.now) }
            _ = try await spool.testStream(account: "AC00000000000000000000000000000002")
            let all = try await spool.testBackfill(100)
            let one = try await spool.testBackfill(100, sink: "siem")
            #expect(try spool.summary().backfills.map(\.percentDone) == [0, 0])
            #expect(try spool.summary().backfills.map(\.streams) == [3, 3])
            try await spool.retire(keys[1])
            try await spool.append(.test(id, [], coverage: .seconds(60, 100)))
            try await spool.append(.test(id, [TestRecord(1, at: 5)], lane: .backfill, backfill: .test(all, to: 40)))
            try await spool.append(.test(id, [TestRecord(1, at: 5)], lane: .backfill, backfill: .test(one, to: 20)))
            let status = try spool.summary().backfills
            #expect(status.map(\.job) == [all, one])
            #expect(status.map(\.streams) == [2, 2])
            #expect(status.map { Int($0.percentDone.rounded()) } == [40, 10])
            #expect(status.map(\.taken) == [1, 1])
            try await spool.finishBackfill(all.id)
            #expect(try spool.summary().backfills.map(\.job) == [one])
        }
    }

    /// A stream that begins at 60 s, and a job for what lies before 100 s that has read up to 20 s of it.
    private static func halfDone(_ spool: Spool) async throws -> (key: StreamKey, job: BackfillJob) {
        let key = StreamKey(accountSID: TestRecord.account, dataset: .monitorEvents, host: "monitor.twilio.com")
        let start = Timestamp(milliseconds: 60_500)
        let place = try await spool.place(of: key, account: "production", start: start)
        let job = try await spool.testBackfill(100)
        try await spool.append(.test(place.id, [], lane: .backfill, backfill: .test(job, to: 20)))
        return (key, job)
    }

    private static let unread = Window(from: Timestamp(milliseconds: 20_000), to: Timestamp(milliseconds: 60_000))

    // Hostile schedule 961.
    @Test func `what a backfill has not read of a stream that went away is a gap when it ends, and stays one`()
        async throws
    {
        try await withSpool { open in
            let spool = try open()
            let (key, job) = try await Self.halfDone(spool)
            #expect(try await spool.retire(key).isEmpty)
            let gaps = try #require(try await spool.finishBackfill(job.id))
            #expect(gaps.map(\.window) == [Self.unread])
            #expect(gaps.map(\.key) == [key])
            #expect(try spool.summary().gaps.map(\.window) == [Self.unread])
            _ = try await spool.place(of: key, account: "production", start: Timestamp(milliseconds: 60_500))
            #expect(try spool.summary().gaps.map(\.window) == [Self.unread])
        }
    }

    @Test func `it is a gap too when the stream is known to be gone only after the backfill has ended`() async throws {
        try await withSpool { open in
            let spool = try open()
            let (key, job) = try await Self.halfDone(spool)
            #expect(try await spool.finishBackfill(job.id)?.count == 0)
            #expect(try spool.summary().gaps.isEmpty)
            #expect(try await spool.retire(key).map(\.window) == [Self.unread])
            #expect(try spool.summary().gaps.map(\.window) == [Self.unread])
        }
    }

    @Test func `a backfill leaves no gap of a stream that was known to be gone, or of which it has read all`()
        async throws
    {
        try await withSpool { open in
            let spool = try open()
            let (key, first) = try await Self.halfDone(spool)
            let place = try await spool.place(of: key, account: "production", start: Timestamp(milliseconds: 60_500))
            try await spool.append(.test(place.id, [], lane: .backfill, backfill: .test(first, to: 60)))
            try await spool.retire(key)
            let second = try await spool.testBackfill(40)
            let toOne = try await spool.testBackfill(100, sink: "siem")
            for job in [first, second, toOne] {
                let gaps = try await spool.finishBackfill(job.id)
                #expect(gaps?.count == 0)
            }
            #expect(try spool.summary().gaps.isEmpty)
        }
    }

    @Test func `records that somebody else appended since they were compared are not appended twice`() async throws {
        try await withSpool { open in
            let spool = try open()
            let id = try await spool.testStream()
            let other = try await spool.testStream(account: "AC00000000000000000000000000000002")
            let job = try await spool.testBackfill()
            let records = [TestRecord(1, at: 1000), TestRecord(2, at: 2000)]
            let (known, at) = try await spool.compare(records.map(\.item), in: id)
            #expect(known.isEmpty)
            // Of another stream: says nothing.
            try await spool.append(.test(other, [TestRecord(3, at: 1000)]))
            try await spool.append(.test(id, [records[0]], lane: .backfill, backfill: .test(job, to: 10)))
            await #expect(throws: AdvanceOvertaken.self) {
                try await spool.append(.test(id, records, comparedAt: at, window: 1))
            }
            #expect(await spool.lastSequence == 2)
            let anew = try await spool.compare(records.map(\.item), in: id)
            #expect(anew.known == [0])
            try await spool.append(.test(id, [records[1]], comparedAt: anew.at, window: 1))
            let ids = try await spool.read(after: 0, maximumRecords: 9, maximumBytes: .max).map(\.id)
            #expect(ids == [3, 1, 2].map { TestRecord($0).sid })
        }
    }

    @Test func `ended jobs go after 400 days, open ones stay`() async throws {
        try await withSpool { open in
            let spool = try open()
            let id = try await spool.testStream()
            var jobs: [BackfillJob] = []
            for number in 1...3 as ClosedRange<Int64> {
                jobs.append(try await spool.testBackfill())
                let progress = BackfillProgress.test(jobs[jobs.count - 1], to: number)
                try await spool.append(.test(id, [], lane: .backfill, backfill: progress))
            }
            try await spool.finishBackfill(jobs[0].id)
            try await spool.cancelBackfill(jobs[1].id)
            spool.testClock.advance(by: .seconds(400 * 86_400))
            try await spool.removeExpired()
            #expect(try await spool.backfills(openOnly: false).count == 3)
            spool.testClock.advance(by: .seconds(86_400))
            try await spool.removeExpired()
            #expect(try await spool.backfills(openOnly: false) == [jobs[2]])
            #expect(try await spool.backfilled(id) == .seconds(0, 3))
            #expect(try await spool.backfillPlace(jobs[0].id, stream: id).intervals.isEmpty)
            let next = try await spool.testBackfill()
            #expect(next.id > jobs[2].id)
        }
    }
}
