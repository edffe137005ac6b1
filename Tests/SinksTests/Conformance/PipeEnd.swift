import Formatting
import Foundation
import PipelineCore
import Synchronization
import Testing

@testable import Sinks

/// A program that reads the other end of standard output.
final class PipeEnd: SinkEnd {
    private struct State {
        var behaviour = EndBehaviour.good
        var isRead = false
        var bytes: [UInt8] = []
    }

    private let state = Mutex(State())
    private let format: RecordFormat
    private let reader: CInt
    private let writer: CInt
    /// What the sink writes to: the pipe, or a device that is always full.
    private let descriptor: CInt

    init(_ format: RecordFormat = .envelope()) throws {
        self.format = format
        // As the program does: a pipe that nobody reads must be an error.
        signal(SIGPIPE, SIG_IGN)
        var ends: [CInt] = [0, 0]
        try #require(pipe(&ends) == 0)
        (reader, writer) = (ends[0], ends[1])
        descriptor = dup(writer)
    }

    var place: String { "standard output" }
    var received: [String] { SinkEnds.ids(in: text) }
    var lines: [String] { text.split(separator: "\n").map(String.init) }
    private var text: String { String(decoding: state.withLock(\.bytes), as: UTF8.self) }
    var canRecover: Bool { state.withLock(\.behaviour) != .nobodyListens }

    func become(_ behaviour: EndBehaviour, records: Int) throws {
        state.withLock { $0.behaviour = behaviour }
        switch behaviour {
        case .nobodyListens: close(reader)
        case .refusing:
            let full = open("/dev/full", O_WRONLY | O_CLOEXEC)
            try #require(dup2(full, descriptor) >= 0)
            close(full)
        case .good, .slow:
            try #require(dup2(writer, descriptor) >= 0)
            read()
        default: break
        }
    }

    func withSink(for behaviour: EndBehaviour, _ body: (any Sink) async throws -> Void) async throws {
        let sink = StandardOutputSink(
            name: "test", format: format,
            // A reader that takes nothing is waited for until the service ends.
            surroundings: .init(
                isEnding: { self.state.withLock { $0.behaviour == .hanging } }, readerIsGone: {}),
            log: .silent, descriptor: descriptor)
        try await body(sink)
        await sink.close()
    }

    /// On a thread of its own, until the writers are gone.
    private func read() {
        let isFirst = state.withLock { state in
            defer { state.isRead = true }
            return !state.isRead
        }
        guard isFirst else { return }
        Thread.detachNewThread { [self] in
            var piece = [UInt8](repeating: 0, count: 4096)
            while true {
                if state.withLock({ $0.behaviour == .slow }) { usleep(200) }
                let got = Glibc.read(reader, &piece, piece.count)
                if got <= 0 { break }
                state.withLock { $0.bytes += piece[..<got] }
            }
            close(reader)
        }
    }

    func stop() {
        close(descriptor)
        close(writer)
    }
}
