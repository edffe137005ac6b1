import Formatting
import Foundation
import PipelineCore
import Testing
import Transport

@testable import Sinks

/// 1,000 nasty messages in every format over each transport, to what users run at the other end.
@Suite(.serialized, .timeLimit(.minutes(10))) struct NastySyslogTests {
    enum Rsyslog: CaseIterable { case tcp, tcpWithLineFeeds, tls, relp, relpTLS, udp, unix }
    enum SyslogNG: CaseIterable { case tcp, tcpWithLineFeeds, tls }

    @Test(.enabled(if: SyslogReceiver.Program.rsyslog.isThere, "rsyslog is not installed"), arguments: Rsyslog.allCases)
    func `they arrive at rsyslog as they were sent`(way: Rsyslog) async throws {
        let certificates = try SyslogCertificates()
        let port = try way == .udp ? FreePort.udp() : FreePort.tcp()
        let hosts = [ByteStream.Host(name: "localhost", port: port)]
        let tls = certificates.client
        let (input, destination): (String, (SyslogReceiver) -> SyslogSinkOptions.Destination) =
            switch way {
            case .tcp: (RsyslogInput.tcp(port), { _ in .tcp(hosts, .octetCounting) })
            case .tcpWithLineFeeds: (RsyslogInput.tcp(port), { _ in .tcp(hosts, .newline) })
            case .tls: (RsyslogInput.tls(port, certificates), { _ in .tls(hosts, tls, .octetCounting) })
            case .relp: (RsyslogInput.relp(port), { _ in .relp(hosts) })
            case .relpTLS: (RsyslogInput.relp(port, certificates), { _ in .relpTLS(hosts, tls) })
            case .udp: (RsyslogInput.udp(port), { _ in .udp(hosts) })
            case .unix: (RsyslogInput.unix, { .unix(path: $0.folder.path + "/log") })
            }
        let receiver = try SyslogReceiver(.rsyslog, SyslogRsyslogTests.common + input)
        try await receiver.start {
            way == .unix
                ? access(receiver.folder.path + "/log", W_OK) == 0
                : FreePort.isTaken(port, way == .udp ? "udp" : "tcp")
        }
        // A few at a time, so that no datagram finds the receiver's buffer full.
        try await Self.send(to: destination(receiver), receiver, batch: way == .udp ? 20 : 1000)
        receiver.stop()
    }

    @Test(
        .enabled(
            if: SyslogReceiver.Program.syslogNG.isThere,
            "syslog-ng is not there: packaging/unpack-syslog-ng puts it there"), arguments: SyslogNG.allCases)
    func `they arrive at syslog-ng as they were sent`(way: SyslogNG) async throws {
        let certificates = try SyslogCertificates()
        let port = try FreePort.tcp()
        let hosts = [ByteStream.Host(name: "127.0.0.1", port: port)]
        let (source, destination): (String, SyslogSinkOptions.Destination) =
            switch way {
            case .tcp: (SyslogNGTests.source(port), .tcp(hosts, .octetCounting))
            case .tcpWithLineFeeds: (SyslogNGTests.plainSource(port), .tcp(hosts, .newline))
            case .tls: (SyslogNGTests.source(port, certificates), .tls(hosts, certificates.client, .octetCounting))
            }
        let receiver = try SyslogReceiver(.syslogNG, SyslogNGTests.configuration(source))
        try await receiver.start { FreePort.isTaken(port, "tcp") }
        try await Self.send(to: destination, receiver)
        receiver.stop()
    }

    /// - Parameter size: how many records are sent before what they are is waited for.
    private static func send(
        to destination: SyslogSinkOptions.Destination, _ receiver: SyslogReceiver, batch size: Int = 1000
    ) async throws {
        let records = try NastyRecords.all().records
        var sent: [String] = []
        var bytes = 0
        for format in RecordFormat.all {
            let options = SyslogMessageOptions(hostname: "collector1", format: format)
            let sink = try SyslogSink.sample(destination, options)
            for start in stride(from: 0, to: records.count, by: size) {
                let batch = Array(records[start..<min(records.count, start + size)])
                let texts = SyslogEncoder.texts(batch, options)
                sent += texts
                bytes += texts.reduce(0) { $0 + $1.utf8.count + 1 }
                let delivery = await sink.deliver(Batch(records: batch))
                #expect(delivery.isAccepted, "\(delivery)")
                let due = bytes
                try await eventually("\(due) bytes in raw. \(receiver.complaints)") { receiver.size(of: "raw") >= due }
            }
            await sink.close()
        }
        expectSame(receiver.lines("raw"), sent)
    }
}
