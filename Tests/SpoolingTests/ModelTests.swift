import Foundation
import Glibc
import PipelineCore
import Spooling
import Synchronization
import Testing

/// In memory where there is such a place: hundreds of seeds are to be quick.
let shm = FileManager.default.isWritableFile(atPath: "/dev/shm") ? "/dev/shm" : NSTemporaryDirectory()

/// Random operations against a plain value, with a look at what a crash would leave at every step of writing.
@Suite struct ModelTests {
    /// What is expected of a state directory.
    private struct Model: Equatable {
        var lines: [String] = []
        /// What is gone, all of it before what is there.
        var removed: Int64 = 0
        /// For each sink what it has settled, and what of it was rejected.
        var settled: [String: Set<Int64>] = [:]
        var rejected: [String: Int] = [:]
        var cuts: [String: [ClosedRange<Int64>]] = [:]
        var read: Int64 = 0

        func position(_ sink: String) -> Int64 {
            var position: Int64 = 0
            while settled[sink]?.contains(position + 1) == true { position += 1 }
            return position
        }
    }

    private static let sinks = ["a", "b"]
    private static let options = SpoolOptions(
        maximumBytes: 1 << 30, retain: .seconds(60), segmentBytes: 12_288, reserveBytes: 4096)

    private func found(_ spool: Spool) async throws -> Model {
        var model = Model()
        let spans = try await spool.spans(after: 0, limit: 10_000)
        #expect(spans.allSatisfy { !$0.isDamaged })
        let last = await spool.lastSequence
        model.removed = (spans.first?.sequences.lowerBound ?? last + 1) - 1
        model.lines = try await spool.lines(after: model.removed)
        #expect(model.removed + Int64(model.lines.count) == last)
        let summary = try spool.summary()
        for sink in Self.sinks {
            let position = try await spool.position(of: sink)
            var settled = position < 1 ? [] : Set(1...position)
            for range in try await spool.settledAhead(of: sink) { settled.formUnion(range) }
            model.settled[sink] = settled
            model.rejected[sink] = summary.sinks.first { $0.name == sink }.map { Int($0.rejected) } ?? 0
            model.cuts[sink] = try await spool.cuts(of: sink).map(\.sequences)
        }
        model.read = try await spool.testPlace().coverage.intervals.last.map { $0.window.to.milliseconds / 1000 } ?? 0
        return model
    }

    /// What crashes leave behind: copies of the directory, made before and after calls.
    private final class Images: Sendable {
        private struct State {
            var folders: [String] = []
            var isOn = false
            /// What was written to each file since it was last synced.
            var unsynced: [String: off_t] = [:]
        }

        private let state = Mutex(State())
        private let target: String

        init(_ target: String) { self.target = target }

        func start() { state.withLock { $0.isOn = true } }
        func stop() -> [String] {
            state.withLock { state in
                defer { state = State() }
                return state.folders
            }
        }

        /// A copy as it is, and one in which the last unsynced write never reached the disk.
        func take() {
            let (isOn, number, unsynced) = state.withLock { ($0.isOn, $0.folders.count, $0.unsynced) }
            guard isOn else { return }
            for (index, isTorn) in [false, true].enumerated() where !isTorn || !unsynced.isEmpty {
                let folder = "\(target)/\(number + index)"
                try? FileManager.default.copyItem(atPath: Fixture.directory.path, toPath: folder)
                if isTorn {
                    for (path, length) in unsynced {
                        _ = truncate(path.replacing(Fixture.directory.path, with: folder), length)
                    }
                }
                state.withLock { $0.folders.append(folder) }
            }
        }

        var calls: FileCalls {
            let system = FileCalls.system
            var calls = system
            @Sendable func path(_ descriptor: Int32) -> String {
                (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(descriptor)")) ?? ""
            }
            calls.write = { descriptor, bytes, offset in
                self.take()
                let half = UnsafeRawBufferPointer(rebasing: bytes[..<max(1, bytes.count / 2)])
                let path = path(descriptor)
                self.state.withLock { $0.unsynced[path] = min($0.unsynced[path] ?? offset, offset) }
                let count = system.write(descriptor, half, offset)
                self.take()
                return count
            }
            calls.sync = { descriptor in
                let result = system.sync(descriptor)
                let path = path(descriptor)
                self.state.withLock { $0.unsynced[path] = nil }
                self.take()
                return result
            }
            calls.unlink = { path in
                self.take()
                let result = system.unlink(path)
                self.take()
                return result
            }
            calls.truncate = { path, length in
                let result = system.truncate(path, length)
                self.take()
                return result
            }
            return calls
        }
    }

