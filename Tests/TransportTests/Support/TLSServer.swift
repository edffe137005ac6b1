import Foundation
import Testing

/// A private CA and a certificate for `127.0.0.1` and `good.example`, made by openssl in a temporary folder.
final class TestCertificates: Sendable {
    let folder: String
    var ca: String { folder + "/ca.pem" }

    init() throws {
        folder = NSTemporaryDirectory() + "transport-tests-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        try openssl(["req", "-x509", "-subj", "/CN=Test CA", "-keyout", "ca.key", "-out", "ca.pem"] + key)
        try openssl(["req", "-subj", "/CN=good.example", "-keyout", "key.pem", "-out", "request.pem"] + key)
        try Data("subjectAltName=IP:127.0.0.1,DNS:good.example\n".utf8).write(
            to: URL(fileURLWithPath: folder + "/names"))
        try openssl([
            "x509", "-req", "-in", "request.pem", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile",
            "names",
            "-out", "cert.pem",
        ])
    }

    deinit {
        try? FileManager.default.removeItem(atPath: folder)
    }

    private func openssl(_ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: folder)
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "openssl \(arguments)")
    }
}

/// `openssl s_server`, which answers every GET with a page about the TLS session.
final class TLSServer: Sendable {
    let port: UInt16
    private let process: Process

    init(_ certificates: TestCertificates, _ options: [String] = []) throws {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        process.arguments =
            ["s_server", "-accept", "127.0.0.1:0", "-cert", "cert.pem", "-key", "key.pem", "-www"] + options
        process.currentDirectoryURL = URL(fileURLWithPath: certificates.folder)
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        self.process = process
        // It says "ACCEPT 127.0.0.1:PORT" when it listens.
        var said = ""
        while !said.contains(/ACCEPT .*\n/) {
            let piece = output.fileHandleForReading.availableData
            guard !piece.isEmpty else { break }
            said += String(decoding: piece, as: UTF8.self)
        }
        let match = try #require(said.firstMatch(of: /ACCEPT .*:(\d+)\n/), "openssl s_server said: \(said)")
        port = try #require(UInt16(match.1))
    }

    func stop() {
        // Not terminate(): the child inherits the signal mask of the thread that started it, and that may block SIGTERM.
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }
}
