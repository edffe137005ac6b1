import GRDB
import PipelineCore
import Spooling
import Testing

@Suite struct UsageTests {
    private static let account = TestRecord.account

    private func today(_ spool: Spool, _ dataset: Dataset = .monitorEvents) async throws -> [Int] {
        let usage = try await spool.usageToday(accountSID: Self.account, dataset: dataset)
        return [usage.requests, usage.records]
    }

    @Test func `passes, failed requests and discovery count for the account at once, saved or not`() async throws {
        try await withSpool { open in
            do {
                let spool = try open()
                let id = try await spool.testStream()
                #expect(try await today(spool) == [0, 0])
                try await spool.append(.test(id, [TestRecord(1), TestRecord(2)]))
                try await spool.append(.test(id, [], window: 1))
                await spool.count(Asked(requests: 3), of: id)
                await spool.count(
                    requests: 2, records: 5, accountSID: Self.account, account: "production", dataset: .monitorEvents)
                await spool.count(
                    requests: 4, accountSID: Self.account, account: "production", dataset: .serverlessLogs)
                #expect(try await today(spool) == [7, 7])
                #expect(try await today(spool, .serverlessLogs) == [4, 0])
                try await spool.flush()
                #expect(try await today(spool) == [7, 7])
                await spool.count(Asked(requests: 90), of: id)
            }
            // Killed: the last requests are not counted.
            let spool = try open()
            #expect(try await today(spool) == [7, 7])
            let summary = try spool.summary()
            #expect(summary.usage.map(\.dataset) == [.monitorEvents, .serverlessLogs])
            #expect(summary.usage.map(\.account) == ["production", "production"])
            #expect(summary.usage.map(\.today.requests) == [7, 4])
            let stream = try #require(summary.streams.first)
            #expect((stream.requestsToday, stream.recordsReadToday, stream.takenToday) == (5, 2, 2))
        }
    }

    @Test func `a stream that is known from before a restart is counted for its account right away`() async throws {
        try await withSpool { open in
            let id = try await open().testStream()
            let spool = try open()
            await spool.count(Asked(requests: 3), of: id)
            #expect(try await today(spool) == [3, 0])
        }
    }

    @Test func `a day ends at midnight UTC, a week after seven days, and everything after 400`() async throws {
        try await withSpool { open in
            let spool = try open()
            let clock = spool.testClock
            let id = try await spool.testStream()
            // 2023-11-14T22:13:20Z.
            for _ in 0..<9 {
                await spool.count(Asked(requests: 1), of: id)
                try await spool.flush()
                clock.advance(by: .seconds(86_400))
            }
            #expect(try await today(spool) == [0, 0])
            let usage = try #require(try spool.summary().usage.first)
            #expect(usage.today.requests == 0)
            #expect(usage.days.map(\.day).first == "2023-11-22")
            #expect(usage.days.count == 6)
            #expect(usage.week.requests == 6)

            clock.advance(by: .seconds(396 * 86_400))
            try await spool.removeExpired()
            let queue = try DatabaseQueue(path: spool.testDirectory.databasePath)
            for table in ["usage", "api_usage"] {
                let days = try await queue.read {
                    try String.fetchAll($0, sql: "SELECT day FROM \(table) ORDER BY day")
                }
                #expect(days == ["2023-11-19", "2023-11-20", "2023-11-21", "2023-11-22"])
            }
        }
    }

    @Test func `lateness is added up over a day's passes and restarts, and told for today and yesterday`() async throws
    {
        try await withSpool { open in
            func late(_ seconds: Int64...) -> LatenessHistogram {
                var histogram = LatenessHistogram()
                for second in seconds { histogram.add(.seconds(second)) }
                return histogram
            }
            let clock = Fixture.clock
            do {
                let spool = try open()
                let id = try await spool.testStream()
                try await spool.append(.test(id, [TestRecord(1)], lateness: late(4000)))
                clock.advance(by: .seconds(86_400))
                try await spool.append(.test(id, [TestRecord(2)], window: 1, lateness: late(2)))
                try await spool.append(.test(id, [TestRecord(3)], window: 2, lateness: late(10)))
            }
            let spool = try open()
            let id = try await spool.testStream()
            try await spool.append(.test(id, [TestRecord(4)], window: 3))
            clock.advance(by: .seconds(86_400))
            try await spool.append(.test(id, [TestRecord(5)], window: 4, lateness: late(30, 600)))
            let lateness = try #require(try spool.summary().streams.first?.lateness)
            #expect(lateness == late(2, 10, 30, 600))
            #expect(lateness.maximum == .seconds(600))
            #expect(lateness.quantile(0.5) == .seconds(12))
        }
    }

    @Test func `an advance that could not be saved counts nothing, and can be given again`() async throws {
        try await withSpool { open in
            let spool = try open()
            let id = try await spool.testStream()
            let queue = try DatabaseQueue(path: spool.testDirectory.databasePath)
            try await queue.write { try $0.execute(sql: "ALTER TABLE api_usage RENAME TO away") }
            spool.testClock.advance(by: .seconds(2))
            for advance in [Advance.test(id, [], window: 1), .test(id, [TestRecord(1)], window: 2)] {
                await #expect(throws: SpoolError.self) { try await spool.append(advance) }
            }
            #expect(await spool.lastSequence == 0)
            try await queue.write { try $0.execute(sql: "ALTER TABLE away RENAME TO api_usage") }
            try await spool.append(.test(id, [], window: 1))
            try await spool.append(.test(id, [TestRecord(1)], window: 2))
            #expect(try await today(spool) == [2, 1])
            #expect(try await spool.lines(after: 0) == [TestRecord(1).line])
            #expect(try spool.summary().streams.map(\.requestsToday) == [2])
        }
    }
}
