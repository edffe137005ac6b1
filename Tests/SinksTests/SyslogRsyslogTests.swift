import Glibc
import PipelineCore
import Testing
import Transport

@testable import Sinks

/// rsyslog as it comes from Debian, at the other end of each transport.
@Suite(.serialized, .enabled(if: SyslogReceiver.Program.rsyslog.isThere, "rsyslog is not installed"))
struct SyslogRsyslogTests {
    /// Writes each message as it came, and what rsyslog made of it.
    static let common = #"""
        global(workDirectory="FOLDER" maxMessageSize="64k" parser.escapeControlCharactersOnReceive="off")
        template(name="raw" type="string" string="%rawmsg%\n")
        template(name="parts" type="string" string="%pri% %msgid% %structured-data% %msg%\n")
        ruleset(name="all") {
            action(type="omfile" file="FOLDER/raw" template="raw")
            action(type="omfile" file="FOLDER/parts" template="parts")
        }

        """#

    static let records =
        SpooledRecord.envelopes(1...500, padding: 300) + [
            .envelope(501, type: "security-settings.changed", account: #"a"b\c]d é"#, message: #"line\none \"two\" 😀"#)
        ]

    /// Checks that exactly `records` arrived, each as it was sent and as rsyslog understood it.
    static func check(_ receiver: SyslogReceiver, _ records: [SpooledRecord] = records) async throws {
        let sent = SyslogEncoder.texts(records)
        let raw = try await receiver.lines("raw", count: records.count)
        expectSame(raw, sent)
        let parts = try await receiver.lines("parts", count: records.count)
        let expected = try sent.map { text in
            let message = try SyslogMessage(Array(text.utf8))
            let start = try #require(text.firstIndex(of: "["))
            return "\(message.priority) \(message.messageID) \(text[start...])"
        }
        expectSame(parts, expected)
    }

    @Test(arguments: SyslogFraming.allCases)
    func `each record arrives once over TCP`(framing: SyslogFraming) async throws {
        let port = try FreePort.tcp()
        let receiver = try SyslogReceiver(.rsyslog, Self.common + RsyslogInput.tcp(port))
        try await receiver.start { FreePort.isTaken(port, "tcp") }
        let sink = try SyslogSink.sample(.tcp([.init(name: "127.0.0.1", port: port)], framing))
        let delivery = await sink.deliver(Batch(records: Self.records))
        #expect(delivery.isAccepted)
        await sink.close()
        try await Self.check(receiver)
        receiver.stop()
    }

    @Test func `each record arrives once over UDP`() async throws {
        let port = try FreePort.udp()
        let receiver = try SyslogReceiver(.rsyslog, Self.common + RsyslogInput.udp(port))
        try await receiver.start { FreePort.isTaken(port, "udp") }
        let sink = try SyslogSink.sample(.udp([.init(name: "127.0.0.1", port: port)]))
        #expect(sink.guarantee == .bestEffort && sink.outstanding == 1)
        // No more at a time than the receiver's buffer holds while it gets no turn.
        for start in stride(from: 0, to: Self.records.count, by: 50) {
            let end = min(start + 50, Self.records.count)
            let delivery = await sink.deliver(Batch(records: Array(Self.records[start..<end])))
            #expect(delivery.isAccepted)
            _ = try await receiver.lines("raw", count: end)
        }
        await sink.close()
        try await Self.check(receiver)
        receiver.stop()
    }

    @Test func `each record arrives once over a UNIX datagram socket`() async throws {
        let receiver = try SyslogReceiver(.rsyslog, Self.common + RsyslogInput.unix)
        let path = receiver.folder.path + "/log"
        try await receiver.start { access(path, W_OK) == 0 }
        let sink = try SyslogSink.sample(.unix(path: path))
        let delivery = await sink.deliver(Batch(records: Self.records))
        #expect(delivery.isAccepted)
        await sink.close()
        try await Self.check(receiver)
        receiver.stop()
    }

    @Test func `a receiver that was restarted gets what follows`() async throws {
        let port = try FreePort.tcp()
        let receiver = try SyslogReceiver(.rsyslog, Self.common + RsyslogInput.tcp(port))
        try await receiver.start { FreePort.isTaken(port, "tcp") }
        let sink = try SyslogSink.sample(.tcp([.init(name: "127.0.0.1", port: port)], .octetCounting))
        let first = await sink.deliver(Batch(records: [.envelope(1)]))
        #expect(first.isAccepted)
        receiver.stop()
        let refused = await sink.deliver(Batch(records: [.envelope(2)]))
        #expect(refused.retryReason?.contains("could not connect to 127.0.0.1:\(port)") == true)
        try await receiver.start { FreePort.isTaken(port, "tcp") }
        let second = await sink.deliver(Batch(records: [.envelope(2)]))
        #expect(second.isAccepted)
        await sink.close()
        try await Self.check(receiver, [.envelope(1), .envelope(2)])
        receiver.stop()
    }
}
