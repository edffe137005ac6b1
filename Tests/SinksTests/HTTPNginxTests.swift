import Foundation
import PipelineCore
import Testing
import Transport

@testable import Sinks

/// nginx as it comes from Debian, which wants a client certificate and hands records on to what is behind it.
@Suite(.timeLimit(.minutes(5)), .enabled(if: Nginx.isThere, "nginx is not installed")) struct HTTPNginxTests {
    private let certificates: CollectorCertificates
    private let nginx: Nginx

    init() async throws {
        certificates = try CollectorCertificates()
        nginx = try await Nginx(certificates)
    }

    @Test func `with a client certificate records arrive whole, and a batch that is too large is said to be`()
        async throws
    {
        defer { nginx.stop() }
        let batch = Batch.sample(1...3, key: "batch-7")
        let delivery = try await deliver(batch)
        #expect(delivery.kind == "accepted")
        let request = try #require(try nginx.requests().last)
        #expect(request["status"] == "200" && request["key"] == "batch-7")
        #expect(request["client"] == "CN=good.example")
        let lines = request["body"]?.split(separator: "\n").map(String.init)
        #expect(lines == batch.records.map { $0.text.trimmingCharacters(in: .newlines) })
        let large = try await deliver(Batch.sample(1...1000))
        #expect(large.kind == "split" && large.words.contains("413"))
    }

    @Test func `without a client certificate the sink is held, and no record is blamed`() async throws {
        defer { nginx.stop() }
        let delivery = try await deliver(.sample()) { ($0.certFile, $0.keyFile) = (nil, nil) }
        #expect(delivery.kind == "hold")
        #expect(delivery.words.contains("answered 400") && delivery.words.contains("cert_file and key_file"))
        #expect(try nginx.requests().map { $0["body"] } == [""])
    }

    @Test func `what is behind it may be gone for a while`() async throws {
        defer { nginx.stop() }
        let delivery = try await deliver(.sample(), path: "/gone")
        #expect(delivery.kind == "fault" && delivery.words.contains("answered 502"))
    }

    private func deliver(
        _ batch: Batch, path: String = "/in", _ change: (inout TransportOptions) -> Void = { _ in }
    ) async throws -> Delivery {
        var options = HTTPSinkOptions(url: try HTTPURL("https://127.0.0.1:\(nginx.port)\(path)"))
        options.compresses = false
        let folder = certificates.folder
        return try await withTransport {
            ($0.caFile, $0.certFile, $0.keyFile) = (folder + "/ca.pem", folder + "/cert.pem", folder + "/key.pem")
            change(&$0)
        } _: { transport in
            await (try HTTPSink(options, transport: transport)).deliver(batch)
        }
    }
}

private final class Nginx: Sendable {
    private static let path = "/usr/sbin/nginx"
    static var isThere: Bool { access(path, X_OK) == 0 }

    let port: Int
    private let folder: String
    private let process: Process

    init(_ certificates: CollectorCertificates) async throws {
        let (port, folder) = (try FreePort.tcp(), certificates.folder)
        (self.port, self.folder) = (port, folder)
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map { "\($0)_temp_path \(folder)/\($0);" }.joined(separator: " ")
        let configuration = #"""
            daemon off; master_process off; pid \#(folder)/nginx.pid; error_log stderr;
            events {}
            http {
                \#(temporary)
                log_format requests escape=json '{"status":"$status","key":"$http_idempotency_key","client":"$ssl_client_s_dn","body":"$request_body"}';
                server {
                    listen 127.0.0.1:\#(port) ssl;
                    ssl_certificate \#(folder)/cert.pem; ssl_certificate_key \#(folder)/key.pem;
                    ssl_client_certificate \#(folder)/ca.pem; ssl_verify_client on;
                    client_max_body_size 16k; client_body_buffer_size 16k;
                    access_log \#(folder)/requests requests;
                    location /in { proxy_pass http://unix:\#(folder)/behind:/; }
                    location /gone { proxy_pass http://unix:\#(folder)/nobody:/; }
                }
                server { listen unix:\#(folder)/behind; access_log off; return 200; }
            }
            """#
        try Files.write(configuration, to: folder + "/nginx.conf")
        let process = Process()
        process.executableURL = URL(filePath: Self.path)
        process.arguments = ["-p", folder, "-c", folder + "/nginx.conf"]
        process.standardError = FileHandle.nullDevice
        try SyslogReceiver.run(process)
        self.process = process
        try await eventually("nginx did not start") { FreePort.isTaken(port, "tcp") }
    }

    /// What it has logged, a line for each request.
    func requests() throws -> [[String: String]] {
        try String(contentsOfFile: folder + "/requests", encoding: .utf8).split(separator: "\n").map {
            try JSONDecoder().decode([String: String].self, from: Data($0.utf8))
        }
    }

    func stop() {
        process.terminate()
        process.waitUntilExit()
    }
}
