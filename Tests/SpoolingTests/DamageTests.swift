import Foundation
import Glibc
import PipelineCore
import Spooling
import Testing

/// Segments that cannot be read any more.
@Suite struct DamageTests {
    private static let options = SpoolOptions(
        maximumBytes: 1 << 30, retain: .seconds(3600), segmentBytes: 20_000, reserveBytes: 4096)

    private func segment(_ id: Int) -> String { Fixture.directory.spoolPath + "/000000000\(id).seg" }

    private func flipByte(of path: String, at offset: Int) throws {
        var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        bytes[offset] ^= 1
        let descriptor = Glibc.open(path, O_WRONLY)
        defer { close(descriptor) }
        #expect(pwrite(descriptor, [bytes[offset]], 1, off_t(offset)) == 1)
    }

    private func records(_ numbers: Range<Int>) -> [TestRecord] { numbers.map { TestRecord($0, at: Int64($0)) } }

    private func jobs(_ spool: Spool) async throws -> [BackfillJob] {
        try await spool.backfills(openOnly: true).filter { $0.purpose == .damage }
    }

    @Test func `one damaged frame is set aside, and exactly its records are collected again for who had them not`()
        async throws
    {
        try await withSpool(Self.options) { open in
            let spool = try open()
            let told = Fixture.told
            let stream = try await spool.testStream()
            _ = try await spool.attach([("behind", .oldest), ("done", .oldest), ("half", .oldest)])
            // Three frames: 1...1000, 1001...2000, 2001...2500.
            try await spool.append(.test(stream, records(0..<2500), window: 7))
            try await spool.append(.test(stream, records(3000..<3010), window: 8))
            try await spool.settle(Settlement(sink: "done", sequences: 1...2000, attempts: 1))
            try await spool.settle(Settlement(sink: "half", sequences: 1...900, attempts: 1))
            try await spool.settle(Settlement(sink: "half", sequences: 1101...2000, attempts: 1))
            let offset = try await SideDatabase(spool.testDirectory.databasePath).int(
                "SELECT offset FROM frame WHERE first_sequence = 1001")
            try flipByte(of: segment(1), at: try #require(offset) + 5000)
            #expect(try await spool.read(1...1000).count == 1000)
            await #expect(throws: SpoolError.self) { _ = try await spool.read(1001...1001) }
            await #expect(throws: SpoolError.self) { _ = try await spool.read(1500...1500) }
            #expect(try await spool.read(2001...2510).count == 510)
            #expect(try await spool.spans(after: 0, limit: 10).map(\.isDamaged) == [false, true, false, false])
            let jobs = try await jobs(spool)
            #expect(jobs.map(\.sink) == ["behind", "half"])
            for job in jobs {
                #expect(job.identities == Set(records(1000..<2000).map(\.identity)))
                #expect(job.stream == stream)
                #expect(job.window == Advance.window(7))
            }
            let said = told.take()
            #expect(said.count == 1, "it is told once")
            #expect(said.first?.contains("\(segment(1)): the spool is damaged at byte") == true)
            #expect(said.first?.hasSuffix("(1000 records; for behind, half)") == true)

            // The sink goes on behind it.
            try await spool.settle(Settlement(sink: "behind", sequences: 1...1000, attempts: 1))
            try await spool.settle(Settlement(sink: "behind", sequences: 1001...2000, isSetAside: true, attempts: 0))
            let behind = try #require(try spool.summary().sinks.first { $0.name == "behind" })
            #expect((behind.position, behind.skipped, behind.delivered) == (2000, 1000, 1000))
        }
    }

    @Test func `what a repairing backfill finds is struck off, and what it does not find becomes a gap`() async throws {
        try await withSpool(Self.options) { open in
            do {
                let spool = try open()
                let stream = try await spool.testStream()
                _ = try await spool.attach([("siem", .oldest)])
                try await spool.append(.test(stream, records(0..<10), window: 3))
                try flipByte(of: segment(1), at: 2000)
                await #expect(throws: SpoolError.self) { _ = try await spool.lines(after: 0) }
                let job = try #require(try await jobs(spool).first)
                let progress = BackfillProgress(job: job.id, coverage: .seconds(3, 4), sink: "siem")
                try await spool.append(
                    .test(stream, records(0..<7), window: 3, lane: .backfill, backfill: progress))
            }
            let spool = try open()
            let job = try #require(try await jobs(spool).first)
            #expect(job.identities == Set(records(7..<10).map(\.identity)))
            let gaps = try await spool.finishBackfill(job.id)
            #expect(gaps?.count == 1)
            let gap = try #require(try spool.summary().gaps.first)
            #expect(gap.window == Advance.window(3))
            #expect(
                gap.reason
                    == "3 records were lost from the spool before sink siem had them, and Twilio lists them no more")
            #expect(try await spool.lines(after: 10).count == 7)
        }
    }

