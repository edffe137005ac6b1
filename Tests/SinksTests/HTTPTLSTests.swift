import Foundation
import PipelineCore
import Testing
import Transport

@testable import Sinks

/// Certificates and proxies. The other ends are real `openssl s_server` processes.
@Suite(.timeLimit(.minutes(5))) struct HTTPTLSTests {
    private let certificates: CollectorCertificates

    init() throws { certificates = try CollectorCertificates() }

    @Test func `with an authority and a client certificate of one's own records arrive`() async throws {
        let server = try TLSCollector(certificates, ["-Verify", "1", "-CAfile", "ca.pem", "-verify_return_error"])
        defer { server.stop() }
        let delivery = try await deliver(to: "127.0.0.1", server) {
            $0.caFile = certificates.folder + "/ca.pem"
            $0.certFile = certificates.folder + "/cert.pem"
            $0.keyFile = certificates.folder + "/key.pem"
        }
        #expect(delivery.kind == "accepted")
        #expect(server.said.contains("POST /in HTTP/1.1\r\nHost: 127.0.0.1:\(server.port)\r\n"))
        #expect(server.said.contains(Batch.sample().records[0].text))
    }

    @Test func `a handshake alone tells the certificate, or why there is none, and sends nothing`() throws {
        let server = try TLSCollector(certificates)
        defer { server.stop() }
        let proxy = try Collector { _, _ in .init(407, "who are you") }
        defer { proxy.stop() }
        func handshake(_ change: (inout TransportOptions) -> Void = { _ in }) throws -> PeerCertificate? {
            var options = TransportOptions(userAgent: "twilship/test")
            options.proxy = ""
            options.caFile = certificates.folder + "/ca.pem"
            change(&options)
            let url = try HTTPURL("https://127.0.0.1:\(server.port)/in")
            return try Handshake.certificate(of: url, options, timeout: .seconds(30))
        }
        let certificate = try #require(try handshake())
        #expect(certificate.subject.contains("good.example") && certificate.issuer.contains("Test CA"))
        let dates = try #require(certificate.dates)
        // What openssl gives without being told is 30 days.
        #expect(dates.notAfter - dates.notBefore == 30 * 86_400)
        let stranger = #expect(throws: TransportError.self) { try handshake { $0.caFile = nil } }
        #expect(stranger.map { "\($0)" }?.contains("was refused, nothing was sent") == true)
        let tunnel = #expect(throws: TransportError.self) {
            try handshake { $0.proxy = "http://127.0.0.1:\(proxy.port)" }
        }
        #expect(tunnel.map { "\($0)" }?.contains("the proxy answered 407") == true)
        #expect(!server.said.contains("/in"))
    }

    @Test func `server_name is asked for and checked, and Host stays`() async throws {
        let server = try TLSCollector(
            certificates,
            ["-servername", "good.example", "-servername_fatal", "-cert2", "cert.pem", "-key2", "key.pem"])
        defer { server.stop() }
        let delivery = try await deliver(to: "localhost", server) {
            $0.caFile = certificates.folder + "/ca.pem"
            $0.serverName = "good.example"
            $0.ipVersion = .v4
        }
        #expect(delivery.kind == "accepted")
        #expect(server.said.contains("\r\nHost: localhost:\(server.port)\r\n"))
    }

    @Test func `without the client certificate that is asked for nothing is delivered, and the reason says so`()
        async throws
    {
        let server = try TLSCollector(certificates, ["-Verify", "1", "-CAfile", "ca.pem", "-verify_return_error"])
        defer { server.stop() }
        var delivery = Delivery.accepted()
        // The reset behind the alert may overtake it; then the connection just broke.
        for _ in 0..<20 {
            delivery = try await deliver(to: "127.0.0.1", server) { $0.caFile = certificates.folder + "/ca.pem" }
            guard delivery.kind == "retry" else { break }
        }
        #expect(delivery.kind == "hold")
        #expect(delivery.words.contains("cert_file and key_file"))
    }

    @Test(arguments: ["ca", "cert", "key"])
    func `a file that cannot be read holds the sink`(which: String) async throws {
        let server = try TLSCollector(certificates)
        defer { server.stop() }
        let delivery = try await deliver(to: "127.0.0.1", server) {
            $0.caFile = which == "ca" ? "/nonexistent.pem" : certificates.folder + "/ca.pem"
            if which != "ca" {
                $0.certFile = which == "cert" ? "/nonexistent.pem" : certificates.folder + "/cert.pem"
                $0.keyFile = which == "key" ? "/nonexistent.key" : certificates.folder + "/key.pem"
            }
        }
        #expect(delivery.kind == "hold")
        #expect(delivery.words.contains("[sink.tls]"))
    }

    @Test(arguments: [(407, "hold", "user and password"), (403, "hold", "no_proxy"), (502, "retry", "the proxy")])
    func `a proxy that opens no tunnel is named, and sees no record and no secret`(
        status: Int, kind: String, says: String
    ) async throws {
        let proxy = try Collector { _, _ in .init(status, "who are you") }
        defer { proxy.stop() }
        var options = HTTPSinkOptions(url: try HTTPURL("https://siem.example.com/in"))
        options.authentication = .token(SecretBox("s3cret").secret)
        try await withTransport({ $0.proxy = "http://127.0.0.1:\(proxy.port)" }) { transport in
            let delivery = await (try HTTPSink(options, transport: transport)).deliver(.sample())
            #expect(delivery.kind == kind)
            #expect(delivery.words.contains(says) && delivery.words.contains("siem.example.com:443"))
            let request = try #require(proxy.requests.first)
            #expect(request.method == "CONNECT")
            #expect(request.target == "siem.example.com:443")
            #expect(request.body.isEmpty)
            #expect(!request.headers.contains { $0.value.contains("s3cret") })
        }
    }

    private func deliver(
        to host: String, _ server: TLSCollector, _ change: (inout TransportOptions) -> Void
    ) async throws -> Delivery {
        var options = HTTPSinkOptions(url: try HTTPURL("https://\(host):\(server.port)/in"))
        options.compresses = false
        return try await withTransport(change) { transport in
            await (try HTTPSink(options, transport: transport)).deliver(.sample())
        }
    }
}

