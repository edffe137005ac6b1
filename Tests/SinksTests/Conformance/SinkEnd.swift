import Formatting
import Foundation
import PipelineCore
import Testing
import Transport

@testable import Sinks

/// The other end of one kind of sink, which the suite has behave well or badly.
protocol SinkEnd: Sendable {
    /// What a reason must name.
    var place: String { get }
    /// The ids of all records that came, in order.
    var received: [String] { get }
    /// Whether it can become good for a sink that was made before.
    var canRecover: Bool { get }

    /// Ends whatever is there, connections included, and behaves like this from now on.
    /// - Parameter records: how many a batch has.
    func become(_ behaviour: EndBehaviour, records: Int) async throws

    /// Runs `body` with a sink that leads here; it loses patience soon only with an end that is to hang.
    func withSink(for behaviour: EndBehaviour, _ body: (any Sink) async throws -> Void) async throws
    func stop() async
}

enum SinkEnds {
    static func end(_ kind: SinkKind) throws -> any SinkEnd {
        switch kind {
        case .tcp, .tls, .relp, .relpTLS, .webhook, .splunk, .elastic: try StreamEnd(kind)
        case .udp, .unix: try DatagramEnd(kind)
        case .file: try FileEnd()
        case .stdout: try PipeEnd()
        case .journal: try NoJournalEnd()
        }
    }

    /// The ids in lines of the format `envelope`, whatever is around them.
    static func ids(in text: String) -> [String] {
        text.components(separatedBy: #""id":"AE"#).dropFirst().map { "AE" + $0.prefix(32) }
    }
}

/// A directory with a file in its place is the end that refuses.
private final class FileEnd: SinkEnd {
    private let bench: Bench
    private var directory: String { bench.folder.path + "/logs" }

    init() throws { bench = try Bench("logs/out.jsonl") }

    var place: String { bench.path }
    var received: [String] { (try? Files.text(bench.path)).map(SinkEnds.ids) ?? [] }
    var canRecover: Bool { true }

    func become(_ behaviour: EndBehaviour, records: Int) throws {
        if behaviour == .refusing { try Files.write("", to: directory) } else { unlink(directory) }
    }

    func withSink(for behaviour: EndBehaviour, _ body: (any Sink) async throws -> Void) async throws {
        let sink = bench.sink()
        try await body(sink)
        await sink.close()
    }

    func stop() {}
}

/// Where no journald is. A real one is written to in `packaging/test-systemd`.
private final class NoJournalEnd: SinkEnd {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    var place: String { folder.path + "/socket" }
    var received: [String] { [] }
    var canRecover: Bool { false }

    func become(_ behaviour: EndBehaviour, records: Int) {}

    func withSink(for behaviour: EndBehaviour, _ body: (any Sink) async throws -> Void) async throws {
        let sink = JournalSink(name: "test", format: .envelope(), socket: place)
        try await body(sink)
        await sink.close()
    }

    func stop() {}
}
