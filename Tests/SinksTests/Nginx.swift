import Foundation
import Testing
import Transport

@testable import Sinks

/// nginx with TLS, which wants a client certificate and logs what it is sent.
final class Nginx: Sendable {
    private static let path = "/usr/sbin/nginx"
    static var isThere: Bool { access(path, X_OK) == 0 }

    let port: Int
    private let certificates: CollectorCertificates
    private let process: Process
    private var folder: String { certificates.folder }

    /// - Parameter bodyLimit: a larger body is refused.
    init(_ certificates: CollectorCertificates, bodyLimit: String = "16k") async throws {
        let (port, folder) = (try FreePort.tcp(), certificates.folder)
        (self.port, self.certificates) = (port, certificates)
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
                    client_max_body_size \#(bodyLimit); client_body_buffer_size \#(bodyLimit);
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

    /// Makes it trusted, and oneself known.
    func trust(_ options: inout TransportOptions) {
        options.caFile = folder + "/ca.pem"
        (options.certFile, options.keyFile) = (folder + "/cert.pem", folder + "/key.pem")
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
