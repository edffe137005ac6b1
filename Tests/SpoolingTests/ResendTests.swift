import Foundation
import GRDB
import PipelineCore
import Spooling
import Testing

/// Dead letters and replays: what a sink is to get once more.
@Suite struct ResendTests {
    /// A spool with the records 1 to `count`, all of which the sink `siem` has, but for those that are dead letters.
    private func deliveredSpool(
        _ open: Opener, count: Int = 5, rejected: [Int] = []
    ) async throws -> (Spool, StreamID) {
        let spool = try open()
        let stream = try await spool.testStream()
        _ = try await spool.attach([("siem", .oldest), ("archive", .oldest)])
        try await spool.append(.test(stream, (1...count).map { TestRecord($0) }))
        let records = try await spool.read(after: 0, maximumRecords: .max, maximumBytes: .max)
        for sink in ["siem", "archive"] {
            try await spool.settle(
                Settlement(
                    sink: sink, sequences: 1...Int64(count),
                    rejected: sink == "siem"
                        ? rejected.map { .init(record: records[$0 - 1], reason: "400: no \($0)", attempts: 2) } : [],
                    attempts: 1))
        }
        return (spool, stream)
    }

    private func next(_ spool: Spool, sink: String = "siem", records: Int = 100, bytes: Int = .max) async throws
        -> Resend?
    {
        try await spool.nextResend(of: sink, maximumRecords: records, maximumBytes: bytes)
    }

    private func sink(_ name: String = "siem") throws -> (delivered: Int, rejected: Int) {
        let queue = try DatabaseQueue(path: Fixture.directory.databasePath)
        let row = try queue.read { try Row.fetchOne($0, sql: "SELECT * FROM sink WHERE name = ?", arguments: [name]) }
        return (row?["delivered"] ?? 0, row?["rejected"] ?? 0)
    }

    private var ever: (from: Timestamp, to: Timestamp) {
        (Timestamp(milliseconds: 0), Timestamp(milliseconds: 4_000_000_000_000))
    }

    // MARK: - Dead letters

    @Test func `a dead letter says all that is known of the record, and holds its envelope`() async throws {
        try await withSpool { open in
            let (spool, _) = try await deliveredSpool(open, rejected: [2, 4])
            let letters = try await spool.deadLetters(limit: 10)
            #expect(letters.map(\.sequence) == [2, 4])
            let letter = try #require(letters.first)
            #expect(letter.sink == "siem")
            #expect(letter.account == "production")
            #expect(letter.accountSID == TestRecord.account)
            #expect(letter.dataset == "monitor.events")
            #expect(letter.recordID == TestRecord(2).sid)
            #expect(letter.recordType == "account.updated")
            #expect(letter.reason == "400: no 2")
            #expect(letter.attempts == 2)
            #expect(letter.rejectedAt == Fixture.clock.now)
            #expect(letter.replayRequestedAt == nil)
            #expect(try await spool.deadLetter(letter.id)?.line == TestRecord(2).line)
            #expect(try StateReader(Fixture.directory).deadLetter(letter.id)?.letter == letter)
            #expect(try await spool.deadLetter(99) == nil)
        }
    }

    @Test func `dead letters are listed by sink and a page at a time`() async throws {
        try await withSpool { open in
            let (spool, _) = try await deliveredSpool(open, rejected: [1, 2, 3])
            let page = try await spool.deadLetters(sink: "siem", limit: 2)
            #expect(page.map(\.sequence) == [1, 2])
            let rest = try await spool.deadLetters(sink: "siem", after: page[1].id, limit: 2)
            #expect(rest.map(\.sequence) == [3])
            #expect(try await spool.deadLetters(sink: "archive", limit: 2).isEmpty)
        }
    }

