import Glibc
import PipelineCore
import Testing
import Transport

@testable import Sinks

/// syslog-ng as it comes from Debian, at the other end of each transport that it has.
@Suite(
    .serialized,
    .enabled(
        if: SyslogReceiver.Program.syslogNG.isThere, "syslog-ng is not there: packaging/unpack-syslog-ng puts it there")
)
struct SyslogNGTests {
    /// - Parameter source: takes messages as they came (`store-raw-message`) and what syslog-ng made of them.
    static func configuration(_ source: String) -> String {
        let parts =
            #"${LEVEL_NUM} ${MSGID} ${.SDATA.twilship@32473.id} ${.SDATA.twilship@32473.type} "#
            + #"${.SDATA.twilship@32473.account} ${MSG}"#
        return """
            @version: 3.38
            options { use-dns(no); keep-hostname(yes); keep-timestamp(yes); log-msg-size(65536); };
            source in { \(source) };
            destination raw { file("FOLDER/raw" template("${RAWMSG}\\n")); };
            destination parts { file("FOLDER/parts" template("\(parts)\\n")); };
            log { source(in); destination(raw); destination(parts); };

            """
    }

    /// The protocol's own framing, with certificates on both sides or in the clear.
    static func source(_ port: Int, _ certificates: SyslogCertificates? = nil) -> String {
        guard let certificates else {
            return #"syslog(ip("127.0.0.1") port(\#(port)) transport("tcp") flags(store-raw-message));"#
        }
        return #"""
            syslog(ip("127.0.0.1") port(\#(port)) transport("tls") flags(store-raw-message)
                tls(key-file("\#(certificates.path("server.key"))") cert-file("\#(certificates.path("server.pem"))")
                    ca-file("\#(certificates.path("ca.pem"))") peer-verify(required-trusted)));
            """#
    }

    /// A line feed behind each message.
    static func plainSource(_ port: Int) -> String {
        #"network(ip("127.0.0.1") port(\#(port)) transport("tcp") flags(syslog-protocol, store-raw-message));"#
    }

    private static let records = SyslogRsyslogTests.records

    private static func check(_ receiver: SyslogReceiver) async throws {
        let sent = SyslogEncoder.texts(records)
        let raw = try await receiver.lines("raw", count: records.count)
        expectSame(raw, sent)
        let parts = try await receiver.lines("parts", count: records.count)
        let expected = try sent.map { text in
            let message = try SyslogMessage(Array(text.utf8))
            let values = ["id", "type", "account"].compactMap(message.parameter)
            return "\(message.severity) \(message.messageID) \(values.joined(separator: " ")) \(message.message)"
        }
        expectSame(parts, expected)
    }

    @Test func `each record arrives once over TCP with octets counted`() async throws {
        let port = try FreePort.tcp()
        let receiver = try SyslogReceiver(.syslogNG, Self.configuration(Self.source(port)))
        try await receiver.start { FreePort.isTaken(port, "tcp") }
        let sink = try SyslogSink.sample(.tcp([.init(name: "127.0.0.1", port: port)], .octetCounting))
        let delivery = await sink.deliver(Batch(records: Self.records))
        #expect(delivery.isAccepted)
        await sink.close()
        try await Self.check(receiver)
        receiver.stop()
    }

    @Test func `each record arrives once over TCP with line feeds`() async throws {
        let port = try FreePort.tcp()
        let receiver = try SyslogReceiver(.syslogNG, Self.configuration(Self.plainSource(port)))
        try await receiver.start { FreePort.isTaken(port, "tcp") }
        let sink = try SyslogSink.sample(.tcp([.init(name: "127.0.0.1", port: port)], .newline))
        let delivery = await sink.deliver(Batch(records: Self.records))
        #expect(delivery.isAccepted)
        await sink.close()
        try await Self.check(receiver)
        receiver.stop()
    }

    @Test func `each record arrives once over UDP`() async throws {
        let port = try FreePort.udp()
        let receiver = try SyslogReceiver(
            .syslogNG,
            Self.configuration(
                #"syslog(ip("127.0.0.1") port(\#(port)) transport("udp") flags(store-raw-message));"#))
        try await receiver.start { FreePort.isTaken(port, "udp") }
        let sink = try SyslogSink.sample(.udp([.init(name: "127.0.0.1", port: port)]))
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

    @Test(arguments: ["unix-dgram", "unix-stream"])
    func `each record arrives once over a UNIX socket, whatever its kind`(kind: String) async throws {
        let receiver = try SyslogReceiver(
            .syslogNG, Self.configuration(#"\#(kind)("FOLDER/log" flags(syslog-protocol, store-raw-message));"#))
        let path = receiver.folder.path + "/log"
        try await receiver.start { access(path, W_OK) == 0 }
        let sink = try SyslogSink.sample(.unix(path: path))
        let delivery = await sink.deliver(Batch(records: Self.records))
        #expect(delivery.isAccepted)
        await sink.close()
        try await Self.check(receiver)
        receiver.stop()
    }

    @Test func `each record arrives once over TLS with certificates on both sides`() async throws {
        let certificates = try SyslogCertificates()
        let port = try FreePort.tcp()
        let receiver = try SyslogReceiver(.syslogNG, Self.configuration(Self.source(port, certificates)))
        try await receiver.start { FreePort.isTaken(port, "tcp") }
        var tls = ByteStream.TLS(caFile: certificates.path("ca.pem"))
        let nameless = try SyslogSink.sample(
            .tls([.init(name: "127.0.0.1", port: port)], tls, .octetCounting), confirmAfter: .seconds(60))
        let refused = await nameless.deliver(Batch(records: [.envelope(1)]))
        #expect(refused.retryReason != nil)
        await nameless.close()
        tls.certificateFile = certificates.path("client.pem")
        tls.keyFile = certificates.path("client.key")
        let sink = try SyslogSink.sample(.tls([.init(name: "127.0.0.1", port: port)], tls, .octetCounting))
        let delivery = await sink.deliver(Batch(records: Self.records))
        #expect(delivery.isAccepted)
        await sink.close()
        try await Self.check(receiver)
        receiver.stop()
    }
}
