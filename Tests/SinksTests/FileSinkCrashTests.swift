import Foundation
import PipelineCore
import PipelineTestKit
import Synchronization
import Testing

@testable import Sinks

/// Each record is in the files exactly once, in order, with no torn line, wherever the sink was stopped.
struct FileSinkCrashTests {
    struct Moment: CustomTestStringConvertible {
        let step: FileSinkStep
        let occurrence: Int
        var compression = FileSinkOptions.Compression.gzip
        var testDescription: String { "\(step) \(occurrence) \(compression)" }
    }

    static let moments = FileSinkStep.allCases.filter { $0 != .expiredRemoved }.flatMap { step in
        (1...4).map { Moment(step: step, occurrence: $0) }
    }
    static let zstdMoments = [FileSinkStep.compressing, .compressed, .compressedRenamed, .originalRemoved].flatMap {
        step in (1...4).map { Moment(step: step, occurrence: $0, compression: .zstd) }
    }

    @Test(arguments: moments + zstdMoments)
    func `a crash at any step leaves each line exactly once`(moment: Moment) async throws {
        var bench = try Bench(fast: true)
        bench.options.rotateBytes = 250
        bench.options.compression = moment.compression
        let records = (1...40).map { SpooledRecord.sample(Int64($0), length: 60) }
        bench.crash = Crash(at: moment.step, occurrence: moment.occurrence)
        var sink = bench.sink()
        // The first delivery is written but never settled, so that there is a tail to begin with.
        if moment.step == .tailSettled {
            var other = bench
            other.crash = Crash()
            let first = other.sink()
            await other.put(Array(records[..<2]), first)
            _ = await first.deliver(Batch(records: Array(records[2..<4])))
            await first.close()
            sink = bench.sink()
        }
        var place = moment.step == .tailSettled ? 2 : 0
        var random = SeededGenerator(seed: UInt64(moment.occurrence))
        var crashed: FileSinkStep?
        while place < records.count {
            let batch = Array(records[place..<min(records.count, place + Int.random(in: 1...9, using: &random))])
            let failure = await bench.put(batch, sink)
            await sink.housekeepingDone()
            if failure == nil { place += batch.count }
            if let step = bench.crash.step {
                crashed = step
                await sink.close()
                bench.crash = Crash()
                sink = bench.sink()
            } else {
                #expect(failure == nil)
            }
        }
        // A last one, so that what a late crash left is finished.
        bench.clock.advance(by: .seconds(3600))
        await bench.put([.sample(41, length: 60)], sink)
        await sink.housekeepingDone()
        await sink.close()

        if moment.occurrence == 1 { #expect(crashed == moment.step) }
        #expect(try bench.everything() == (records + [.sample(41, length: 60)]).map(\.text).joined())
        let names = bench.folder.names
        #expect(!names.contains { $0.hasSuffix(".tmp") })
        #expect(
            Set(names.map { $0.replacing(".gz", with: "").replacing(".zst", with: "") }).count == names.count,
            "nothing is there twice: \(names)")
    }

    @Test(arguments: [false, true])
    func `a delivery that was accepted but never settled is recognised when it comes again, however it is cut`(
        isTorn: Bool
    ) async throws {
        let bench = try Bench()
        let records = (1...30).map { SpooledRecord.sample(Int64($0), length: 5000) }
        let first = bench.sink()
        await bench.put(Array(records[..<5]), first)
        _ = await first.deliver(Batch(records: Array(records[5..<25])))
        await first.close()
        if isTorn { truncate(bench.path, 5001 * 20 + 77) }
        let inode = try FileSystem.status(of: bench.path)?.inode

        let second = bench.sink()
        for start in stride(from: 5, to: 30, by: 3) {
            #expect(await bench.put(Array(records[start..<min(30, start + 3)]), second) == nil)
        }
        #expect(try bench.everything() == records.map(\.text).joined())
        #expect(try FileSystem.status(of: bench.path)?.inode == inode)
    }

    @Test func `only the difference is cut from a tail`() async throws {
        let bench = try Bench()
        let first = bench.sink()
        await bench.put([.sample(1)], first)
        await first.close()
        let settled = try bench.everything()
        try Files.append(SpooledRecord.sample(2).text + "\0\0\0\0 garbage", to: bench.path)
        let second = bench.sink()
        #expect(await bench.put([.sample(2)], second) == nil)
        #expect(
            try bench.everything() == settled + SpooledRecord.sample(2).text + "\0\0\0\0 garbage",
            "nothing is due there yet")
        #expect(await bench.put([.sample(3)], second) == nil)
        #expect(try bench.everything() == (1...3).map { SpooledRecord.sample($0).text }.joined())
    }

    @Test func `after a failed sync everything unsettled is written again through a new descriptor`() async throws {
        let bench = try Bench()
        let failures = Mutex(1)
        let sink = FileSink(
            name: "archive", options: bench.options, store: bench.store, log: bench.log,
            probe: { step in
                let fails =
                    step == .synced
                    && failures.withLock { left in
                        left -= 1
                        return left == 0
                    }
                if fails { throw FileSinkError.failed("sync", path: "/out", code: EIO) }
            })
        let reason = await bench.put([.sample(1), .sample(2)], sink)
        #expect(reason?.contains("Input/output error") == true)
        #expect(await bench.put([.sample(1), .sample(2)], sink) == nil)
        #expect(try bench.everything() == SpooledRecord.sample(1).text + SpooledRecord.sample(2).text)
    }

    @Test(arguments: 0..<400)
    func `any schedule of batches, crashes, rotations and faults gives each line once`(seed: Int) async throws {
        try await FileSinkCampaign(seed: UInt64(seed)).run()
    }
}
