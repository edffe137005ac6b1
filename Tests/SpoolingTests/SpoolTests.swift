import Foundation
import GRDB
import PipelineCore
import Spooling
import Testing

@Suite struct SpoolTests {
    @Test func `what was appended is read back, byte for byte and in order, also after a restart`() async throws {
        try await withSpool { open in
            var expected: [String] = []
            do {
                let spool = try open()
                let stream = try await spool.testStream()
                for window in 0..<5 {
                    let records = (0..<700).map { TestRecord(window * 700 + $0, at: Int64(window * 1000) + Int64($0)) }
                    expected += records.map(\.line)
                    try await spool.append(.test(stream, records, window: window))
                }
                _ = try await spool.attach([("siem", .oldest)])
                #expect(try await spool.lines(after: 0) == expected)
            }
            let spool = try open()
            #expect(await spool.lastSequence == 3500)
            #expect(try await spool.lines(after: 0) == expected)
            #expect(try await spool.lines(after: 3499) == [expected[3499]])
            #expect(try await spool.lines(after: 3500) == [])
        }
    }

    @Test func `a batch is bounded by records and by bytes, but is never empty while there is something`() async throws
    {
        try await withSpool { open in
            let spool = try open()
            let stream = try await spool.testStream()
            try await spool.append(.test(stream, (0..<2500).map { TestRecord($0) }))
            #expect(try await spool.read(after: 0, maximumRecords: 1800, maximumBytes: .max).count == 1800)
            let line = TestRecord(0).line.utf8.count + 1
            #expect(try await spool.read(after: 0, maximumRecords: 1800, maximumBytes: 3 * line).count == 3)
            #expect(try await spool.read(after: 0, maximumRecords: 1800, maximumBytes: 1).count == 1)
        }
    }

    @Test func `what was taken is known, dated or not, and nothing else is`() async throws {
        try await withSpool { open in
            let spool = try open()
            let stream = try await spool.testStream()
            try await spool.append(.test(stream, (0..<100).map { TestRecord($0, at: Int64($0) * 10) }))
            try await spool.append(.test(stream, [TestRecord(500, at: nil)], window: 1))
            let candidates = [
                TestRecord(3, at: 30), TestRecord(100, at: 30), TestRecord(500, at: nil), TestRecord(501, at: nil),
                TestRecord(99, at: 990),
            ]
            #expect(try await spool.known(candidates.map(\.item), in: stream) == [0, 2, 4])
            let other = try await spool.testStream(account: "AC00000000000000000000000000000002")
            #expect(try await spool.known(candidates.map(\.item), in: other) == [])
        }
    }

