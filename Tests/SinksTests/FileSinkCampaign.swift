import Foundation
import PipelineCore
import PipelineTestKit
import Synchronization
import Testing

@testable import Sinks

/// SplitMix64, so that a seed is a schedule.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}

/// Random deliveries, crashes, damage to what was never settled, failing saves and foreign renames, compared with a plain
/// array at the end.
final class FileSinkCampaign: Sendable {
    private let random: Mutex<SeededGenerator>
    private let seed: UInt64

    init(seed: UInt64) {
        self.seed = seed
        random = Mutex(SeededGenerator(seed: seed))
    }

    private func number(_ range: ClosedRange<Int>) -> Int {
        random.withLock { Int.random(in: range, using: &$0) }
    }

    private func happens(oneIn chances: Int) -> Bool { number(1...chances) == 1 }

    func run() async throws {
        let withForeignRenames = seed % 3 == 0
        let paths = [
            "{account}.jsonl", "{date}/{account}.jsonl", "{account}.jsonl",
            "{dataset}-{account_sid}/{date}.{account}.jsonl",
        ]
        var bench = try Bench(paths[Int(seed % 4)], fast: true)
        bench.options.rotateBytes = happens(oneIn: 4) ? nil : Int64(number(100...2000))
        bench.options.rotateInterval = happens(oneIn: 2) ? .seconds(number(1...100)) : nil
        bench.options.compression = happens(oneIn: 3) ? .none : happens(oneIn: 4) ? .zstd : .gzip
        bench.options.maximumOpenFiles = number(1...3)
        let records = (1...number(20...120)).map { sequence in
            SpooledRecord.sample(
                Int64(sequence * 3), account: ["one", "two"][number(0...1)],
                time: Timestamp(milliseconds: Int64(number(0...2) * 86_400_000)), length: number(0...150))
        }
        var sink = start(&bench)
        var place = 0
        var renames = 0
        var attempts = 0
        while place < records.count {
            attempts += 1
            try #require(attempts < 2000, "seed \(seed) makes no progress")
            let batch = Array(records[place..<min(records.count, place + number(1...25))])
            bench.clock.advance(by: .seconds(number(0...30)))
            let delivery = await sink.deliver(Batch(records: batch))
            await sink.housekeepingDone()
            var isDead = bench.crash.step != nil
            if case .accepted(let state) = delivery {
                if !isDead, happens(oneIn: 8) { isDead = true }  // killed between delivery and settling
                if !isDead {
                    bench.store.settle(state)
                    place += batch.count
                }
            }
            if isDead {
                await sink.close()
                if happens(oneIn: 2) { damageTails(bench.store) }
            }
            if withForeignRenames, happens(oneIn: 10) {
                renames += try rename(in: bench.folder, number: renames)
            }
            if isDead { sink = start(&bench) }
        }
        // Quietly to the end: what is half done is finished.
        await sink.close()
        bench.crash = Crash()
        sink = bench.sink()
        let last = ["one", "two"].enumerated().map {
            SpooledRecord.sample(Int64(1000 + $0.offset), account: $0.element)
        }
        #expect(await bench.put(last, sink) == nil)
        await sink.housekeepingDone()
        await sink.close()
        try compare(records + last, with: bench.folder, inOrder: !withForeignRenames)
    }

    private func start(_ bench: inout Bench) -> FileSink {
        let deadly = number(3...60)
        let left = Mutex(number(1...deadly))
        let crash = Crash(
            { _ in
                left.withLock { left in
                    left -= 1
                    return left == 0
                }
            }, isFaulty: { self.happens(oneIn: 50) })
        bench.crash = crash
        let sink = bench.sink()
        bench.store.onSave {
            try crash.checkAlive()
            switch self.number(1...40) {
            case 1: return .beforeSaving
            case 2: return .afterSaving
            default: return nil
            }
        }
        return sink
    }

    /// Power loss: what was never settled is shorter, or not what it was.
    private func damageTails(_ store: MemoryStore) {
        for (key, bytes) in store.values where key.hasPrefix("file:") {
            let path = String(key.dropFirst(5))
            guard let file = FileState(bytes: bytes)?.file, let status = try? FileSystem.status(of: path),
                status.inode == file.inode, status.size > file.length
            else { continue }
            let tail = Int(status.size - file.length)
            let kept = number(0...tail)
            truncate(path, Int(file.length) + kept)
            if happens(oneIn: 2) { truncate(path, Int(file.length) + number(kept...tail)) }  // zeros where lines were
        }
    }

    /// logrotate, with or without create. Returns how many files it moved.
    private func rename(in folder: TemporaryFolder, number: Int) throws -> Int {
        let names = folder.names.filter { $0.hasSuffix(".jsonl") }
        if names.isEmpty { return 0 }
        let path = folder.path + "/" + names[self.number(0...names.count - 1)]
        Glibc.rename(path, path + ".moved\(number)")
        if happens(oneIn: 2) { try Files.write("", to: path) }
        return 1
    }

    private func compare(_ records: [SpooledRecord], with folder: TemporaryFolder, inOrder: Bool) throws {
        let names = folder.names.filter { $0.contains(".jsonl") }
        #expect(!names.contains { $0.hasSuffix(".tmp") }, "seed \(seed): \(names)")
        var found: [String] = []
        for name in names {
            let text = try folder.text(name)
            #expect(text.isEmpty || text.hasSuffix("\n"), "seed \(seed): \(name) ends in a torn line")
            found += text.split(separator: "\n").map { $0 + "\n" }
        }
        let expected = records.map(\.text)
        let counts = found.reduce(into: [:]) { $0[$1, default: 0] += 1 }
        let missing = expected.filter { counts[$0] == nil }
        let surplus = counts.filter { $0.value > 1 || !expected.contains($0.key) }
        #expect(missing.isEmpty && surplus.isEmpty, "seed \(seed) of \(names)")
        guard inOrder else { return }
        for path in Set(names.map { String($0[..<($0.firstRange(of: ".jsonl")?.upperBound ?? $0.endIndex)]) }) {
            let rotated = names.filter { $0.hasPrefix(path) && $0 != path }
            let text = try (rotated + names.filter { $0 == path }).map(folder.text).joined()
            let lines = text.split(separator: "\n").map { String($0) + "\n" }
            let known = Set(lines)
            #expect(lines == expected.filter { known.contains($0) }, "seed \(seed): \(path) is out of order")
        }
    }
}
