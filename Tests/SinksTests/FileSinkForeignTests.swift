import Foundation
import PipelineCore
import PipelineTestKit
import Testing

@testable import Sinks

/// Other programs rename, cut and remove the files.
struct FileSinkForeignTests {
    private func lines(_ range: ClosedRange<Int64>) -> String {
        range.map { SpooledRecord.sample($0).text }.joined()
    }

    @Test(arguments: [false, true], [false, true])
    func `after logrotate renamed the file the next records go to a new one`(creates: Bool, restarts: Bool) async throws
    {
        let bench = try Bench()
        var sink = bench.sink()
        await bench.put([.sample(1)], sink)
        if restarts { await sink.close() }
        rename(bench.path, bench.path + ".1")
        if creates { try Files.write("", to: bench.path) }
        if restarts { sink = bench.sink() }
        #expect(await bench.put([.sample(2)], sink) == nil)
        #expect(await bench.put([.sample(3)], sink) == nil)
        #expect(try bench.folder.text("out.jsonl.1") == lines(1...1))
        #expect(try bench.folder.text("out.jsonl") == lines(2...3))
    }

    @Test(arguments: [0, 1, 2, 20, 75], [1, 2, 5])
    func `what was written but not settled is found in the renamed file, and a torn line completed there`(
        torn: Int, batch: Int
    ) async throws {
        let bench = try Bench()
        let records = (1...7).map { SpooledRecord.sample(Int64($0)) }
        var sink = bench.sink()
        await bench.put([records[0]], sink)
        _ = await sink.deliver(Batch(records: Array(records[1...4])))
        await sink.close()
        let size = try #require(try FileSystem.status(of: bench.path)).size
        truncate(bench.path, Int(size) - torn)
        rename(bench.path, bench.path + ".1")
        sink = bench.sink()
        for start in stride(from: 1, to: 7, by: batch) {
            #expect(await bench.put(Array(records[start..<min(7, start + batch)]), sink) == nil)
        }
        let whole = try bench.folder.text("out.jsonl.1")
        #expect(whole.hasSuffix("\n"))
        #expect(try whole + bench.folder.text("out.jsonl") == lines(1...7))
    }

    @Test(arguments: [false, true])
    func `a file cut by copytruncate is continued at its end`(restarts: Bool) async throws {
        let bench = try Bench()
        var sink = bench.sink()
        await bench.put([.sample(1), .sample(2)], sink)
        if restarts { await sink.close() }
        truncate(bench.path, 0)
        if restarts { sink = bench.sink() }
        // A crash right after that is again exactly once.
        _ = await sink.deliver(Batch(records: [.sample(3)]))
        await sink.close()
        sink = bench.sink()
        #expect(await bench.put([.sample(3), .sample(4)], sink) == nil)
        #expect(try bench.everything() == lines(3...4))
    }

    @Test func `a removed file is begun anew`() async throws {
        let bench = try Bench()
        let sink = bench.sink()
        await bench.put([.sample(1)], sink)
        unlink(bench.path)
        #expect(await bench.put([.sample(2)], sink) == nil)
        #expect(try bench.everything() == lines(2...2))
    }

    @Test func `a file replaced by another with the same number is recognised as another`() async throws {
        let bench = try Bench()
        var sink = bench.sink()
        await bench.put([.sample(1)], sink)
        await sink.close()
        let stranger = String(repeating: "somebody else's line\n", count: 100)
        let file = try FileHandle(forWritingTo: URL(filePath: bench.path))
        try file.write(contentsOf: Data(stranger.utf8))
        try file.close()
        sink = bench.sink()
        #expect(await bench.put([.sample(2)], sink) == nil)
        #expect(try bench.everything() == stranger + lines(2...2))
    }

    @Test func `a file that was there before is continued, beginning on a line of its own`() async throws {
        let bench = try Bench()
        try Files.write("no line feed", to: bench.path)
        let sink = bench.sink()
        #expect(await bench.put([.sample(1)], sink) == nil)
        #expect(try bench.everything() == "no line feed\n" + lines(1...1))
    }

    @Test(arguments: [false, true])
    func `whatever a file was cut or continued to, the next record stands on a line of its own`(restarts: Bool)
        async throws
    {
        let bench = try Bench()
        var sink = bench.sink()
        await bench.put([.sample(1), .sample(2)], sink)
        truncate(bench.path, off_t(lines(1...1).utf8.count + 10))
        if restarts {
            await sink.close()
            sink = bench.sink()
        }
        #expect(await bench.put([.sample(3)], sink) == nil)
        #expect(try bench.everything() == lines(1...1) + lines(2...2).prefix(10) + "\n" + lines(3...3))
        try Files.append("hello", to: bench.path)
        #expect(await bench.put([.sample(4)], sink) == nil)
        #expect(try bench.everything().hasSuffix("\nhello\n" + lines(4...4)))
    }

    @Test func `bytes that another program adds while we run are kept`() async throws {
        let bench = try Bench()
        let sink = bench.sink()
        await bench.put([.sample(1)], sink)
        try Files.append("a note\n", to: bench.path)
        #expect(await bench.put([.sample(2)], sink) == nil)
        #expect(try bench.everything() == lines(1...1) + "a note\n" + lines(2...2))
    }

    @Test(arguments: ["link", "dangling", "pipe", "directory", "device"])
    func `what is not a regular file is refused and left alone`(kind: String) async throws {
        let bench = try Bench()
        let target = bench.folder.path + "/target"
        switch kind {
        case "link":
            try Files.write("", to: target)
            symlink(target, bench.path)
        case "dangling": symlink(target, bench.path)
        case "pipe": mkfifo(bench.path, 0o600)
        case "device":
            // Only root can make one; the others stand for it then.
            guard mknod(bench.path, S_IFCHR | 0o600, 0x103) == 0 else { return }
        default: mkdir(bench.path, 0o700)
        }
        let sink = bench.sink()
        let reason = try #require(await bench.put([.sample(1)], sink))
        #expect(reason.contains(bench.path) && reason.contains("regular files"))
        #expect(try FileSystem.status(of: target)?.size ?? 0 == 0)
        // It goes on by itself once the obstacle is gone.
        remove(bench.path)
        #expect(await bench.put([.sample(1)], sink) == nil)
        #expect(try bench.everything() == lines(1...1))
    }

    @Test func `two sinks do not write one file at the same time`() async throws {
        let bench = try Bench()
        let first = bench.sink()
        let second = FileSink(name: "second", options: bench.options, store: MemoryStore(), log: .silent)
        #expect(await bench.put([.sample(1)], first) == nil)
        let reason = await second.deliver(Batch(records: [.sample(2)])).reason
        #expect(reason?.contains("locked by another") == true)
        await first.close()
        #expect(await second.deliver(Batch(records: [.sample(2)])).reason == nil)
        #expect(try bench.everything() == lines(1...2))
    }
}
