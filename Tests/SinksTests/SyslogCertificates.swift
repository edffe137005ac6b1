import Foundation
import Testing
import Transport

/// Private authorities and certificates, made by openssl in a temporary folder.
struct SyslogCertificates {
    let folder: TemporaryFolder

    func path(_ name: String) -> String { folder.path + "/" + name }

    /// What a sink is told that trusts the authority and has a certificate of it.
    var client: ByteStream.TLS {
        ByteStream.TLS(caFile: path("ca.pem"), certificateFile: path("client.pem"), keyFile: path("client.key"))
    }

    init() throws {
        folder = try TemporaryFolder()
        for authority in ["ca", "other"] {
            try openssl([
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                "-subj", "/CN=\(authority)", "-keyout", path("\(authority).key"), "-out", path("\(authority).pem"),
            ])
        }
        try issue("server", by: "ca", names: "DNS:localhost,IP:127.0.0.1,DNS:siem.example")
        try issue("client", by: "ca", names: "DNS:collector.example")
        try issue("stranger", by: "other", names: "DNS:collector.example")
    }

    func issue(_ name: String, by authority: String, names: String, days: Int = 2) throws {
        try Files.write("subjectAltName=\(names)\n", to: path("\(name).ext"))
        try openssl([
            "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj",
            "/CN=\(name).example",
            "-keyout", path("\(name).key"), "-out", path("\(name).csr"),
        ])
        try openssl([
            "x509", "-req", "-in", path("\(name).csr"), "-CA", path("\(authority).pem"), "-CAkey",
            path("\(authority).key"), "-CAcreateserial", "-days", "\(days)", "-extfile", path("\(name).ext"), "-out",
            path("\(name).pem"),
        ])
    }

    private func openssl(_ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/openssl")
        process.arguments = arguments
        process.standardError = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "openssl \(arguments)")
    }
}