    @Test func `forgotten identities are no longer known, those near the horizon are`() async throws {
        try await withSpool { open in
            let spool = try open()
            let stream = try await spool.testStream()
            try await spool.append(.test(stream, [TestRecord(1, at: 1_690_000_001_000)], window: 0))
            try await spool.append(
                .test(
                    stream, [TestRecord(2, at: 1_690_000_002_000)], window: 1, coverage: .seconds(0, 1_690_010_000)))
            try await spool.compactLedger(of: stream, before: Timestamp(milliseconds: 1_690_000_002_000))
            #expect(
                try await spool.known(
                    [TestRecord(1, at: 1_690_000_001_000).item, TestRecord(2, at: 1_690_000_002_000).item], in: stream)
                    == [1])
        }
    }

    @Test func `coverage and checkpoint move with the records, and the checkpoint never back`() async throws {
        try await withSpool { open in
            let key = StreamKey(accountSID: TestRecord.account, dataset: .monitorEvents, host: "monitor.twilio.com")
            do {
                let spool = try open()
                let stream = try await spool.testStream()
                try await spool.append(.test(stream, [TestRecord(7, at: 7000)], window: 7))
                try await spool.append(.test(stream, [TestRecord(3, at: 3000)], window: 3, lane: .late))
                try await spool.append(.test(stream, [], window: 9))
                try await spool.flush()
            }
            let spool = try open()
            let place = try await spool.place(of: key, account: "renamed", start: Timestamp(milliseconds: 0))
            #expect(place.coverage.intervals.map(\.window) == [Advance.window(9)])
            let stream = try #require(try StateReader(spool.testDirectory).summary().streams.first)
            #expect(stream.account == "renamed")
            #expect(stream.checkpoint?.sid == TestRecord(7).sid)
            #expect(stream.taken == 2)
        }
    }

    @Test
    func `passes without records cost no commit until they are flushed, and a crash before that reads them again`()
        async throws
    {
        try await withSpool { open in
            do {
                let spool = try open()
                let stream = try await spool.testStream()
                try await spool.append(.test(stream, [], window: 4))
            }
            let place = try await open().testPlace()
            #expect(place.coverage.intervals.isEmpty)
        }
    }

    @Test func `a sink's position and state move together, in order, and survive`() async throws {
        try await withSpool { open in
            do {
                let spool = try open()
                let stream = try await spool.testStream()
                #expect(try await spool.attach([("archive", .now)]) == ["archive": 0])
                try await spool.append(.test(stream, (0..<10).map { TestRecord($0) }))
                try await spool.settle(
                    Settlement(
                        sink: "archive", sequences: 1...4, filtered: [2], attempts: 2, state: ["a": [1], "b": [2]]))
                try await spool.settle(
                    Settlement(sink: "archive", sequences: 5...5, filtered: [], attempts: 1, state: ["a": nil]))
            }
            let spool = try open()
            #expect(try await spool.attach([("archive", .now)]) == ["archive": 5])
            #expect(try await spool.stateStore(of: "archive").load() == ["b": [2]])
            let sink = try #require(try StateReader(spool.testDirectory).summary().sinks.first)
            #expect((sink.position, sink.backlog, sink.delivered, sink.filtered) == (5, 5, 4, 1))
        }
    }

    @Test func `a new sink begins where it is told to`() async throws {
        try await withSpool { open in
            let spool = try open()
            let stream = try await spool.testStream()
            try await spool.append(.test(stream, (0..<10).map { TestRecord($0) }))
            spool.testClock.advance(by: .seconds(60))
            try await spool.append(.test(stream, (10..<15).map { TestRecord($0) }, window: 1))
            let minuteAgo = spool.testClock.now - .seconds(30)
            let positions = try await spool.attach([
                ("now", .now), ("all", .oldest), ("recent", .from(minuteAgo)),
                ("future", .from(minuteAgo + .seconds(90))),
            ])
            #expect(positions == ["now": 15, "all": 0, "recent": 10, "future": 15])
        }
    }

    @Test func `a full spool takes nothing more, says who holds it, and goes on when that sink has delivered`()
        async throws
    {
        let options = SpoolOptions(maximumBytes: 1 << 20, retain: .seconds(3600), segmentBytes: 64 << 10)
        try await withSpool(options) { open in
            let spool = try open()
            let stream = try await spool.testStream()
            _ = try await spool.attach([("siem", .oldest), ("archive", .oldest)])
            var count = 0
            let began = spool.testClock.now
            spool.testClock.advance(by: .seconds(5))
            var refusal: SpoolError?
            while refusal == nil, count < 10_000 {
                do {
                    try await spool.append(.test(stream, (count..<count + 100).map { TestRecord($0) }, window: count))
                    count += 100
                } catch let error as SpoolError {
                    refusal = error
                }
            }
            // The stream's start is 1970.
            let fullness = Fullness(
                cause: .limit(bytes: 1 << 20), sinks: ["archive", "siem"], since: began + .seconds(5),
                keptUntil: Timestamp(milliseconds: 30 * 86_400_000))
            #expect(refusal == .full(fullness))
            #expect(try spool.summary().fullness == fullness)
            // The write-ahead log of the last append comes on top.
            #expect(try await spool.bytesUsed() <= (1 << 20) + (128 << 10))
            #expect(try await spool.lines(after: 0).count == count)
            let half = Int64(count / 2)
            try await spool.settle(
                Settlement(sink: "archive", sequences: 1...Int64(count), filtered: [], attempts: 1, state: [:]))
            // The write-ahead log gives some room back now and then.
            refusal = nil
            while refusal == nil, count < 10_000 {
                do {
                    try await spool.append(.test(stream, (count..<count + 100).map { TestRecord($0) }, window: count))
                    count += 100
                } catch let error as SpoolError {
                    refusal = error
                }
            }
            let lack = "\(try #require(refusal))"
            #expect(lack.contains("not yet delivered by siem since 2023-11-14T22:13:25Z;"), "\(lack)")
            #expect(lack.contains("at least until 1970-01-31T00:00:00Z;"), "\(lack)")
            try await spool.settle(
                Settlement(sink: "siem", sequences: 1...half, filtered: [], attempts: 1, state: [:]))
            try await spool.append(.test(stream, [TestRecord(count)], window: count))
            #expect(try spool.summary().fullness == nil)
            // What is not delivered is still there, whole.
            #expect(try await spool.lines(after: half) == (Int(half)...count).map { TestRecord($0).line })
        }
    }

    @Test func `delivered records are kept as long as told, and a detached sink holds nothing`() async throws {
        let options = SpoolOptions(maximumBytes: 1 << 30, retain: .seconds(3600), segmentBytes: 10_000)
        try await withSpool(options) { open in
            let spool = try open()
            let stream = try await spool.testStream()
            _ = try await spool.attach([("siem", .oldest), ("gone", .oldest)])
            for window in 0..<4 {
                try await spool.append(.test(stream, (0..<100).map { TestRecord(window * 100 + $0) }, window: window))
            }
            _ = try await spool.attach([("siem", .oldest)])
            try await spool.settle(
                Settlement(sink: "siem", sequences: 1...400, filtered: [], attempts: 1, state: [:]))
            try await spool.removeExpired()
            #expect(try await spool.lines(after: 0).count == 400)
            spool.testClock.advance(by: .seconds(3601))
            try await spool.removeExpired()
            #expect(try FileManager.default.contentsOfDirectory(atPath: spool.testDirectory.spoolPath) == [])
            // Sequences go on, and the sink that comes back goes on with what there is.
            try await spool.append(.test(stream, [TestRecord(999)], window: 9))
            #expect(await spool.lastSequence == 401)
            #expect(try await spool.attach([("gone", .now), ("siem", .now)]) == ["gone": 400, "siem": 400])
            #expect(try await spool.lines(after: 400) == [TestRecord(999).line])
        }
    }

    @Test func `bytes that were written but never committed are cut off, and orphaned files are swept`() async throws {
        try await withSpool { open in
            let directory: StateDirectory
            do {
                let spool = try open()
                directory = spool.testDirectory
                try await spool.append(.test(try await spool.testStream(), [TestRecord(1)]))
            }
            let path = directory.spoolPath + "/0000000001.seg"
            let handle = try #require(FileHandle(forWritingAtPath: path))
            try handle.seekToEnd()
            try handle.write(contentsOf: Data("half a frame".utf8))
            try Data("orphan".utf8).write(to: URL(fileURLWithPath: directory.spoolPath + "/0000000009.seg"))
            let spool = try open()
            try await spool.append(.test(try await spool.testStream(), [TestRecord(2)], window: 1))
            #expect(try await spool.lines(after: 0) == [TestRecord(1).line, TestRecord(2).line])
            #expect(!FileManager.default.fileExists(atPath: directory.spoolPath + "/0000000009.seg"))
        }
    }

    @Test func `a damaged segment is told with file and place, not delivered`() async throws {
        try await withSpool { open in
            let directory: StateDirectory
            do {
                let spool = try open()
                directory = spool.testDirectory
                try await spool.append(.test(try await spool.testStream(), (0..<10).map { TestRecord($0) }))
            }
            let path = directory.spoolPath + "/0000000001.seg"
            var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
            bytes[bytes.count / 2] ^= 1
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            let spool = try open()
            await #expect(throws: SpoolError.damaged(path: path, offset: 0, reason: "the checksum differs")) {
                _ = try await spool.read(after: 0, maximumRecords: 10, maximumBytes: .max)
            }
        }
    }

    @Test func `a second process is refused while the first has the directory`() async throws {
        try await withSpool { open in
            let spool = try open()
            #expect(throws: SpoolError.locked(path: spool.testDirectory.path, processID: getpid())) { _ = try open() }
            #expect(spool.testDirectory.owner() == getpid())
        }
    }

    @Test func `an older state is copied before it is changed, a newer one is refused with both versions`() async throws
    {
        try await withSpool { open in
            do {
                let spool = try open()
                try await spool.append(.test(try await spool.testStream(), [TestRecord(1)]))
            }
            var later = Migrations.all
            later.registerMigration("next") { try $0.execute(sql: "ALTER TABLE stream ADD COLUMN colour TEXT") }
            let directory: StateDirectory
            do {
                let spool = try open("2.0.0", later)
                directory = spool.testDirectory
                #expect(try await spool.lines(after: 0) == [TestRecord(1).line])
            }
            let copy = try DatabaseQueue(path: directory.databasePath + ".before-next")
            #expect(try await copy.read { try Int.fetchOne($0, sql: "SELECT COUNT(*) FROM frame") } == 1)
            #expect(try await copy.read { try $0.columns(in: "stream").contains { $0.name == "colour" } } == false)
            // What an older version would take for a leftover.
            let segment = directory.spoolPath + "/0000000099.seg"
            try Data("of the newer version".utf8).write(to: URL(fileURLWithPath: segment))
            defer { #expect(FileManager.default.fileExists(atPath: segment)) }
            #expect(throws: SpoolError.newer(path: directory.databasePath, writtenBy: "2.0.0", thisVersion: "1.0.0")) {
                _ = try open()
            }
        }
    }

    @Test func `what became of a record can be told from its SID`() async throws {
        try await withSpool { open in
            let spool = try open()
            let stream = try await spool.testStream()
            _ = try await spool.attach([("archive", .oldest), ("siem", .oldest)])
            try await spool.append(.test(stream, (0..<20).map { TestRecord($0) }))
            try await spool.append(.test(stream, [TestRecord(77, at: 5)], window: 1, lane: .late))
            try await spool.settle(
                Settlement(sink: "archive", sequences: 1...21, filtered: [], attempts: 3, state: [:]))
            let reader = try StateReader(spool.testDirectory)
            let history = try #require(try reader.explain(sid: TestRecord(77).sid).first)
            #expect(history.lane == .late)
            #expect(history.window == Advance.window(1))
            #expect(history.requestIDs == ["RQtest"])
            #expect(history.line == TestRecord(77, at: 5).line)
            guard case .delivered(_, attempts: 3) = history.deliveries[0].state else {
                Issue.record("the archive has it after three attempts")
                return
            }
            guard case .waiting(recordsAhead: 20) = history.deliveries[1].state else {
                Issue.record("it waits for siem behind 20 others")
                return
            }
            #expect(try reader.explain(sid: TestRecord(78).sid).isEmpty)
            #expect(try reader.explain(sid: "nonsense").isEmpty)
        }
    }

    @Test func `who waits for changes is told of them`() async throws {
        try await withSpool { open in
            let spool = try open()
            let stream = try await spool.testStream()
            var changes = await spool.changes().makeAsyncIterator()
            await changes.next()
            try await spool.append(.test(stream, [TestRecord(1)]))
            await changes.next()
            #expect(await spool.lastSequence == 1)
        }
    }
}
