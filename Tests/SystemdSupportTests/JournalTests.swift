import Foundation
import Logging
import Testing

@testable import SystemdSupport

@Suite struct JournalTests {
    @Test func `an entry has the message, its priority and where it comes from`() {
        let entry = JournalEntry(record("sink is held", ["sink.name": "siem"], level: .critical))
        #expect(
            entry.fields == [
                .init(name: "MESSAGE", value: "sink is held: sink.name=siem"), .init(name: "PRIORITY", value: "2"),
                .init(name: "SYSLOG_IDENTIFIER", value: "twilship"), .init(name: "CODE_FILE", value: "Room/File.swift"),
                .init(name: "CODE_LINE", value: "7"), .init(name: "CODE_FUNC", value: "work()"),
                .init(name: "TWILSHIP_SINK", value: "siem"),
            ])
    }

    @Test(arguments: [
        ("source.account", "TWILSHIP_ACCOUNT"), ("source.stream", "TWILSHIP_STREAM"), ("sink.name", "TWILSHIP_SINK"),
        ("record.sid", "TWILSHIP_SID"), ("http.status", "TWILSHIP_HTTP_STATUS"),
        ("twilio.request_id", "TWILSHIP_REQUEST_ID"),
        ("message_id", "MESSAGE_ID"), ("retry.in-ms", "TWILSHIP_RETRY_IN_MS"), ("évil=\n", "TWILSHIP___VIL__X0A"),
    ])
    func `each fact has its field`(_ key: String, _ field: String) {
        #expect(JournalEntry(record("m", [key: "v"])).fields.last == .init(name: field, value: "v"))
    }

    @Test func `a message id is a field and not part of what people read`() {
        let entry = JournalEntry(record("m", ["message_id": "abc", "a": "b"]))
        #expect(entry.fields.first?.value == "m: a=b")
    }

    @Test(arguments: zip(Logger.Level.allCases, [7, 7, 6, 5, 4, 3, 2]))
    func `levels are syslog's`(_ level: Logger.Level, _ priority: Int) {
        #expect(level.syslogPriority == priority)
    }

    @Test func `the journal is used only where it is our output and listens`() throws {
        let file = try TemporaryFile()
        var status = stat()
        fstat(file.descriptor, &status)
        let ours = ["JOURNAL_STREAM": "\(status.st_dev):\(status.st_ino)"]
        let inherited = ["JOURNAL_STREAM": "\(status.st_dev):\(status.st_ino + 1)"]
        func uses(_ target: LogTarget, _ environment: [String: String], socket: String? = nil) -> Bool {
            usesJournal(target, environment, outputs: [file.descriptor], socket: socket ?? file.path)
        }
        #expect(uses(.auto, ours))
        #expect(!uses(.auto, inherited))
        #expect(!uses(.auto, ["JOURNAL_STREAM": "nonsense"]))
        #expect(!uses(.auto, [:]))
        #expect(!uses(.auto, ours, socket: "/nonexistent"))
        #expect(uses(.journal, [:]))
        #expect(!uses(.journal, ours, socket: "/nonexistent"))
        #expect(!uses(.stderr, ours))
    }
}

/// An open file that goes away with its last holder.
final class TemporaryFile: Sendable {
    let path = NSTemporaryDirectory() + "systemd-tests-\(UUID().uuidString)"
    let descriptor: CInt

    init() throws {
        descriptor = open(path, O_RDWR | O_CREAT | O_APPEND, 0o600)
        try #require(descriptor >= 0)
    }

    deinit {
        close(descriptor)
        unlink(path)
    }

    var lines: [String] {
        get throws { try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map(String.init) }
    }
}
