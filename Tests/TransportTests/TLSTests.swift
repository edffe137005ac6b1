import Foundation
import Testing
import Transport

/// Whom the transport trusts. The servers are real `openssl s_server` processes.
@Suite(.timeLimit(.minutes(10))) struct TLSTests {
    private let certificates: TestCertificates

    init() throws {
        certificates = try TestCertificates()
    }

    @Test func `a peer whose certificate a trusted CA has signed is spoken to`() async throws {
        let server = try TLSServer(certificates)
        defer { server.stop() }
        let response = try await withTransport({ $0.caFile = certificates.ca }) {
            try await $0.send(get("127.0.0.1", server))
        }
        #expect(response.status == 200)
        #expect(String(decoding: response.body, as: UTF8.self).contains("TLSv1.3"))
    }

    @Test func `a certificate of an unknown CA is refused, and the error says why`() async throws {
        let server = try TLSServer(certificates)
        defer { server.stop() }
        let error = try await failure(of: get("127.0.0.1", server))
        guard case .certificateRefused(let context) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(context.detail.contains("unable to get local issuer certificate"))
        #expect(error?.isTransient == false)
    }

    @Test func `a certificate for another host is refused`() async throws {
        let server = try TLSServer(certificates)
        defer { server.stop() }
        let error = try await failure(of: get("localhost", server)) {
            $0.caFile = certificates.ca
            $0.ipVersion = .v4
        }
        guard case .certificateRefused = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test func `the system's CAs are not trusted beside a CA file`() async throws {
        let server = try TLSServer(certificates)
        defer { server.stop() }
        let error = try await failure(of: get("127.0.0.1", server)) { $0.caFile = "/etc/ssl/certs/ca-certificates.crt" }
        guard case .certificateRefused = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test func `TLS 1 point 1 is refused and 1 point 2 is taken`() async throws {
        let old = try TLSServer(certificates, ["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"])
        defer { old.stop() }
        let error = try await failure(of: get("127.0.0.1", old)) { $0.caFile = certificates.ca }
        guard case .tlsFailed = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        let current = try TLSServer(certificates, ["-tls1_2"])
        defer { current.stop() }
        let response = try await withTransport({ $0.caFile = certificates.ca }) {
            try await $0.send(get("127.0.0.1", current))
        }
        #expect(String(decoding: response.body, as: UTF8.self).contains("TLSv1.2"))
    }

    @Test func `a client certificate is presented`() async throws {
        let server = try TLSServer(certificates, ["-Verify", "1", "-CAfile", "ca.pem", "-verify_return_error"])
        defer { server.stop() }
        let response = try await withTransport({
            $0.caFile = certificates.ca
            $0.certFile = certificates.folder + "/cert.pem"
            $0.keyFile = certificates.folder + "/key.pem"
        }) { try await $0.send(get("127.0.0.1", server)) }
        #expect(String(decoding: response.body, as: UTF8.self).contains("good.example"))
        #expect(try await failure(of: get("127.0.0.1", server)) { $0.caFile = certificates.ca } != nil)
    }

    @Test func `the certificate may have another name than the host, if that name is given`() async throws {
        let server = try TLSServer(certificates)
        defer { server.stop() }
        let response = try await withTransport({
            $0.caFile = certificates.ca
            $0.serverName = "good.example"
            $0.ipVersion = .v4
        }) { try await $0.send(get("localhost", server)) }
        #expect(response.status == 200)
        let error = try await failure(of: get("127.0.0.1", server)) {
            $0.caFile = certificates.ca
            $0.serverName = "bad.example"
        }
        guard case .certificateRefused(let context) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(context.target == "127.0.0.1:\(server.port)")
    }

    @Test func `a CA file that was put right is believed at once`() async throws {
        let server = try TLSServer(certificates)
        defer { server.stop() }
        let file = certificates.folder + "/changing.pem"
        let others = try TestCertificates()
        try FileManager.default.copyItem(atPath: others.ca, toPath: file)
        try await withTransport({ $0.caFile = file }) { transport in
            await #expect(throws: TransportError.self) { try await transport.send(get("127.0.0.1", server)) }
            try Data(contentsOf: URL(filePath: certificates.ca)).write(to: URL(filePath: file))
            let response = try await transport.send(get("127.0.0.1", server))
            #expect(response.status == 200)
        }
    }

    @Test func `a CA file that cannot be read is a matter of this host`() async throws {
        let server = try TLSServer(certificates)
        defer { server.stop() }
        let error = try await failure(of: get("127.0.0.1", server)) { $0.caFile = "/nonexistent.pem" }
        guard case .badLocalSetup = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    private func get(_ host: String, _ server: TLSServer) throws -> HTTPRequest {
        HTTPRequest(.get, try HTTPURL("https://\(host):\(server.port)/"))
    }
}
