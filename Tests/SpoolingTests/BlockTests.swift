import Foundation
import Glibc
import PipelineCore
import Spooling
import Testing

/// Whole blocks on disk, past the page cache, and the frames that stay in memory.
@Suite struct BlockTests {
    private func records(_ numbers: Range<Int>) -> [TestRecord] { numbers.map { TestRecord($0, at: Int64($0)) } }

    @Test func `frames begin at whole blocks, and what lies between them is empty`() async throws {
        try await withSpool { open in
            let spool = try open()
            let stream = try await spool.testStream()
            for number in 0..<3 {
                try await spool.append(.test(stream, records(number * 10..<number * 10 + 7), window: number))
            }
            let database = try SideDatabase(spool.testDirectory.databasePath)
            let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: spool.testDirectory.segmentPath(1))))
            #expect(bytes.count % 4096 == 0)
            for first in [1, 8, 15] {
                let offset = try #require(
                    try await database.int("SELECT offset FROM frame WHERE first_sequence = \(first)"))
                let length = try #require(
                    try await database.int("SELECT length FROM frame WHERE first_sequence = \(first)"))
                #expect(offset % 4096 == 0)
                #expect(Array(bytes[offset..<offset + 4]) == Array("TWF1".utf8))
                let end = (offset + length + 4095) / 4096 * 4096
                #expect(bytes[offset + length..<end].allSatisfy { $0 == 0 })
            }
        }
    }

    @Test func `a segment without whole blocks, as older versions wrote them, is read and not written to`() async throws
    {
        try await withSpool { open in
            var spool = try open()
            let stream = try await spool.testStream()
            try await spool.append(.test(stream, records(0..<7), window: 1))
            try await spool.append(.test(stream, records(10..<15), window: 2))
            let expected = try await spool.lines(after: 0)
            try await spool.close()
            let database = try SideDatabase(spool.testDirectory.databasePath)
            let length = try #require(try await database.int("SELECT length FROM frame WHERE first_sequence = 1"))
            let next = try #require(try await database.int("SELECT length FROM frame WHERE first_sequence = 8"))
            #expect(length % 4096 != 0)
            let path = spool.testDirectory.segmentPath(1)
            let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
            let second = (length + 4095) / 4096 * 4096
            try (bytes[..<length] + bytes[second..<second + next]).write(to: URL(fileURLWithPath: path))
            try await database.execute("UPDATE frame SET offset = \(length) WHERE first_sequence = 8")
            try await database.execute("UPDATE segment SET length = \(length + next)")

            spool = try open()
            #expect(try await spool.lines(after: 0) == expected)
            try await spool.append(.test(try await spool.testStream(), records(20..<22), window: 3))
            #expect(try await spool.lines(after: 0).count == expected.count + 2)
            #expect(try await database.int("SELECT segment FROM frame WHERE first_sequence = 13") == 2)
        }
    }

    @Test func `a file system that knows no direct writing is written to all the same`() async throws {
        try await withSpool { open in
            let faulty = FaultyCalls()
            let spool = try open(calls: faulty.calls)
            let stream = try await spool.testStream()
            faulty.fail(.open, with: EINVAL)
            try await spool.append(.test(stream, records(0..<7)))
            faulty.fail(.open, with: EINVAL)
            #expect(try await spool.lines(after: 0).count == 7)
        }
    }

    @Test func `what was appended last is read from memory`() async throws {
        try await withSpool { open in
            let faulty = FaultyCalls()
            let spool = try open(calls: faulty.calls, keepsRecent: true)
            try await spool.append(.test(try await spool.testStream(), records(0..<7)))
            faulty.decide { call, _ in call == .read ? FaultyCalls.Fault(code: EIO) : nil }
            #expect(try await spool.lines(after: 0) == records(0..<7).map(\.line))
        }
    }

    @Test func `what a sink is yet to have of a frame stays in memory, and what all have does not`() async throws {
        try await withSpool { open in
            let faulty = FaultyCalls()
            let spool = try open(calls: faulty.calls, keepsRecent: true)
            _ = try await spool.attach([("siem", .oldest)])
            let stream = try await spool.testStream()
            try await spool.append(.test(stream, records(0..<7)))
            try await spool.append(.test(stream, records(20..<23)))
            faulty.decide { call, _ in call == .read ? FaultyCalls.Fault(code: EIO) : nil }
            try await spool.settle(Settlement(sink: "siem", sequences: 1...3, attempts: 1))
            #expect(try await spool.lines(after: 3) == (records(0..<7).suffix(4) + records(20..<23)).map(\.line))
            try await spool.settle(Settlement(sink: "siem", sequences: 4...7, attempts: 1))
            #expect(try await spool.lines(after: 7) == records(20..<23).map(\.line))
            await #expect(throws: SpoolError.self) { try await spool.lines(after: 6) }
        }
    }

    @Test func `what was written and did not become durable is in no reader's memory`() async throws {
        try await withSpool { open in
            let faulty = FaultyCalls()
            let spool = try open(calls: faulty.calls, keepsRecent: true)
            let stream = try await spool.testStream()
            faulty.fail(.sync, with: EIO)
            await #expect(throws: SpoolError.self) { try await spool.append(.test(stream, records(0..<7))) }
            faulty.succeed()
            #expect(try await spool.lines(after: 0) == [])
            try await spool.append(.test(stream, records(20..<23)))
            #expect(try await spool.lines(after: 0) == records(20..<23).map(\.line))
        }
    }
}
