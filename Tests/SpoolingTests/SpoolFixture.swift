import Foundation
import GRDB
import PipelineCore
import Spooling
import Synchronization

/// Wall time under the test's hand.
final class TestClock: Sendable {
    private let time = Mutex(Timestamp(milliseconds: 1_700_000_000_000))
    var now: Timestamp { time.withLock { $0 } }
    func advance(by duration: Duration) { time.withLock { $0 = $0 + duration } }
}

struct TestRecord {
    static let account = "AC00000000000000000000000000000001"
    let sid: String
    let time: Timestamp?

    init(_ number: Int, at milliseconds: Int64? = 0) {
        let hex = String(number, radix: 16)
        sid = "AE" + String(repeating: "0", count: 32 - hex.count) + hex
        time = milliseconds.map(Timestamp.init(milliseconds:))
    }

    var line: String {
        #"{"schema":"twilship.envelope.v1","id":"\#(sid)","type":"account.updated","raw":{"sid":"\#(sid)"}}"#
    }
    var identity: RecordIdentity { RecordIdentity(sid: sid.utf8) ?? RecordIdentity(high: 0, low: 0) }
    var item: LedgerItem { LedgerItem(identity: identity, time: time) }
}

extension Advance {
    static func window(_ number: Int) -> Window {
        Window(
            from: Timestamp(milliseconds: Int64(number) * 1000), to: Timestamp(milliseconds: Int64(number + 1) * 1000))
    }

    /// - Parameter coverage: of the stream after the pass; by default only the window, as read once.
    static func test(
        _ stream: StreamID, _ records: [TestRecord], comparedAt: Int64? = nil, window: Int = 0, lane: Lane = .live,
        coverage: Coverage? = nil,
        length: Duration? = nil, lateness: LatenessHistogram = LatenessHistogram(), backfill: BackfillProgress? = nil,
        gap: Advance.Gap? = nil
    ) -> Advance {
        var block = EnvelopeBlock()
        for record in records {
            let start = block.bytes.count
            block.bytes += Array(record.line.utf8)
            let end = block.bytes.count
            block.bytes.append(UInt8(ascii: "\n"))
            block.entries.append(
                EnvelopeBlock.Entry(
                    line: start..<end, raw: end - 45..<end - 1, id: start + 39..<start + 73,
                    type: start + 83..<start + 98,
                    time: record.time ?? Timestamp(milliseconds: 0), severity: .notice, identity: record.identity))
        }
        var read = Coverage()
        read.recordPass(over: Self.window(window), at: Timestamp(milliseconds: 0), foundNew: !records.isEmpty)
        return Advance(
            stream: stream, account: "production", accountSID: TestRecord.account, dataset: .monitorEvents,
            parts: [EnvelopeLines(lane: lane, block: block)], taken: records.map(\.item),
            comparedAt: comparedAt, coverage: coverage ?? read,
            checkpoint: records.last.flatMap { last in last.time.map { Checkpoint(time: $0, sid: last.sid) } },
            window: Self.window(window), readAt: Timestamp(milliseconds: 0), gap: gap,
            requestIDs: ["RQtest"], requests: 1,
            recordsRead: records.count, length: length, lateness: lateness, backfill: backfill)
    }
}

extension Coverage {
    /// Seconds from `from` to `to` since 1970, finished.
    static func seconds(_ from: Int64, _ to: Int64) -> Coverage {
        let window = Window(
            from: Timestamp(milliseconds: from * 1000), to: Timestamp(milliseconds: to * 1000))
        return Coverage(intervals: [Interval(window: window, readAt: window.to, state: .finished)]) ?? Coverage()
    }
}

extension BackfillProgress {
    /// A pass of `job` after which it has read the seconds from 0 to `to`.
    static func test(_ job: BackfillJob, to: Int64) -> BackfillProgress {
        BackfillProgress(job: job.id, coverage: .seconds(0, to), sink: job.sink)
    }
}