    @Test func `a segment that is missing, and one that is cut short, do not keep the service from starting`()
        async throws
    {
        try await withSpool(Self.options) { open in
            do {
                let spool = try open()
                let stream = try await spool.testStream()
                _ = try await spool.attach([("siem", .oldest)])
                for window in 0..<6 {
                    try await spool.append(.test(stream, records(window * 100..<window * 100 + 100), window: window))
                }
                #expect(try await spool.spans(after: 0, limit: 10).count == 6)
            }
            unlink(segment(1))
            #expect(truncate(segment(2), 100) == 0)
            let told = Fixture.told
            let spool = try open()
            let said = told.take().sorted()
            #expect(said.count == 2)
            #expect(said.first?.contains("the file is missing") == true)
            #expect(said.last?.contains("the file ends before its committed length") == true)
            let damaged = try await spool.spans(after: 0, limit: 10).filter(\.isDamaged)
            let lost = damaged.reduce(0) { $0 + $1.sequences.count }
            #expect(lost >= 200)
            let jobs = try await jobs(spool)
            #expect(Set(jobs.flatMap { $0.identities ?? [] }).count == lost)
            // Reading and appending go on behind.
            let healthy = try #require(damaged.last).sequences.upperBound
            #expect(try await spool.lines(after: healthy) == records(Int(healthy)..<600).map(\.line))
            try await spool.append(.test(try await spool.testStream(), records(600..<610), window: 6))
            #expect(try await spool.lines(after: 600).count == 10)
            // Nothing is noted twice.
            try await spool.close()
            let again = try open()
            #expect(told.take().isEmpty)
            #expect(try await self.jobs(again).count == jobs.count)
        }
    }

    @Test func `a damaged segment is kept for inspection when it goes, two at most, until room is needed`() async throws
    {
        let options = SpoolOptions(
            maximumBytes: 1 << 20, retain: .seconds(3600), segmentBytes: 20_000, reserveBytes: 4096)
        try await withSpool(options) { open in
            let spool = try open()
            let stream = try await spool.testStream()
            for window in 0..<5 {
                try await spool.append(.test(stream, records(window * 100..<window * 100 + 100), window: window))
            }
            for id in 1...4 {
                try flipByte(of: segment(id), at: 9000)
            }
            for position in [0, 100, 200, 300] {
                await #expect(throws: SpoolError.self) { _ = try await spool.lines(after: Int64(position)) }
            }
            spool.testClock.advance(by: .seconds(7200))
            try await spool.removeExpired()
            let folder = spool.testDirectory.spoolPath
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == [
                    "0000000003.seg.damaged", "0000000004.seg.damaged",
                ])
            let used = try await spool.bytesUsed()
            _ = try await spool.attach([("siem", .now)])
            while try await spool.lackOfRoom() == nil {
                let last = Int(await spool.lastSequence)
                do {
                    try await spool.append(.test(stream, records(last..<last + 100), window: last))
                } catch let error as SpoolError {
                    guard case .full = error else { throw error }
                    break
                }
            }
            #expect(used < 1 << 20)
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: folder).allSatisfy { !$0.hasSuffix(".damaged") })
        }
    }

    @Test func `what nobody remembers record by record is collected again whole, and for a sink that comes back too`()
        async throws
    {
        try await withSpool(Self.options) { open in
            let spool = try open()
            let stream = try await spool.testStream()
            let job = try await spool.testBackfill(sink: "siem")
            _ = try await spool.attach([("siem", .oldest), ("other", .oldest), ("away", .oldest)])
            _ = try await spool.attach([("siem", .oldest), ("other", .oldest)])
            let progress = BackfillProgress.test(job, to: 5)
            try await spool.append(.test(stream, records(0..<10), window: 4, lane: .backfill, backfill: progress))
            try await spool.append(.test(stream, records(20..<30), window: 6))
            try flipByte(of: segment(1), at: 2000)
            await #expect(throws: SpoolError.self) { _ = try await spool.read(1...10) }
            #expect(try await jobs(spool).map(\.sink) == ["siem"], "it was for one sink only")
            #expect(try await jobs(spool).map(\.identities) == [nil])
            try FileManager.default.removeItem(atPath: segment(1))
            await #expect(throws: SpoolError.self) { _ = try await spool.read(11...20) }
            #expect(try await jobs(spool).map(\.sink) == ["siem", "other", "siem"])
            _ = try await spool.attach([("siem", .oldest), ("other", .oldest), ("away", .oldest)])
            let away = try await jobs(spool).last
            #expect(away?.sink == "away")
            #expect(away?.identities == Set(records(20..<30).map(\.identity)))
            _ = try await spool.attach([("siem", .oldest), ("other", .oldest), ("away", .oldest)])
            #expect(try await jobs(spool).count == 4)
        }
    }
}
