import Foundation
import PipelineCore
import Testing
import Transport

@testable import Sinks

/// Trying the way to a receiver.
@Suite(.serialized) struct SyslogProbeTests {
    /// A little later, so that what the tests make is valid already.
    private static var now: Timestamp { SystemClock().wallNow + .seconds(60) }

    private func probe(
        _ host: ByteStream.Host, _ tls: ByteStream.TLS? = nil, isRelp: Bool = false,
        timeout: Duration = .seconds(30), now: Timestamp = Self.now
    ) async -> [Finding] {
        await onThread { SyslogProbe(.stream(host, tls, isRelp: isRelp), timeout: timeout, now: now).run() }
    }

    @Test(.enabled(if: SyslogReceiver.Program.rsyslog.isThere, "rsyslog is not installed"))
    func `rsyslog's RELP over TLS is told with its certificate, what it offers, and who it refuses`() async throws {
        let certificates = try SyslogCertificates()
        let port = try FreePort.tcp()
        let receiver = try SyslogReceiver(
            .rsyslog,
            SyslogRsyslogTests.common + RsyslogInput.relp(port, certificates))
        try await receiver.start { FreePort.isTaken(port, "tcp") }
        let host = ByteStream.Host(name: "localhost", port: port)
        var tls = certificates.client
        let findings = await probe(host, tls, isRelp: true)
        try #require(findings.count == 3, "\(findings)")
        #expect(findings[0] == Finding(.fine, "localhost:\(port): connected with TLS, verified"))
        #expect(findings[1].level == .warning)
        #expect(findings[1].text.contains(#/CN ?= ?server\.example, issued by CN ?= ?ca, until 20.*Z; it expires in/#))
        #expect(findings[2].level == .fine)
        #expect(findings[2].text.contains("relp_software=librelp") && findings[2].text.contains("commands=syslog"))

        let later = await probe(host, tls, isRelp: true, now: Self.now + .seconds(3 * 86_400))
        #expect(later.contains { $0.level == .failure && $0.text.contains("it has expired on 20") })

        tls.caFile = certificates.path("other.pem")
        let untrusted = await probe(host, tls, isRelp: true)
        #expect(untrusted.map(\.level) == [.failure])
        #expect(untrusted[0].text.contains("the certificate of localhost:\(port) was refused, nothing was sent"))

        tls = ByteStream.TLS(caFile: certificates.path("ca.pem"))
        let anonymous = await probe(host, tls, isRelp: true)
        #expect(anonymous.contains { $0.level == .failure || $0.level == .refusal }, "\(anonymous)")
        receiver.stop()
        #expect(receiver.lines("raw").isEmpty)
    }

    @Test func `a certificate that has expired is refused, and that is said`() async throws {
        let certificates = try SyslogCertificates()
        try certificates.issue("old", by: "ca", names: "IP:127.0.0.1", days: -1)
        let server = try TLSCollector(
            in: certificates.folder.path, ["-cert", "old.pem", "-key", "old.key"])
        defer { server.stop() }
        let findings = await probe(
            .init(name: "127.0.0.1", port: Int(server.port)), .init(caFile: certificates.path("ca.pem")))
        #expect(findings.map(\.level) == [.failure])
        #expect(findings[0].text.contains("certificate has expired"))
    }

    @Test func `who says nothing, or something else, is not waited for and told`() async throws {
        let end = Gate()
        let server = try ScriptedServer { connection, number in
            if number == 1 { end.wait() } else { connection.write("220 mail.example ESMTP\r\n") }
        }
        defer { server.stop() }
        let begin = ContinuousClock.now
        let silent = await probe(server.host, isRelp: true, timeout: .milliseconds(300))
        #expect(.now - begin < .seconds(20))
        end.open()
        let other = await probe(server.host, isRelp: true)
        for findings in [silent, other] {
            #expect(findings.map(\.level) == [.fine, .failure])
            #expect(findings[1].text.contains("Is the port that of a RELP input?"))
        }
    }