/// An authority and a certificate of it for `127.0.0.1` and `good.example`, in a temporary folder.
final class CollectorCertificates: Sendable {
    private let temporary: TemporaryFolder
    var folder: String { temporary.path }

    init() throws {
        temporary = try TemporaryFolder()
        let folder = temporary.path
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        _ = try openssl(
            ["req", "-x509", "-subj", "/CN=Test CA", "-keyout", "ca.key", "-out", "ca.pem"] + key, in: folder)
        _ = try openssl(
            ["req", "-subj", "/CN=good.example", "-keyout", "key.pem", "-out", "request.pem"] + key, in: folder)
        try Data("subjectAltName=IP:127.0.0.1,DNS:good.example\n".utf8).write(to: URL(filePath: folder + "/names"))
        _ = try openssl(
            [
                "x509", "-req", "-in", "request.pem", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
                "-extfile", "names", "-out", "cert.pem",
            ], in: folder)
    }
}

/// `openssl s_server` as a collector that answers 200 to what it is sent first.
final class TLSCollector: Sendable {
    let port: UInt16
    private let process: Process
    private let output = LockedText()

    /// All that openssl printed, with what it was sent among it.
    var said: String { output.text }

    convenience init(_ certificates: CollectorCertificates, _ options: [String] = []) throws {
        try self.init(in: certificates.folder, ["-cert", "cert.pem", "-key", "key.pem"] + options)
    }

    /// - Parameter folder: where the options' files are.
    init(in folder: String, _ options: [String]) throws {
        let process = Process()
        let (input, output) = (Pipe(), Pipe())
        process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        process.arguments = ["s_server", "-accept", "127.0.0.1:0"] + options
        process.currentDirectoryURL = URL(fileURLWithPath: folder)
        process.standardInput = input
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        self.process = process
        var said = ""
        while !said.contains(/ACCEPT .*\n/) {
            let piece = output.fileHandleForReading.availableData
            guard !piece.isEmpty else { break }
            said += String(decoding: piece, as: UTF8.self)
        }
        let match = try #require(said.firstMatch(of: /ACCEPT .*:(\d+)\n/), "openssl s_server said: \(said)")
        port = try #require(UInt16(match.1))
        let text = self.output
        Thread.detachNewThread {
            var hasAnswered = false
            while true {
                let piece = output.fileHandleForReading.availableData
                guard !piece.isEmpty else { return }
                text.append(String(decoding: piece, as: UTF8.self))
                // The batch's last record is the end of the request.
                if !hasAnswered, text.text.contains(#"{"sid":"NO3"}}"#) {
                    hasAnswered = true
                    // In one piece, since a line of its own may be a command to s_server.
                    input.fileHandleForWriting.write(Data("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".utf8))
                }
            }
        }
    }

    func stop() {
        // Not terminate(): the child inherits the signal mask of the thread that started it.
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }
}
