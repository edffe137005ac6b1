import Foundation
import PipelineCore
import PipelineTestKit
import Testing

@testable import Sinks

struct FileSinkRotationTests {
    @Test func `no file exceeds rotate_bytes but one with a single longer line`() async throws {
        var bench = try Bench()
        bench.options.rotateBytes = 1000
        let sink = bench.sink()
        let lengths = [100, 899, 0, 400, 5000, 999, 999, 10, 1000, 1001, 3, 300, 300, 300]
        let records = lengths.enumerated().map { SpooledRecord.sample(Int64($0.offset + 1), length: $0.element) }
        #expect(await bench.put(records, sink) == nil)
        #expect(await bench.put([.sample(100, length: 999)], sink) == nil)
        for name in bench.folder.names {
            let text = try bench.folder.text(name)
            #expect(text.utf8.count <= 1000 || text.filter { $0 == "\n" }.count == 1)
        }
        #expect(bench.folder.names.contains("out.jsonl.000001"))
        #expect(try bench.everything() == (records + [.sample(100, length: 999)]).map(\.text).joined())
    }

    @Test func `a file is rotated when its first record is rotate_interval old, even if nothing more comes for it`()
        async throws
    {
        var bench = try Bench("{account}.jsonl")
        bench.options.rotateInterval = .seconds(3600)
        let sink = bench.sink()
        await bench.put([.sample(1, account: "busy"), .sample(2, account: "quiet")], sink)
        bench.clock.advance(by: .seconds(3599))
        await bench.put([.sample(3, account: "busy")], sink)
        #expect(bench.folder.names == ["busy.jsonl", "quiet.jsonl"])
        bench.clock.advance(by: .seconds(61))
        await bench.put([.sample(4, account: "busy")], sink)
        #expect(bench.folder.names == ["busy.jsonl", "busy.jsonl.000001", "quiet.jsonl.000001"])
        #expect(try bench.folder.text("busy.jsonl") == SpooledRecord.sample(4).text)
        await bench.put([.sample(5, account: "quiet")], sink)
        #expect(try bench.folder.text("quiet.jsonl") == SpooledRecord.sample(5).text)
    }

    @Test(arguments: [
        (FileSinkOptions.Compression.gzip, ".gz", "/bin/gzip"), (.zstd, ".zst", "/usr/bin/zstd"),
    ])
    func `rotated files but the newest are compressed, readable by the usual program, with the original's mode`(
        _ compression: FileSinkOptions.Compression, _ suffix: String, _ program: String
    ) async throws {
        var bench = try Bench()
        bench.options.rotateBytes = 300_000
        bench.options.compression = compression
        bench.options.mode = 0o604
        let sink = bench.sink()
        var records: [SpooledRecord] = []
        for sequence in 1...50 {
            // Incompressible enough that the compressed pieces do not fit one buffer.
            let text = (0..<2000).map { _ in String(UInt64.random(in: 0...UInt64.max), radix: 36) }.joined()
            records.append(.sample(Int64(sequence), raw: "\"\(text)\""))
            #expect(await bench.put([records[sequence - 1]], sink) == nil)
            await sink.housekeepingDone()
        }
        let names = bench.folder.names
        let compressed = names.filter { $0.hasSuffix(suffix) }
        #expect(compressed.count > 2)
        #expect(names.count == compressed.count + 2)
        for name in compressed {
            let path = bench.folder.path + "/" + name
            #expect(try FileSystem.status(of: path)?.mode == UInt32(S_IFREG) | 0o604)
        }
        let path = bench.folder.path + "/" + compressed[0]
        _ = try Files.output(of: program, "-tq", path)
        let first = try Files.output(of: program, "-dcq", path)
        #expect(records.map(\.text).joined().hasPrefix(first) && first.utf8.count > 200_000)
        let size = try #require(try FileSystem.status(of: path)?.size)
        #expect(size < first.utf8.count * 9 / 10)
        #expect(try bench.everything() == records.map(\.text).joined())
    }

    @Test func `keep_files and keep remove only what the sink rotated`() async throws {
        var bench = try Bench()
        bench.options.rotateBytes = 50
        bench.options.compression = .gzip
        bench.options.keepFiles = 3
        bench.options.keep = .seconds(7200)
        try Files.write("somebody's\n", to: bench.path + ".000000")
        try Files.write("somebody's\n", to: bench.path + ".000002.gz")
        try Files.write("somebody's\n", to: bench.path + ".1")
        let strangers = Set(bench.folder.names)
        var sink = bench.sink()
        for sequence in 1...8 {
            #expect(await bench.put([.sample(Int64(sequence), length: 50)], sink) == nil)
            await sink.housekeepingDone()
        }
        // 000002 was taken, so that the seven rotated ones are 1 and 3 to 8.
        var ours = Set(bench.folder.names).subtracting(strangers)
        #expect(ours == ["out.jsonl", "out.jsonl.000008", "out.jsonl.000007.gz", "out.jsonl.000006.gz"])
        await sink.close()

        sink = bench.sink()
        bench.clock.advance(by: .seconds(7201))
        await bench.put([.sample(9, length: 50)], sink)
        await sink.housekeepingDone()
        ours = Set(bench.folder.names).subtracting(strangers)
        #expect(ours == ["out.jsonl", "out.jsonl.000009"])
        #expect(Set(bench.folder.names).isSuperset(of: strangers))
        // Numbers are not given twice.
        await bench.put([.sample(10, length: 50)], sink)
        #expect(bench.folder.names.contains("out.jsonl.000010"))
    }

