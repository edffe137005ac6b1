import Forwarding
import Foundation
import PipelineCore
import PipelineTestKit
import Simulating
import Spooling
import Testing

/// What the spool loses is read from Twilio again.
@Suite struct RepairTests {
    @Test func `records of a damaged frame are collected again, exactly those, for the sink that had them not`()
        async throws
    {
        var options = SimulatorOptions()
        options.requestsPerSecond = 0
        options.history = 9000
        options.rate = 5
        options.rateFor = .seconds(300)
        let bench = Bench(options)
        defer { bench.remove() }
        let spool = try bench.openSpool()
        _ = try await spool.attach([("siem", .oldest), ("archive", .oldest)])
        try await bench.collect(spool, for: .seconds(400))
        let before = try await bench.collected(spool)
        let spans = try await spool.spans(after: 0, limit: 1000)
        let lost = try #require(spans.filter { $0.sequences.count > 100 }.dropFirst(2).first).sequences
        try await spool.settle(
            Settlement(sink: "archive", sequences: 1...Int64(before.count), attempts: 1))
        try await spool.close()
        try damage(bench.directory, the: lost)

        let again = try bench.openSpool()
        _ = try await again.attach([("siem", .oldest), ("archive", .oldest)])
        await #expect(throws: SpoolError.self) { _ = try await again.read(lost) }
        let ingestor = try bench.ingestor(again)
        let surroundings = bench.surroundings(again)
        try await bench.clock.run(for: .seconds(600)) {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await ingestor.run() }
                group.addTask { await Backfiller(surroundings).run() }
            }
        }
        let repaired = try await again.read(Int64(before.count) + 1...again.lastSequence).filter { $0.target != nil }
        #expect(Set(repaired.map(\.target)) == ["siem"])
        #expect(repaired.map(\.id).sorted() == lost.map { before[Int($0) - 1].id }.sorted())
        #expect(try await again.backfills(openOnly: true).isEmpty)
        #expect(try StateReader(bench.directory).summary(at: bench.clock.wallNow).gaps.isEmpty)
    }

    /// Flips a byte in the middle of the records.
    private func damage(_ directory: StateDirectory, the sequences: ClosedRange<Int64>) throws {
        let path = directory.segmentPath(1)
        var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        // A frame says its length at byte 8 and its first sequence at byte 16, and begins at a whole block.
        var offset = 0
        func number(_ at: Int, _ count: Int) -> Int {
            (0..<count).reduce(0) { $0 | Int(bytes[offset + at + $1]) << ($1 * 8) }
        }
        while number(16, 8) != sequences.lowerBound { offset = (offset + number(8, 4) + 4095) / 4096 * 4096 }
        bytes[offset + number(8, 4) / 2] ^= 1
        try Data(bytes).write(to: URL(fileURLWithPath: path))
    }
}
