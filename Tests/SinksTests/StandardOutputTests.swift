import Formatting
import Foundation
import PipelineCore
import PipelineTestKit
import Synchronization
import Testing

@testable import Sinks

@Suite struct StandardOutputTests {
    private static let records = (1...200).map { SpooledRecord.sample($0, length: 700) }

    @Test func `a reader that leaves is told of, and what it did not get is not delivered`() async throws {
        let bench = try PipeBench()
        let reading = bench.reading(pieces: 500, atMost: 3_000)
        let delivery = await bench.sink.deliver(Batch(records: Self.records))
        let text = await reading.value
        let whole = text.count { $0 == "\n" }
        #expect(whole == 4)
        let verdicts = delivery.verdicts
        let accepted = verdicts.prefix { $0 == .accepted }.count
        // What the pipe held when the reader left is gone with it: 4 KiB at most.
        #expect((whole...whole + 7).contains(accepted))
        let rest = verdicts.dropFirst(accepted)
        #expect(!rest.isEmpty)
        #expect(
            rest.allSatisfy {
                guard case .retry(_, let reason) = $0 else { return false }
                return reason.contains("the reader of standard output is gone")
            })
        #expect(bench.isGone)
        let again = await bench.sink.deliver(Batch(records: [.sample(1)]))
        #expect(again.retryReason?.contains("gone") == true)
    }

    @Test func `an end while the reader takes nothing is quick, and the next attempt goes on within the line`()
        async throws
    {
        let bench = try PipeBench()
        bench.ending.isSet = true
        let delivery = await bench.sink.deliver(Batch(records: Self.records))
        let verdicts = delivery.verdicts
        let accepted = verdicts.prefix { $0 == .accepted }.count
        #expect(accepted > 0 && verdicts.dropFirst(accepted).allSatisfy { $0 != .accepted })

        bench.ending.isSet = false
        let reading = bench.reading(pieces: 4096)
        let rest = await bench.sink.deliver(Batch(records: Array(Self.records.dropFirst(accepted))))
        #expect(rest.isAccepted)
        bench.closeWriter()
        let text = await reading.value
        #expect(text == Self.records.map(\.text).joined())
        #expect(!bench.isGone)
    }

    @Test func `a torn line is completed before another stream's, and then not written again`() async throws {
        let bench = try PipeBench()
        bench.ending.isSet = true
        let first = await bench.sink.deliver(Batch(records: Self.records))
        let accepted = first.verdicts.prefix { $0 == .accepted }.count
        bench.ending.isSet = false
        let reading = bench.reading(pieces: 4096)
        let other = await bench.sink.deliver(Batch(records: [.sample(1_000)]))
        let rest = await bench.sink.deliver(Batch(records: Array(Self.records.dropFirst(accepted))))
        #expect(other.isAccepted && rest.isAccepted)
        bench.closeWriter()
        let text = await reading.value
        let lines = text.split(separator: "\n").map { $0 + "\n" }
        #expect(lines.count == Self.records.count + 1)
        #expect(Set(lines) == Set((Self.records + [.sample(1_000)]).map { Substring($0.text) }))
    }

    @Test func `a full disk is named, and tried again`() async throws {
        let full = open("/dev/full", O_WRONLY | O_CLOEXEC)
        try #require(full >= 0)
        defer { close(full) }
        let bench = try PipeBench(descriptor: full)
        let delivery = await bench.sink.deliver(Batch(records: [.sample(1)]))
        #expect(delivery.retryReason?.contains("No space left on device") == true)
        #expect(!bench.isGone)
    }

    @Test func `on a terminal nothing is obeyed that a record holds`() async throws {
        let bench = try PipeBench { $0.replacing("\u{202e}", with: "\\u202e") }
        let reading = bench.reading(pieces: 4096)
        let delivery = await bench.sink.deliver(Batch(records: [.sample(1, raw: "\"\u{202e}x\"")]))
        bench.closeWriter()
        #expect(delivery.isAccepted)
        let text = await reading.value
        #expect(text.contains(#""raw":"\u202ex""#))
    }
}

/// A value that several threads see.
private final class Flag: Sendable {
    private let state = Mutex(false)

    var isSet: Bool {
        get { state.withLock { $0 } }
        set { state.withLock { $0 = newValue } }
    }
}

/// A sink that writes to a pipe of one page, as small as they get.
private final class PipeBench: Sendable {
    let sink: StandardOutputSink
    let ending = Flag()
    private let gone = Flag()
    private let reader: CInt
    private let writer: Mutex<CInt>

    /// - Parameter descriptor: to write to instead of the pipe.
    init(descriptor: CInt? = nil, shown: (@Sendable (String) -> String)? = nil) throws {
        // As the program does: a pipe that nobody reads must be an error.
        signal(SIGPIPE, SIG_IGN)
        var ends: [CInt] = [0, 0]
        try #require(pipe(&ends) == 0)
        // F_SETPIPE_SZ, which glibc declares for _GNU_SOURCE only.
        try #require(fcntl(ends[1], 1031, 4096) == 4096)
        reader = ends[0]
        writer = Mutex(ends[1])
        let (ending, gone) = (ending, gone)
        sink = StandardOutputSink(
            name: "out", format: .envelope(),
            surroundings: .init(
                isEnding: { ending.isSet }, readerIsGone: { gone.isSet = true }, shown: shown),
            log: .silent, descriptor: descriptor ?? ends[1])
    }

    deinit {
        closeWriter()
    }

    var isGone: Bool { gone.isSet }

    func closeWriter() {
        writer.withLock { writer in
            if writer >= 0 { close(writer) }
            writer = -1
        }
    }

    /// Reads on a thread of its own, so many bytes at a time, and leaves at the end or after `limit` bytes.
    func reading(pieces: Int, atMost limit: Int = .max) -> Task<String, Never> {
        let reader = reader
        return Task {
            await withCheckedContinuation { continuation in
                Thread.detachNewThread {
                    var bytes: [UInt8] = []
                    var piece = [UInt8](repeating: 0, count: pieces)
                    while bytes.count < limit {
                        let got = read(reader, &piece, min(pieces, limit - bytes.count))
                        if got <= 0 { break }
                        bytes += piece[..<got]
                    }
                    close(reader)
                    continuation.resume(returning: String(decoding: bytes, as: UTF8.self))
                }
            }
        }
    }
}