    @Test func `a receiver that refuses the session is told in its words, fit for a terminal`() async throws {
        let server = try ScriptedServer { connection, _ in
            _ = connection.line()
            connection.write("1 rsp 12 500 no\u{1b}[31m!\n")
            _ = connection.readAll()
        }
        defer { server.stop() }
        let findings = await probe(server.host, isRelp: true)
        #expect(findings.last == Finding(.refusal, "\(server.host): refuses the RELP session: 500 no?[31m!"))
    }

    @Test func `nobody there is a failure, for each kind of address`() async throws {
        let port = try FreePort.tcp()
        let nobody = await probe(.init(name: "127.0.0.1", port: port))
        #expect(nobody.map(\.level) == [.failure] && nobody[0].text.contains("connect to 127.0.0.1:\(port)"))
        let nameless = await probe(.init(name: "nowhere.invalid", port: 514))
        #expect(nameless[0].level == .failure && nameless[0].text.contains("nowhere.invalid"))
        let lost = SyslogProbe(.udp(.init(name: "nowhere.invalid", port: 514)), timeout: .seconds(1), now: Self.now)
        let found = await onThread { lost.run() }
        #expect(found[0].level == .failure && found[0].text.contains("cannot look up"))
        let missing = SyslogProbe(.unix(path: "/nowhere/log"), timeout: .seconds(1), now: Self.now).run()
        #expect(missing == [Finding(.failure, "cannot connect to /nowhere/log: No such file or directory")])
    }

    @Test func `dates are read of the other end's and of our own certificate`() throws {
        let certificates = try SyslogCertificates()
        let path = certificates.path("client.pem")
        func finding(_ days: Int64) -> Finding {
            Finding(clientCertificate: path, now: Self.now + .seconds(days * 86_400))
        }
        #expect(finding(0).level == .warning && finding(0).text.contains("expires in 1 days"))
        #expect(finding(3).level == .failure && finding(3).text.contains("it has expired on"))
        #expect(finding(-1).level == .failure && finding(-1).text.contains("is not valid before"))
        #expect(finding(-40).level == .failure)
        #expect(Finding(clientCertificate: certificates.path("client.key"), now: Self.now).level == .failure)
        #expect(Finding(clientCertificate: "/nowhere.pem", now: Self.now).level == .failure)
        try certificates.issue("young", by: "ca", names: "DNS:x", days: 20_000)
        // 2081 is a GeneralizedTime.
        let young = Finding(clientCertificate: certificates.path("young.pem"), now: Self.now)
        #expect(young.level == .fine && young.text.contains(", until 20"), "\(young)")
        // What is cut or bent anywhere is no certificate, or one with dates; never an end.
        let text = try certificates.folder.text("client.pem")
        for length in stride(from: 0, to: text.utf8.count, by: 7) {
            _ = CertificateDates(pem: text.prefix(length) + "\n-----END CERTIFICATE-----")
        }
    }

    @Test func `a file sink's place is looked at, and nothing is made`() throws {
        let folder = try TemporaryFolder()
        let findings = FileProbe(path: folder.path + "/new/{account}/{dataset}.jsonl").run()
        #expect(findings[0] == Finding(.fine, "\(folder.path)/new: can be made in \(folder.path)"))
        #expect(findings.contains { $0.text.contains("MiB are free") })
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
        #expect(FileProbe(path: folder.path + "/{date}.jsonl").run()[0].text == "\(folder.path): is writable")
        try Files.write("", to: folder.path + "/file")
        #expect(FileProbe(path: folder.path + "/file/x.jsonl").run()[0].level == .failure)
    }
}

/// Does what blocks where nobody waits for its thread.
private func onThread(_ work: @escaping @Sendable () -> [Finding]) async -> [Finding] {
    await withCheckedContinuation { continuation in
        Thread.detachNewThread {
            var all = sigset_t()
            sigfillset(&all)
            pthread_sigmask(SIG_BLOCK, &all, nil)
            continuation.resume(returning: work())
        }
    }
}
