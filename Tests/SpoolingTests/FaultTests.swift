import Foundation
import Glibc
import PipelineCore
import Spooling
import Testing

/// A disk that fails.
@Suite struct FaultTests {
    private static let isFull = { @Sendable (call: FaultyCalls.Call, path: String) -> FaultyCalls.Fault? in
        [.write, .allocate].contains(call) ? FaultyCalls.Fault(code: ENOSPC, share: 0.5) : nil
    }

    private func settle(_ spool: Spool, _ sequences: ClosedRange<Int64>) async throws {
        try await spool.settle(Settlement(sink: "siem", sequences: sequences, attempts: 1))
    }

    private func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

    struct Kind: Sendable, CustomTestStringConvertible {
        let call: FaultyCalls.Call
        let number: Int
        let code: Int32
        var testDescription: String { "\(call) \(number): \(String(cString: strerror(code)))" }
    }

    static let kinds: [Kind] = [EIO, EROFS, EACCES, EMFILE, ENOSPC, EDQUOT].flatMap { code in
        [(FaultyCalls.Call.open, 1), (.open, 2), (.write, 1), (.write, 2), (.sync, 1), (.syncFolder, 1)].map {
            Kind(call: $0.0, number: $0.1, code: code)
        }
    }

    @Test(arguments: kinds)
    func `a call that fails while records are appended loses nothing, counts nothing, and the next try succeeds`(
        kind: Kind
    ) async throws {
        let options = SpoolOptions(
            maximumBytes: 1 << 30, retain: .seconds(3600), segmentBytes: 4000, reserveBytes: 64 << 10)
        try await withSpool(options) { open in
            let faulty = FaultyCalls()
            var expected: [String] = []
            do {
                let spool = try open(calls: faulty.calls)
                let stream = try await spool.testStream()
                for window in 0..<6 {
                    // The first frame is more than a segment takes; two frames make two writes.
                    let count = window.isMultiple(of: 2) ? 30 : 1100
                    let records = (0..<count).map { TestRecord(window * 2000 + $0, at: Int64(window * 1000)) }
                    faulty.fail(kind.call, number: kind.number, with: kind.code, share: 0.3)
                    do {
                        try await spool.append(.test(stream, records, window: window))
                    } catch is SpoolError {
                        #expect(await spool.lastSequence == Int64(expected.count))
                        #expect(try await spool.lines(after: 0) == expected)
                        faulty.succeed()
                        try await spool.append(.test(stream, records, window: window))
                    }
                    faulty.succeed()
                    expected += records.map(\.line)
                    #expect(try await spool.lines(after: 0) == expected)
                }
            }
            let spool = try open()
            #expect(try await spool.lines(after: 0) == expected)
            let files = try FileManager.default.contentsOfDirectory(atPath: spool.testDirectory.spoolPath)
            let segments = try await SideDatabase(spool.testDirectory.databasePath).int("SELECT COUNT(*) FROM segment")
            #expect(files.count == segments, "no file is left over")
        }
    }