extension Spool {
    func testPlace(account: String = TestRecord.account) throws -> StreamPlace {
        let key = StreamKey(accountSID: account, dataset: .monitorEvents, host: "monitor.twilio.com")
        return try place(of: key, account: "production", start: Timestamp(milliseconds: 0))
    }

    func testStream(account: String = TestRecord.account) throws -> StreamID {
        try testPlace(account: account).id
    }

    /// - Parameter seconds: the window's end; it begins at 0.
    func testBackfill(_ seconds: Int64 = 100, sink: String? = nil) throws -> BackfillJob {
        try addBackfill(
            account: "production", accountSID: TestRecord.account, dataset: .monitorEvents,
            window: Window(from: Timestamp(milliseconds: 0), to: Timestamp(milliseconds: seconds * 1000)), sink: sink,
            requestedBy: 1000)
    }

    nonisolated func summary() throws -> StateSummary {
        try StateReader(testDirectory).summary(at: testClock.now)
    }

    func lines(after position: Int64) throws -> [String] {
        try read(after: position, maximumRecords: .max, maximumBytes: .max).map {
            String(decoding: $0.line, as: UTF8.self)
        }
    }
}

/// What the spool said.
final class Told: Sendable {
    private let events = Mutex<[SpoolEvent]>([])
    func add(_ event: SpoolEvent) { events.withLock { $0.append(event) } }

    /// What was said since the last time, as sentences.
    func take() -> [String] {
        events.withLock { events in
            defer { events = [] }
            return events.map(\.description)
        }
    }
}

/// What the fixture knows about the spool under test.
enum Fixture {
    @TaskLocal static var clock = TestClock()
    @TaskLocal static var told = Told()
    @TaskLocal static var directory = StateDirectory(path: "")
}

extension Spool {
    nonisolated var testClock: TestClock { Fixture.clock }
    nonisolated var testDirectory: StateDirectory { Fixture.directory }
}

/// Runs `body` with a way to open a spool in a folder of its own; opening it again is a restart.
func withSpool(
    _ options: SpoolOptions = SpoolOptions(maximumBytes: 1 << 30, retain: .seconds(3600), reserveBytes: 64 << 10),
    in folder: String = NSTemporaryDirectory(),
    _ body: (Opener) async throws -> Void
) async throws {
    let path = folder + "/twilship-spool-" + UUID().uuidString
    defer { try? FileManager.default.removeItem(atPath: path) }
    let clock = TestClock()
    try await Fixture.$clock.withValue(clock) {
        try await Fixture.$directory.withValue(StateDirectory(path: path)) {
            try await Fixture.$told.withValue(Told()) {
                try await body(Opener(options: options))
            }
        }
    }
}

struct Opener {
    let options: SpoolOptions

    func callAsFunction(
        _ version: String = "1.0.0", _ migrations: DatabaseMigrator = Migrations.all, calls: FileCalls = .system,
        keepsRecent: Bool = false
    ) throws -> Spool {
        let (clock, told) = (Fixture.clock, Fixture.told)
        var options = options
        // What is read is to come from the disk, but where a test is about memory.
        if !keepsRecent { options.recentBytes = 0 }
        return try Spool(
            directory: Fixture.directory, options: options, version: version, migrations: migrations,
            now: { clock.now }, calls: calls, tell: told.add)
    }
}

/// Changes the database behind the spool's back.
struct SideDatabase {
    private let queue: DatabaseQueue

    init(_ path: String) throws { queue = try DatabaseQueue(path: path) }

    func execute(_ sql: String, _ arguments: StatementArguments = []) async throws {
        try await queue.write { try $0.execute(sql: sql, arguments: arguments) }
    }

    func int(_ sql: String) async throws -> Int? {
        try await queue.read { try Int.fetchOne($0, sql: sql) }
    }

    func strings(_ sql: String) async throws -> [String] {
        try await queue.read { database in
            try Row.fetchAll(database, sql: sql).map { row in
                row.databaseValues.map { value in
                    String.fromDatabaseValue(value) ?? "\(value)"
                }.joined(separator: " ")
            }
        }
    }
}
