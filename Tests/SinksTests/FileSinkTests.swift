import Foundation
import PipelineCore
import PipelineTestKit
import Testing

@testable import Sinks

struct FileSinkTests {
    @Test func `records go to the files of their account, dataset and day, in order`() async throws {
        var bench = try Bench("{account}/{dataset}-{date}.jsonl")
        bench.options.maximumOpenFiles = 2
        let sink = bench.sink()
        let day = Duration.seconds(86_400)
        var expected: [String: String] = [:]
        var sequence: Int64 = 0
        for _ in 0..<4 {
            var batch: [SpooledRecord] = []
            for account in ["one", "../two"] {
                for dataset in [Dataset.monitorEvents, .serverlessLogs] {
                    for date in 1...2 {
                        sequence += 1
                        let time = Timestamp(milliseconds: 0) + day * date
                        let record = SpooledRecord.sample(sequence, account: account, dataset: dataset, time: time)
                        batch.append(record)
                        let folder = PathTemplate.safe(account)
                        expected["\(folder)/\(dataset.rawValue)-1970-01-0\(date + 1).jsonl", default: ""] += record.text
                    }
                }
            }
            #expect(await bench.put(batch, sink) == nil)
        }
        #expect(expected.count == 8)
        for (name, text) in expected { #expect(try bench.folder.text(name) == text) }
        #expect(bench.folder.names.filter { $0.hasSuffix(".jsonl") }.count == 8)
    }

    /// A few lines of some bytes, and one that is too long to be worth copying; all, some, or every other one of them.
    @Test(arguments: [1, 2, 3, 7])
    func `lines that lie together in the spool are written as they are, whichever of them`(step: Int) async throws {
        let bench = try Bench()
        let sink = bench.sink()
        let texts = (1...40).map { SpooledRecord.sample($0, length: $0 % 5 == 0 ? 40_000 : 300).text }
        let block = Array(texts.joined().utf8)
        var start = 0
        var records: [SpooledRecord] = []
        for (index, text) in texts.enumerated() {
            let entry = EnvelopeBlock.Entry(
                line: start..<start + text.utf8.count - 1, raw: 0..<0, id: 0..<0, type: 0..<0,
                time: Timestamp(milliseconds: 0), severity: .info, identity: RecordIdentity(high: 0, low: 0))
            let origin = SpooledRecord.sample(1).origin
            records.append(
                SpooledRecord(sequence: Int64(index + 1), origin: origin, bytes: block, entry: entry))
            start += text.utf8.count
        }
        let chosen = records.indices.filter { $0 % step == 0 || $0 % 11 < 3 }
        #expect(await bench.put(chosen.map { records[$0] }, sink) == nil)
        #expect(try bench.folder.text("out.jsonl") == chosen.map { texts[$0] }.joined())
    }

    @Test func `files get mode and group, new directories 0750`() async throws {
        var bench = try Bench("a/b/out.jsonl")
        bench.options.mode = 0o640
        // The group this test runs as: any user may give files to it.
        let group = try #require(getgrgid(getegid()))
        bench.options.group = String(cString: group.pointee.gr_name)
        let sink = bench.sink()
        #expect(await bench.put([.sample(1)], sink) == nil)
        let file = try #require(try FileSystem.status(of: bench.path))
        #expect(file.mode & 0o7777 == 0o640 && file.group == getegid())
        for directory in ["/a", "/a/b"] {
            let status = try #require(try FileSystem.status(of: bench.folder.path + directory))
            #expect(status.mode & 0o7777 == 0o750)
        }
    }

    @Test func `an unknown group is named`() async throws {
        var bench = try Bench()
        bench.options.group = "no-such-group"
        let reason = await bench.put([.sample(1)], bench.sink())
        #expect(reason?.contains("the group no-such-group does not exist") == true)
        #expect(bench.folder.names.isEmpty)
    }

    @Test func `steady deliveries save nothing of their own`() async throws {
        let bench = try Bench()
        let sink = bench.sink()
        for sequence in 1...20 { #expect(await bench.put([.sample(Int64(sequence))], sink) == nil) }
        #expect(bench.store.saves == 1, "the new file")
    }

    @Test func `state of a newer version is not overwritten`() async throws {
        let bench = try Bench()
        bench.store.settle(["file:" + bench.path: [9, 9, 9]])
        let sink = bench.sink()
        #expect(await bench.put([.sample(1)], sink)?.contains("newer twilship") == true)
        #expect(bench.store.values["file:" + bench.path] == [9, 9, 9])
        #expect(bench.folder.names.isEmpty)
    }

    @Test(.enabled(if: SmallFileSystem.isPossible, "mounting a file system needs root"))
    func `a full disk holds records back and tears none`() async throws {
        let disk = try SmallFileSystem()
        defer { disk.unmount() }
        var bench = try Bench()
        bench.options.path = try PathTemplate(disk.path + "/out.jsonl")
        let sink = bench.sink()
        let records = (1...40).map { SpooledRecord.sample(Int64($0), length: 10_000) }
        var place = 0
        var reason: String?
        while reason == nil, place < records.count {
            reason = await bench.put(Array(records[place..<place + 4]), sink)
            if reason == nil { place += 4 }
        }
        #expect(reason?.contains("No space left on device") == true)
        #expect(reason?.contains("keep_files") == true)
        #expect(await bench.put(Array(records[place..<place + 4]), sink) != nil)
        try disk.grow()
        for start in stride(from: place, to: records.count, by: 4) {
            #expect(await bench.put(Array(records[start..<start + 4]), sink) == nil)
        }
        await sink.close()
        #expect(try Files.text(disk.path + "/out.jsonl") == records.map(\.text).joined())
    }
}

/// A file system in memory that is soon full.
private struct SmallFileSystem {
    let folder: TemporaryFolder

    var path: String { folder.path }

    static var isPossible: Bool {
        guard let disk = try? SmallFileSystem() else { return false }
        disk.unmount()
        return true
    }

    init() throws {
        folder = try TemporaryFolder()
        try mount("size=256k")
    }

    func grow() throws {
        try mount("remount,size=4m")
    }

    func unmount() {
        umount(path)
    }

    private func mount(_ options: String) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/bin/mount")
        process.arguments = ["-t", "tmpfs", "-o", options, "tmpfs", path]
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw CocoaError(.fileWriteNoPermission) }
    }
}
