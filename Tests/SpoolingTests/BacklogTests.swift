import Foundation
import GRDB
import Glibc
import PipelineCore
import Spooling
import Testing

/// A start with much to deliver.
@Suite struct BacklogTests {
    /// Makes a spool of 32 segments of 64 MiB with 1,300 records in each of 1,024 frames, and their ledger. The segments
    /// have holes: nobody is to read them.
    private func makeBacklog(_ open: Opener) async throws -> Int64 {
        let spool = try open()
        _ = try await spool.testStream()
        _ = try await spool.attach([("siem", .oldest)])
        try await spool.close()
        let queue = try DatabaseQueue(path: Fixture.directory.databasePath)
        let identities = Data((0..<1300 * 16).map { UInt8(truncatingIfNeeded: $0) })
        return try await queue.write { database in
            var last: Int64 = 0
            for segment in 1...32 {
                for frame in 0..<32 {
                    let first = last + 1
                    last += 1300
                    try database.execute(
                        sql: """
                            INSERT INTO frame (first_sequence, last_sequence, segment, offset, length, stream, lane,
                                collected_ms, window_from_ms, window_to_ms, request_ids)
                            VALUES (?, ?, ?, ?, ?, 1, 0, 0, 0, 1000, '')
                            """,
                        arguments: [first, last, segment, frame << 21, 1 << 21])
                    try database.execute(
                        sql: """
                            INSERT INTO ledger (stream, from_ms, to_ms, undated, count, keep_ms, identities,
                                first_sequence, last_sequence) VALUES (1, 0, 999, 0, 1300, 1000, ?, ?, ?)
                            """,
                        arguments: [identities, first, last])
                }
                try database.execute(
                    sql: "INSERT INTO segment VALUES (?, ?, ?, 1700000000000, 1700000000000)",
                    arguments: [segment, 64 << 20, last])
                let path = Fixture.directory.segmentPath(Int64(segment))
                let descriptor = Glibc.open(path, O_CREAT | O_WRONLY, 0o600)
                #expect(ftruncate(descriptor, 64 << 20) == 0)
                Glibc.close(descriptor)
            }
            try database.execute(
                sql:
                    "INSERT INTO property VALUES ('next_sequence', ?) ON CONFLICT DO UPDATE SET value = excluded.value",
                arguments: [String(last + 1)])
            return last
        }
    }

    private func threadSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    @Test func `a backlog of two gigabytes is taken up in well under a second, without reading a segment`() async throws
    {
        let options = SpoolOptions(maximumBytes: 4 << 30, retain: .seconds(3600), reserveBytes: 4096)
        try await withSpool(options) { open in
            let last = try await makeBacklog(open)
            let faulty = FaultyCalls()
            faulty.decide { call, _ in call == .read ? FaultyCalls.Fault(code: EIO) : nil }
            let begin = threadSeconds()
            let spool = try open(calls: faulty.calls)
            let seconds = threadSeconds() - begin
            print("a start with 2 GiB of backlog took \(seconds) s of CPU time")
            #expect(seconds < 1)
            #expect(try await spool.attach([("siem", .oldest)]) == ["siem": 0])
            #expect(await spool.lastSequence == last)
            #expect(try await spool.spans(after: 0, limit: 10).allSatisfy { !$0.isDamaged })
            #expect(try await spool.lackOfRoom() == nil)
        }
    }
}
