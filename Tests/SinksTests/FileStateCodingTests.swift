import PipelineCore
import Testing

@testable import Sinks

struct FileStateCodingTests {
    @Test func `a file's state survives its bytes`() throws {
        var state = FileState(series: "/var/log/{date}.jsonl")
        #expect(FileState(bytes: state.bytes) == state)
        state.file = FileState.File(
            device: .max, inode: 12, digest: .init(covered: 1024, checksum: .max), length: 1 << 40,
            since: Timestamp(milliseconds: -5))
        state.done.insert(5...9)
        state.done.insert(100...100)
        #expect(FileState(bytes: state.bytes) == state)
        #expect(state.bytes.count < 80)
    }

    @Test func `a series' state survives its bytes`() throws {
        var state = SeriesState()
        #expect(SeriesState(bytes: state.bytes) == state)
        state.nextSequence = 1_000_001
        state.rotation = .init(path: "/a", sequence: 1_000_000, inode: 9, size: 10)
        for (number, path) in ["/a", "/a", "/b", "/a"].enumerated() {
            state.rotated.append(
                RotatedFile(
                    path: path, sequence: Int64(number), size: 1 << 33,
                    rotatedAt: Timestamp(milliseconds: 1_790_000_000_000)))
        }
        #expect(SeriesState(bytes: state.bytes) == state)
    }

    @Test func `damaged or newer bytes are refused, not guessed at`() {
        var state = FileState(series: "/a")
        state.done.insert(1...300)
        for count in 0..<state.bytes.count { #expect(FileState(bytes: Array(state.bytes[..<count])) == nil) }
        #expect(FileState(bytes: state.bytes + [0]) == nil)
        #expect(FileState(bytes: [2] + state.bytes.dropFirst()) == nil)
        #expect(SeriesState(bytes: [2] + SeriesState().bytes.dropFirst()) == nil)
    }

    @Test func `records that are done are known until the delivery with the last of them is settled`() {
        var done = DoneRecords()
        done.insert(10...20)
        done.insert(15...30)
        done.insert(3...5)
        #expect(done.contains(10) && done.contains(30) && done.contains(4) && !done.contains(6) && !done.contains(31))
        done.settle(10...29)
        #expect(done.contains(10))
        done.settle(29...40)
        #expect(!done.contains(10) && done.contains(4))
    }
}