    @Test func `only dead letters that somebody asked for are sent again`() async throws {
        try await withSpool { open in
            let (spool, _) = try await deliveredSpool(open, rejected: [1, 2, 3])
            #expect(try await next(spool) == nil)
            let ids = try await spool.deadLetters(limit: 10).map(\.id)
            #expect(try await spool.requestReplay(deadLetters: .ids([ids[0], ids[2], 77])) == [ids[0], ids[2]])
            #expect(try await spool.requestReplay(deadLetters: .ids([ids[0]])) == [])
            let backlog = try await spool.resendBacklog(of: "siem")
            #expect(backlog == (2, 0))
            let resend = try #require(try await next(spool))
            #expect(resend.cause == .deadLetters([ids[0], ids[2]]))
            #expect(resend.records.map(\.id) == [TestRecord(1).sid, TestRecord(3).sid])
            #expect(
                resend.records.map { String(decoding: $0.line, as: UTF8.self) } == [1, 3].map { TestRecord($0).line })
            #expect(resend.records.allSatisfy { $0.isReplay && $0.target == nil && $0.sequence > 1 << 61 })
            #expect(try await next(spool, sink: "archive") == nil)
            #expect(try await next(spool, records: 1)?.records.count == 1)
            #expect(try await next(spool, bytes: 1)?.records.count == 1)
        }
    }

    @Test func `accepted dead letters are gone, and those refused again stay with the new reason`() async throws {
        try await withSpool { open in
            let (spool, _) = try await deliveredSpool(open, rejected: [1, 2, 3])
            let ids = try await spool.requestReplay(deadLetters: .all(sink: "siem"))
            #expect(ids.count == 3)
            let resend = try #require(try await next(spool))
            Fixture.clock.advance(by: .seconds(60))
            try await spool.settle(
                resend, of: "siem", verdicts: [.accepted, .rejected(reason: "413: too large")], filtered: [2],
                state: ["place": [7]])
            let letters = try await spool.deadLetters(limit: 10)
            #expect(letters.map(\.sequence) == [2, 3])
            #expect(letters[0].reason == "413: too large")
            #expect(letters[0].attempts == 3)
            #expect(letters[0].rejectedAt == Fixture.clock.now)
            #expect(letters[1].reason == "not sent again, [sink.filter] does not want it; earlier: 400: no 3")
            #expect(letters.allSatisfy { $0.replayRequestedAt == nil })
            #expect(try await next(spool) == nil)
            #expect(try await spool.stateStore(of: "siem").load() == ["place": [7]])
            #expect(try sink() == (3, 3))
        }
    }

    @Test func `a dead letter outlives its record in the spool, and a restart`() async throws {
        let options = SpoolOptions(maximumBytes: 1 << 30, retain: .seconds(60), segmentBytes: 1)
        try await withSpool(options) { open in
            let (spool, stream) = try await deliveredSpool(open, rejected: [2])
            _ = try await spool.requestReplay(deadLetters: .all(sink: "siem"))
            try await spool.append(.test(stream, [TestRecord(9)]))
            Fixture.clock.advance(by: .seconds(3600))
            try await spool.removeExpired()
            #expect(try await spool.spans(after: 0, limit: 1).first?.sequences.lowerBound == 6)
            try await spool.close()
            let again = try open()
            let resend = try await next(again)
            #expect(resend?.records.map(\.id) == [TestRecord(2).sid])
        }
    }

    @Test func `a dead letter that was dropped while it was on its way stays dropped`() async throws {
        try await withSpool { open in
            let (spool, _) = try await deliveredSpool(open, rejected: [1])
            let ids = try await spool.requestReplay(deadLetters: .all(sink: "siem"))
            let resend = try #require(try await next(spool))
            #expect(try await spool.dropDeadLetters(.ids(ids + [50])) == ids)
            try await spool.settle(
                resend, of: "siem", verdicts: [.rejected(reason: "no")], filtered: [], state: [:])
            #expect(try await spool.deadLetters(limit: 10).isEmpty)
        }
    }

    @Test func `a dead letter whose copy is damaged says so and does not hold up the others`() async throws {
        try await withSpool { open in
            let (spool, _) = try await deliveredSpool(open, rejected: [1, 2])
            let ids = try await spool.requestReplay(deadLetters: .all(sink: "siem"))
            try await spool.close()
            let queue = try DatabaseQueue(path: Fixture.directory.databasePath)
            try await queue.write {
                try $0.execute(sql: "UPDATE dead_letter SET frame = zeroblob(bytes) WHERE id = ?", arguments: [ids[0]])
            }
            try queue.close()
            let again = try open()
            #expect(try await next(again, records: 1)?.cause == .deadLetters([ids[1]]))
            let letter = try #require(try await again.deadLetters(limit: 1).first)
            #expect(letter.reason.contains("the copy cannot be read"))
            #expect(letter.replayRequestedAt == nil)
        }
    }

    @Test func `there is room for so many dead letters and bytes of all sinks together`() async throws {
        try await withSpool { open in
            let (spool, _) = try await deliveredSpool(open, rejected: [1])
            #expect(try await spool.deadLetterRoom(bytes: 1000))
            let used = try #require(try await spool.deadLetters(limit: 1).first).bytes
            #expect(try await spool.deadLetterRoom(bytes: DeadLetter.maximumBytes - used))
            #expect(try await spool.deadLetterRoom(bytes: DeadLetter.maximumBytes - used + 1) == false)
            #expect(try await spool.deadLetterRoom(bytes: 0, records: DeadLetter.maximumCount - 1))
            #expect(try await spool.deadLetterRoom(bytes: 0, records: DeadLetter.maximumCount) == false)
        }
    }

    // MARK: - Replays

    @Test func `a replay sends what was collected in a range again, in order, and finishes`() async throws {
        try await withSpool { open in
            let (spool, stream) = try await deliveredSpool(open)
            let later = Fixture.clock.now + .seconds(60)
            Fixture.clock.advance(by: .seconds(60))
            try await spool.append(.test(stream, [TestRecord(6), TestRecord(7)]))
            try await spool.settle(Settlement(sink: "siem", sequences: 6...7, attempts: 1))
            let job = try #require(
                try await spool.addReplay(sink: "siem", from: later, to: ever.to, requestedBy: 1000))
            #expect(job.sequences == 6...7)
            #expect(job.remaining == 2)
            #expect(job.requestedBy == 1000)
            let all = try #require(try await spool.addReplay(sink: "siem", from: ever.from, to: later, requestedBy: 0))
            #expect(all.sequences == 1...5)

            let first = try #require(try await next(spool))
            #expect(first.cause == .replay(job: job.id, through: 7))
            #expect(first.records.map(\.id) == [6, 7].map { TestRecord($0).sid })
            #expect(first.records.allSatisfy { $0.isReplay })
            let same = try await next(spool)
            #expect(same?.cause == first.cause)
            try await spool.settle(first, of: "siem", verdicts: [.accepted, .accepted], filtered: [], state: [:])
            let second = try #require(try await next(spool, records: 3))
            #expect(second.cause == .replay(job: all.id, through: 3))
            #expect(Set(first.records.map(\.sequence)).isDisjoint(with: second.records.map(\.sequence)))
            try await spool.settle(second, of: "siem", verdicts: [.accepted], filtered: [0, 2], state: [:])
            let jobs = try await spool.replays(openOnly: false)
            #expect(jobs.map(\.finishedAt) == [Fixture.clock.now, nil])
            #expect(jobs.map(\.delivered) == [2, 1])
            #expect(jobs.map(\.filtered) == [0, 2])
            #expect(jobs.map(\.remaining) == [0, 2])
            let open = try StateReader(Fixture.directory).replays(openOnly: true)
            #expect(open == [jobs[1]])
            #expect(try sink().delivered == 10)
        }
    }

    @Test func `a replay leaves out what the sink is not past, and ends where nothing is spooled`() async throws {
        try await withSpool { open in
            let (spool, stream) = try await deliveredSpool(open)
            try await spool.append(.test(stream, [TestRecord(6)]))
            let job = try await spool.addReplay(sink: "siem", from: ever.from, to: ever.to, requestedBy: 0)
            #expect(job?.sequences == 1...5)
            #expect(try await spool.addReplay(sink: "siem", from: ever.to, to: ever.to, requestedBy: 0) == nil)
            #expect(try await spool.addReplay(sink: "new", from: ever.from, to: ever.to, requestedBy: 0) == nil)
        }
    }

    @Test func `what a replay's sink refuses becomes a dead letter, once`() async throws {
        try await withSpool { open in
            let (spool, _) = try await deliveredSpool(open, count: 2, rejected: [1])
            for _ in 1...2 {
                _ = try await spool.addReplay(sink: "siem", from: ever.from, to: ever.to, requestedBy: 0)
                let resend = try #require(try await next(spool))
                try await spool.settle(
                    resend, of: "siem", verdicts: [.rejected(reason: "a"), .rejected(reason: "b")], filtered: [],
                    state: [:])
            }
            let letters = try await spool.deadLetters(limit: 10)
            #expect(letters.map(\.sequence) == [1, 2])
            #expect(letters.map(\.reason) == ["a", "b"])
            #expect(letters.map(\.attempts) == [4, 2])
            #expect(try await spool.deadLetter(letters[1].id)?.line == TestRecord(2).line)
            #expect(try await spool.replays(openOnly: false).map(\.rejected) == [2, 2])
        }
    }

    @Test func `a replay keeps its records whatever their age, and what is damaged is passed over and counted`()
        async throws
    {
        let options = SpoolOptions(maximumBytes: 1 << 30, retain: .seconds(60), segmentBytes: 1)
        try await withSpool(options) { open in
            let (spool, stream) = try await deliveredSpool(open, count: 2)
            Fixture.clock.advance(by: .seconds(30))
            for number in [3, 4, 5] {
                try await spool.append(.test(stream, [TestRecord(number)]))
                for sink in ["siem", "archive"] {
                    try await spool.settle(
                        Settlement(sink: sink, sequences: Int64(number)...Int64(number), attempts: 1))
                }
            }
            let job = try #require(
                try await spool.addReplay(sink: "siem", from: ever.from, to: ever.to, requestedBy: 0))
            #expect(job.sequences == 1...5)
            Fixture.clock.advance(by: .seconds(40))
            try await spool.removeExpired()
            let path = Fixture.directory.segmentPath(3)
            let handle = try FileHandle(forUpdating: URL(fileURLWithPath: path))
            try handle.seek(toOffset: 60)
            try handle.write(contentsOf: Data([0xFF]))
            try handle.close()

            let first = try #require(try await next(spool))
            #expect(first.cause == .replay(job: job.id, through: 3))
            try await spool.settle(
                first, of: "siem", verdicts: [.accepted, .accepted, .accepted], filtered: [], state: [:])
            let second = try #require(try await next(spool))
            #expect(second.cause == .replay(job: job.id, through: 5))
            try await spool.settle(second, of: "siem", verdicts: [.accepted], filtered: [], state: [:])
            let end = try #require(try await spool.replays(openOnly: false).first)
            #expect(end.finishedAt == Fixture.clock.now)
            #expect((end.delivered, end.missing) == (4, 1))
            #expect(try await next(spool) == nil)
        }
    }

    @Test func `records that were read for another sink are no part of a replay`() async throws {
        try await withSpool { open in
            let (spool, stream) = try await deliveredSpool(open, count: 1)
            let other = try await spool.testBackfill(sink: "archive")
            let own = try await spool.testBackfill(sink: "siem")
            try await spool.append(.test(stream, [TestRecord(2)], lane: .backfill, backfill: .test(other, to: 1)))
            try await spool.append(.test(stream, [TestRecord(3)], lane: .backfill, backfill: .test(own, to: 1)))
            try await spool.append(.test(stream, [TestRecord(4)], lane: .backfill, backfill: .test(other, to: 2)))
            try await spool.settle(Settlement(sink: "siem", sequences: 2...4, filtered: [2, 4], attempts: 1))
            let job = try #require(
                try await spool.addReplay(sink: "siem", from: ever.from, to: ever.to, requestedBy: 0))
            let resend = try #require(try await next(spool))
            #expect(resend.cause == .replay(job: job.id, through: 4))
            #expect(resend.records.map(\.id) == [1, 3].map { TestRecord($0).sid })
            #expect(resend.records.allSatisfy { $0.target == nil })
            try await spool.settle(resend, of: "siem", verdicts: [.accepted, .accepted], filtered: [], state: [:])
            let end = try await spool.replays(openOnly: false).first
            #expect(end?.filtered == 2)
            #expect(end?.isOpen == false)
        }
    }

    @Test func `a cancelled replay sends nothing more, but what was on its way counts`() async throws {
        try await withSpool { open in
            let (spool, _) = try await deliveredSpool(open)
            let job = try #require(
                try await spool.addReplay(sink: "siem", from: ever.from, to: ever.to, requestedBy: 0))
            let resend = try #require(try await next(spool, records: 2))
            #expect(try await spool.cancelReplay(job.id))
            #expect(try await spool.cancelReplay(job.id) == false)
            #expect(try await spool.cancelReplay(99) == false)
            try await spool.settle(
                resend, of: "siem", verdicts: [.accepted, .rejected(reason: "no")], filtered: [], state: [:])
            #expect(try await next(spool) == nil)
            let end = try #require(try await spool.replays(openOnly: false).first)
            #expect(end.finishedAt == nil)
            #expect(end.cancelledAt == Fixture.clock.now)
            #expect(end.delivered == 1)
            #expect(try await spool.deadLetters(limit: 10).map(\.sequence) == [2])
        }
    }

    @Test func `asking for something once more wakes those who wait for changes`() async throws {
        try await withSpool { open in
            let (spool, _) = try await deliveredSpool(open, rejected: [1])
            var changes = await spool.changes().makeAsyncIterator()
            _ = await changes.next()
            _ = try await spool.requestReplay(deadLetters: .all(sink: "siem"))
            _ = await changes.next()
            _ = try await spool.addReplay(sink: "siem", from: ever.from, to: ever.to, requestedBy: 0)
            _ = await changes.next()
            let backlog = try await spool.resendBacklog(of: "siem")
            #expect(backlog == (1, 5))
        }
    }
}
