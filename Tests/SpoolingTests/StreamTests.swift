import GRDB
import PipelineCore
import Spooling
import Synchronization
import Testing

@Suite struct StreamTests {
    private static let key = StreamKey(
        accountSID: TestRecord.account, dataset: .serverlessLogs, host: "serverless.twilio.com",
        serviceSID: "ZS00000000000000000000000000000001", environmentSID: "ZE00000000000000000000000000000001")

    private func place(_ spool: Spool, _ names: StreamNames = StreamNames()) async throws -> StreamPlace {
        try await spool.place(of: Self.key, account: "production", start: Timestamp(milliseconds: 0), names: names)
    }

    @Test func `names follow their renaming, and stay when they are not known`() async throws {
        try await withSpool { open in
            let spool = try open()
            let first = StreamNames(service: "shop", environment: "dev")
            let renamed = StreamNames(service: "shop", environment: "production")
            let id = try await place(spool, first).id
            #expect(try spool.summary().streams.map(\.names) == [first])
            #expect(try await place(spool, renamed).id == id)
            #expect(try spool.summary().streams.map(\.names) == [renamed])
            _ = try await place(spool)
            #expect(try spool.summary().streams.map(\.names) == [renamed])
        }
    }

    @Test func `a retired stream keeps its place and since when it is gone, until it comes back`() async throws {
        try await withSpool { open in
            let since: Timestamp
            do {
                let spool = try open()
                since = spool.testClock.now
                let id = try await place(spool).id
                try await spool.append(.test(id, [TestRecord(1)]))
                try await spool.retire(Self.key)
                spool.testClock.advance(by: .seconds(60))
                try await spool.retire(Self.key)
            }
            let spool = try open()
            #expect(try spool.summary().streams.map(\.retiredAt) == [since])
            let back = try await place(spool)
            #expect(back.coverage.intervals.map(\.window) == [Advance.window(0)])
            #expect(try spool.summary().streams.map(\.retiredAt) == [nil])
        }
    }

    @Test func `what a retired stream was not read of is a gap until it comes back, other gaps stay`() async throws {
        try await withSpool { open in
            do {
                let spool = try open()
                let id = try await place(spool).id
                let found = Advance.Gap(window: Advance.window(3), reason: "the cap was filled")
                try await spool.append(.test(id, [], gap: found))
                let unread = Advance.Gap(window: Advance.window(5), reason: "it is gone")
                try await spool.retire(Self.key, gap: unread)
                // Gone already: nothing new is known.
                try await spool.retire(Self.key, gap: Advance.Gap(window: Advance.window(9), reason: "it is gone"))
            }
            let spool = try open()
            #expect(try spool.summary().gaps.map(\.window) == [Advance.window(3), Advance.window(5)])
            #expect(try spool.summary().gapCount == 2)
            _ = try await place(spool)
            #expect(try spool.summary().gaps.map(\.window) == [Advance.window(3)])
        }
    }

    @Test func `a stream whose progress cannot be read is an error that names it, not left out`() async throws {
        try await withSpool { open in
            do {
                let spool = try open()
                _ = try await spool.testStream()
                try await spool.close()
            }
            let path = Fixture.directory.databasePath
            let database = try DatabaseQueue(path: path)
            try await database.write { try $0.execute(sql: "UPDATE stream SET coverage = x'00'") }
            try database.close()
            let error = #expect(throws: SpoolError.self) {
                try StateReader(Fixture.directory).summary(at: Fixture.clock.now)
            }
            let text = "\(try #require(error))"
            #expect(text.contains("the progress of stream 1") && text.contains("account production"))
            #expect(text.contains("monitor.events") && text.contains(path))
        }
    }

    @Test func `an account that is gone takes all its streams along, and tells which`() async throws {
        try await withSpool { open in
            let spool = try open()
            _ = try await place(spool)
            let other = "AC00000000000000000000000000000002"
            _ = try await spool.testStream(account: other)
            _ = try await spool.testStream()
            try await spool.retire(Self.key)
            let events = StreamKey(accountSID: TestRecord.account, dataset: .monitorEvents, host: "monitor.twilio.com")
            #expect(try await spool.retire(accountSID: TestRecord.account, reason: "closed") == [events])
            #expect(try await spool.retire(accountSID: TestRecord.account, reason: "closed") == [])
            let streams = try spool.summary().streams
            #expect(streams.filter { $0.retiredAt == nil }.map(\.key.accountSID) == [other])
            // What was not read by then is a gap, until the account comes back.
            #expect(try spool.summary().gaps.map(\.reason) == ["closed"])
            _ = try await spool.testStream()
            #expect(try spool.summary().gapCount == 0)
        }
    }

    @Test func `the learnt length is saved with records and without, and what learnt nothing leaves it`() async throws {
        try await withSpool { open in
            do {
                let spool = try open()
                let id = try await spool.testPlace().id
                try await spool.append(.test(id, [TestRecord(1)], length: .seconds(40)))
                #expect(try await spool.testPlace().length == .seconds(40))
                try await spool.append(.test(id, [TestRecord(2)], window: 1))
                #expect(try await spool.testPlace().length == .seconds(40))
                try await spool.append(.test(id, [], window: 2, length: .seconds(80)))
                try await spool.append(.test(id, [], window: 3))
                try await spool.flush()
            }
            let spool = try open()
            #expect(try await spool.testPlace().length == .seconds(80))
            #expect(try spool.summary().streams.map(\.length) == [.seconds(80)])
        }
    }

    @Test func `passes without records are committed once a second, also by a service that is killed`() async throws {
        try await withSpool { open in
            do {
                let spool = try open()
                let id = try await spool.testPlace().id
                try await spool.append(.test(id, [], window: 1))
                spool.testClock.advance(by: .milliseconds(999))
                try await spool.append(.test(id, [], window: 2))
                spool.testClock.advance(by: .milliseconds(1))
                try await spool.append(.test(id, [], window: 3))
                spool.testClock.advance(by: .milliseconds(999))
                try await spool.append(.test(id, [], window: 4))
            }
            let spool = try open()
            #expect(try await spool.testPlace().coverage.intervals.map(\.window) == [Advance.window(3)])
            // Three passes were saved, the fourth was not.
            #expect(try spool.summary().streams.map(\.requestsToday) == [3])
            let id = try await spool.testPlace().id
            spool.testClock.advance(by: .seconds(-3600))
            try await spool.append(.test(id, [], window: 5))
            #expect(try spool.summary().streams.map(\.coverage.intervals.first?.window) == [Advance.window(5)])
        }
    }

    @Test func `who brings an executor has the spool run on it`() async throws {
        try await withSpool { open in
            let executor = CountingExecutor()
            let clock = Fixture.clock
            let spool = try Spool(
                directory: Fixture.directory, options: open.options, version: "1.0.0", now: { clock.now },
                executor: executor)
            let before = executor.jobs
            _ = await spool.lastSequence
            #expect(executor.jobs > before)
        }
    }
}

/// Runs jobs where they are enqueued: enough for one task.
private final class CountingExecutor: SerialExecutor {
    private let count = Mutex(0)
    var jobs: Int { count.withLock { $0 } }

    func enqueue(_ job: consuming ExecutorJob) {
        count.withLock { $0 += 1 }
        UnownedJob(job).runSynchronously(on: asUnownedSerialExecutor())
    }
}