    @Test func `a file whose sync failed is never synced again`() async throws {
        try await withSpool { open in
            let faulty = FaultyCalls()
            let spool = try open(calls: faulty.calls)
            let stream = try await spool.testStream()
            try await spool.append(.test(stream, [TestRecord(1)]))
            faulty.fail(.sync, with: EIO)
            await #expect(throws: SpoolError.self) {
                try await spool.append(.test(stream, [TestRecord(2)], window: 1))
            }
            let failed = try #require(faulty.synced.last)
            let before = faulty.synced.count
            try await spool.append(.test(stream, [TestRecord(2)], window: 1))
            try await spool.append(.test(stream, [TestRecord(3)], window: 2))
            let after = faulty.synced.dropFirst(before)
            #expect(!after.isEmpty && !after.contains(failed))
            #expect(try await spool.lines(after: 0) == (1...3).map { TestRecord($0).line })
        }
    }

    @Test
    func
        `a full disk takes the reserve and what was delivered, settling goes on, and polling waits until there is room`()
        async throws
    {
        let options = SpoolOptions(
            maximumBytes: 1 << 30, retain: .seconds(3600), segmentBytes: 4000, reserveBytes: 64 << 10)
        try await withSpool(options) { open in
            let faulty = FaultyCalls()
            let spool = try open(calls: faulty.calls)
            let told = Fixture.told
            let stream = try await spool.testStream()
            _ = try await spool.attach([("siem", .oldest)])
            for window in 0..<4 {
                try await spool.append(.test(stream, (0..<40).map { TestRecord(window * 40 + $0) }, window: window))
            }
            try await settle(spool, 1...80)
            let reserve = spool.testDirectory.reservePath
            #expect(exists(reserve))
            let used = try await spool.bytesUsed()

            faulty.decide(Self.isFull)
            let records = [TestRecord(900)]
            await #expect(throws: SpoolError.self) { try await spool.append(.test(stream, records, window: 9)) }
            #expect(!exists(reserve))
            let left = try FileManager.default.contentsOfDirectory(atPath: spool.testDirectory.spoolPath)
            #expect(left.count == 2, "the delivered segments went too")
            #expect(try await spool.bytesUsed() < used)
            #expect(told.take().contains { $0.contains("the room kept back for that is used now") })
            let lack = try #require(try await spool.lackOfRoom())
            #expect(lack.hasPrefix("the disk of \(spool.testDirectory.path) is full, and the spool there holds some"))
            #expect(lack.contains("not yet delivered by siem since"))
            guard case .disk = try spool.summary().fullness?.cause else {
                Issue.record("status says why")
                return
            }
            try await settle(spool, 81...100)
            #expect(try await spool.lines(after: 100).count == 60)

            faulty.succeed()
            #expect(try await spool.lackOfRoom() == nil)
            #expect(exists(reserve))
            #expect(told.take() == ["the disk has room again, and some is kept back"])
            try await spool.append(.test(stream, records, window: 9))
            #expect(try await spool.lines(after: 160) == records.map(\.line))
            #expect(try spool.summary().fullness == nil)
        }
    }

    @Test func `the reserve is really allocated, and given back to a disk that cannot set room aside`() async throws {
        try await withSpool { open in
            let spool = try open()
            var status = stat()
            #expect(stat(spool.testDirectory.reservePath, &status) == 0)
            #expect(Int(status.st_blocks) * 512 >= 64 << 10)
            #expect(try await spool.bytesUsed() >= 64 << 10)
            unlink(spool.testDirectory.reservePath)
        }
        try await withSpool { open in
            let faulty = FaultyCalls()
            faulty.fail(.allocate, with: EOPNOTSUPP)
            let spool = try open(calls: faulty.calls)
            try await spool.append(.test(try await spool.testStream(), [TestRecord(1)]))
            #expect(await spool.lastSequence == 1)
        }
    }

    @Test func `what a commit could not count is cut off once another commit has succeeded`() async throws {
        try await withSpool { open in
            let spool = try open()
            let stream = try await spool.testStream()
            try await spool.append(.test(stream, [TestRecord(1)]))
            let used = try await spool.bytesUsed()
            try await breakLedger(spool, "ALTER TABLE ledger RENAME TO away")
            await #expect(throws: SpoolError.self) {
                try await spool.append(.test(stream, (0..<900).map { TestRecord($0) }, window: 1))
            }
            #expect(await spool.lastSequence == 1)
            try await breakLedger(spool, "ALTER TABLE away RENAME TO ledger")
            try await spool.append(.test(stream, [TestRecord(2)], window: 1))
            #expect(try await spool.bytesUsed() < used + (128 << 10))
            #expect(try await spool.lines(after: 0) == [TestRecord(1).line, TestRecord(2).line])
        }
    }

    private func breakLedger(_ spool: Spool, _ sql: String) async throws {
        let database = try SideDatabase(spool.testDirectory.databasePath)
        try await database.execute(sql)
    }

    @Test(arguments: [EIO, ENOENT, EMFILE])
    func `a segment that cannot be read now and one that never can are told apart`(code: Int32) async throws {
        try await withSpool { open in
            let faulty = FaultyCalls()
            let spool = try open(calls: faulty.calls)
            try await spool.append(.test(try await spool.testStream(), [TestRecord(1)]))
            faulty.fail(.open, with: code)
            await #expect(throws: SpoolError.self) { _ = try await spool.lines(after: 0) }
            let spans = try await spool.spans(after: 0, limit: 10)
            #expect(spans.map(\.isDamaged) == [code != EMFILE])
        }
    }

    @Test func `a database that is not SQLite's work is refused with what to do`() async throws {
        for offset in [0, 4096 * 3] {
            try await withSpool { open in
                do {
                    let spool = try open()
                    let stream = try await spool.testStream()
                    for window in 0..<20 { try await spool.append(.test(stream, [TestRecord(window)], window: window)) }
                    try await spool.close()
                }
                let path = Fixture.directory.databasePath
                let handle = try #require(FileHandle(forWritingAtPath: path))
                try handle.seek(toOffset: UInt64(offset))
                try handle.write(contentsOf: Data((0..<12_288).map { UInt8(truncatingIfNeeded: $0 &* 31) }))
                try handle.close()
                var refusal: SpoolError?
                do { _ = try open() } catch let error as SpoolError { refusal = error }
                guard case .corrupt(path, _) = refusal else {
                    Issue.record("refused as damaged, not \(String(describing: refusal))")
                    return
                }
                #expect("\(try #require(refusal))".contains("move the state directory aside and start again"))
            }
        }
    }
}