    @Test func `days that are over leave nothing behind in the state`() async throws {
        var bench = try Bench("{date}.jsonl")
        bench.options.rotateInterval = .seconds(3600)
        let sink = bench.sink()
        for day in 0..<20 {
            let time = Timestamp(milliseconds: Int64(day) * 86_400_000)
            #expect(await bench.put([.sample(Int64(day + 1), time: time)], sink) == nil)
            await sink.housekeepingDone()
            bench.clock.advance(by: .seconds(86_400))
        }
        let states = try await bench.store.load().keys.filter { $0.hasPrefix("file:") }
        #expect(states.count <= 3)
    }

    @Test func `files of all dates are one series`() async throws {
        var bench = try Bench("{date}/out.jsonl")
        bench.options.rotateInterval = .seconds(86_400)
        bench.options.compression = .gzip
        bench.options.keepFiles = 2
        let sink = bench.sink()
        for day in 0..<5 {
            let time = Timestamp(milliseconds: Int64(day) * 86_400_000)
            #expect(await bench.put([.sample(Int64(day + 1), time: time)], sink) == nil)
            await sink.housekeepingDone()
            bench.clock.advance(by: .seconds(86_400))
        }
        let names = bench.folder.names.filter { $0.contains("out") }
        #expect(names == ["1970-01-03/out.jsonl.000003.gz", "1970-01-04/out.jsonl.000004", "1970-01-05/out.jsonl"])
    }

    @Test func `what cannot be compressed holds no delivery up and is tried again`() async throws {
        var bench = try Bench()
        bench.options.rotateBytes = 50
        bench.options.compression = .gzip
        // A directory where the temporary file of the first compression would be.
        let obstacle = bench.folder.path + "/.out.jsonl.000001.gz.tmp"
        try FileManager.default.createDirectory(atPath: obstacle + "/x", withIntermediateDirectories: true)
        let sink = bench.sink()
        for sequence in 1...3 {
            #expect(await bench.put([.sample(Int64(sequence), length: 50)], sink) == nil)
            await sink.housekeepingDone()
        }
        #expect(bench.folder.names.contains("out.jsonl.000001"))
        try FileManager.default.removeItem(atPath: obstacle)
        bench.clock.advance(by: .seconds(601))
        await bench.put([.sample(4, length: 50)], sink)
        await sink.housekeepingDone()
        await bench.put([], sink)
        await sink.housekeepingDone()
        #expect(bench.folder.names == ["out.jsonl", "out.jsonl.000001.gz", "out.jsonl.000002.gz", "out.jsonl.000003"])
    }

    @Test(arguments: [
        (FileSinkOptions.Compression.gzip, ".gz", "\u{1f}half of it, and long enough to have a trailer"),
        (.zstd, ".zst", "half of it"), (.zstd, ".zst", ""),
    ])
    func `a half compressed file of another program is not taken for a whole one`(
        _ compression: FileSinkOptions.Compression, _ suffix: String, _ half: String
    ) async throws {
        var bench = try Bench()
        bench.options.rotateBytes = 50
        bench.options.compression = compression
        var sink = bench.sink()
        await bench.put([.sample(1, length: 50)], sink)
        bench.crash = Crash(at: .compressing, occurrence: 1)
        await sink.close()
        sink = bench.sink()
        await bench.put([.sample(2, length: 50), .sample(3, length: 50)], sink)
        await sink.housekeepingDone()
        await sink.close()
        try #require(bench.crash.step == .compressing)
        try Files.write(half, to: bench.path + ".000001" + suffix)
        bench.crash = Crash()
        sink = bench.sink()
        await bench.put([.sample(4, length: 50)], sink)
        await sink.housekeepingDone()
        #expect(!bench.folder.names.contains("out.jsonl.000001"))
        #expect(try bench.everything() == (1...4).map { SpooledRecord.sample($0, length: 50).text }.joined())
    }

    @Test func `what was compressed in another form is finished, not done twice, and kept no longer`() async throws {
        var bench = try Bench()
        bench.options.rotateBytes = 50
        bench.options.compression = .gzip
        bench.crash = Crash(at: .compressedRenamed, occurrence: 1)
        var sink = bench.sink()
        for sequence in 1...3 {
            await bench.put([.sample(Int64(sequence), length: 50)], sink)
            await sink.housekeepingDone()
        }
        await sink.close()
        try #require(bench.folder.names.contains("out.jsonl.000001.gz"))
        try #require(bench.folder.names.contains("out.jsonl.000001"))

        bench.crash = Crash()
        bench.options.compression = .zstd
        sink = bench.sink()
        for sequence in 4...5 {
            await bench.put([.sample(Int64(sequence), length: 50)], sink)
            await sink.housekeepingDone()
        }
        await sink.close()
        #expect(
            bench.folder.names == [
                "out.jsonl", "out.jsonl.000001.gz", "out.jsonl.000002.zst", "out.jsonl.000003.zst",
                "out.jsonl.000004",
            ])
        #expect(try bench.everything() == (1...5).map { SpooledRecord.sample($0, length: 50).text }.joined())

        bench.options.compression = .none
        bench.options.keepFiles = 1
        sink = bench.sink()
        await bench.put([.sample(6, length: 50)], sink)
        await sink.housekeepingDone()
        // What was rotated while the housekeeper was busy is its duty at the next delivery.
        await bench.put([], sink)
        await sink.housekeepingDone()
        #expect(bench.folder.names == ["out.jsonl", "out.jsonl.000005"])
    }
}