    /// A few, or as many as `TWILSHIP_MODEL_SEEDS` says: each takes about a second.
    private static let seeds: ClosedRange<UInt64> =
        1...max(1, ProcessInfo.processInfo.environment["TWILSHIP_MODEL_SEEDS"].flatMap(UInt64.init) ?? 4)

    @Test(arguments: seeds)
    func `a crash at any step leaves what was before or what was to come, and nothing else`(seed: UInt64) async throws {
        try await withSpool(Self.options, in: shm) { open in
            let target = Fixture.directory.path + "-images"
            try FileManager.default.createDirectory(atPath: target, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(atPath: target) }
            let images = Images(target)
            var numbers = SeededNumbers(state: seed)
            var spool = try open(calls: images.calls)
            var stream = try await spool.testStream()
            _ = try await spool.attach(Self.sinks.map { ($0, .oldest) })
            var model = try await found(spool)
            for step in 1...25 {
                var after = model
                let operation = Int.random(in: 0..<12, using: &numbers)
                // To look at every step of every seed would take minutes.
                let isLookedAt = Int.random(in: 0..<4, using: &numbers) == 0
                if isLookedAt { images.start() }
                switch operation {
                case 0:
                    try await spool.close()
                    spool = try open(calls: images.calls)
                    stream = try await spool.testStream()
                    _ = try await spool.attach(Self.sinks.map { ($0, .oldest) })
                case 1:
                    spool.testClock.advance(by: .seconds(Int.random(in: 1...100, using: &numbers)))
                case 2:
                    try await spool.removeExpired()
                case 3...5:
                    let sink = Self.sinks[Int.random(in: 0..<2, using: &numbers)]
                    try await settle(spool, sink, &after, &numbers)
                case 6:
                    let sink = Self.sinks[Int.random(in: 0..<2, using: &numbers)]
                    let first = after.position(sink) + 1
                    let cut = first...first + Int64.random(in: 0...9, using: &numbers)
                    try await spool.pin([Cut(sequences: cut, form: "f")], of: sink)
                    after.cuts[sink]?.removeAll { $0.overlaps(cut) }
                    after.cuts[sink]?.append(cut)
                    after.cuts[sink]?.sort { $0.lowerBound < $1.lowerBound }
                default:
                    let count = Int.random(in: 1...30, using: &numbers)
                    let records = (0..<count).map { TestRecord(step * 100 + $0, at: Int64(step) * 1000) }
                    try await spool.append(.test(stream, records, window: step, coverage: .seconds(0, Int64(step))))
                    after.lines += records.map(\.line)
                    after.read = Int64(step)
                }
                if isLookedAt { images.take() }
                if operation <= 2 {
                    // Rules of their own; that everything unsettled is still there is checked here.
                    let now = try await found(spool)
                    let removed = Int(now.removed - model.removed)
                    #expect(removed == 0 || operation == 2)
                    #expect(Self.sinks.allSatisfy { now.removed <= model.position($0) })
                    after.removed = now.removed
                    after.lines.removeFirst(removed)
                }
                #expect(try await found(spool) == after, "seed \(seed), step \(step)")
                for folder in images.stop() {
                    let image = try Spool(
                        directory: StateDirectory(path: folder), options: Self.options, version: "1.0.0",
                        now: { Timestamp(milliseconds: 1_700_000_000_000) })
                    let state = try await Fixture.$directory.withValue(StateDirectory(path: folder)) {
                        try await found(image)
                    }
                    // Several segments may go in one operation.
                    let isPart = operation == 2 && state.removed >= model.removed && state.removed <= after.removed
                    #expect(state == model || state == after || isPart, "seed \(seed), step \(step), \(folder)")
                    try await image.close()
                    try FileManager.default.removeItem(atPath: folder)
                }
                model = after
            }
        }
    }

    /// Settles some records behind the sink's position, not always the first.
    private func settle(
        _ spool: Spool, _ sink: String, _ model: inout Model, _ numbers: inout SeededNumbers
    ) async throws {
        let last = model.removed + Int64(model.lines.count)
        var first = model.position(sink) + 1 + Int64.random(in: 0...8, using: &numbers)
        while model.settled[sink]?.contains(first) == true { first += 1 }
        guard first <= last else { return }
        var end = first
        while end < min(last, first + 12), model.settled[sink]?.contains(end + 1) != true { end += 1 }
        var rejected: [Settlement.Rejection] = []
        if Bool.random(using: &numbers) {
            for record in try await spool.read(first...first) {
                rejected.append(Settlement.Rejection(record: record, reason: "no", attempts: 1))
            }
        }
        try await spool.settle(Settlement(sink: sink, sequences: first...end, rejected: rejected, attempts: 1))
        model.settled[sink]?.formUnion(first...end)
        model.rejected[sink, default: 0] += rejected.count
        model.cuts[sink]?.removeAll { (first...end).contains($0.lowerBound) }
    }
}
