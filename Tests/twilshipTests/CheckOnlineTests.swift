import Foundation
import PipelineCore
import Simulating
import Testing

@testable import Settings
@testable import Sinks
@testable import twilship

/// The real program's `check --online`.
@Suite struct CheckOnlineTests {
    private static func sink(_ name: String, port: UInt16, _ more: String = "", type: String = "http") -> String {
        """
        [[sink]]
        name = "\(name)"
        type = "\(type)"
        \(type == "http" ? "url = \"http://127.0.0.1:\(port)/in\"" : "address = \"127.0.0.1:\(port)\"")
        \(more)

        """
    }

    @Test func `everything that works is told, and the command ends well`() async throws {
        try await Workshop.with(SimulatorOptions()) { workshop in
            try workshop.configure()
            let outcome = try await workshop.run("check", "--online")
            #expect(outcome.code == 0, "\(outcome.output) \(outcome.complaints)")
            #expect(outcome.output.contains("    ok: monitor.events: \(workshop.account.sid) may read it\n"))
            #expect(outcome.output.contains("/out: can be made in "))
            #expect(!FileManager.default.fileExists(atPath: workshop.outputFolder))
            #expect(!FileManager.default.fileExists(atPath: workshop.folder + "/state"))
            #expect(try await workshop.run("check", "--send-test").code == 64)
        }
    }

    @Test func `a credential that Twilio refuses is told with what it lacks, and exits 77`() async throws {
        try await Workshop.with(SimulatorOptions()) { workshop in
            try workshop.configure()
            let secret = URL(fileURLWithPath: workshop.folder + "/secret")
            try Data("0123456789abcdef0123456789abcdef".utf8).write(to: secret)
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: secret.path)
            let outcome = try await workshop.run("check", "--online")
            #expect(outcome.code == 77, "\(outcome.output)")
            #expect(outcome.output.contains("    refused: monitor.events: \(workshop.account.sid) may not read it: "))
            #expect(!outcome.output.contains("0123456789abcdef0123456789abcdef"))
        }
    }

    @Test func `environments are counted against the rate limit, and the last hour tells what a day will read`()
        async throws
    {
        var options = SimulatorOptions()
        options.history = 2400
        options.historySpan = .seconds(86_400)
        options.services = 2
        options.environments = 3
        try await Workshop.with(options) { workshop in
            try workshop.configure(
                events: "max_reads_per_day = 1000",
                logs: "base_url = \"\(workshop.simulator.url)\"\n[account.logs.rate_limit]\nrequests_per_second = 1")
            let outcome = try await workshop.run("check", "--online")
            #expect(outcome.code == 0, "\(outcome.output)")
            #expect(
                outcome.output.contains(
                    "serverless.logs: 6 environments polled every 10s, 36 of 60 requests a minute\n"))
            #expect(outcome.output.contains("may read it; 6 environments in 2 services, 4 with a build\n"))
            let reads = try #require(
                outcome.output.firstMatch(
                    of:
                        #/warning: monitor.events: about ([0-9]+) records in the last hour, each read up to 7 times: at most about ([0-9]+) reads a day, of max_reads_per_day = 1000; too few/#
                ), "\(outcome.output)")
            let (hourly, daily) = (Int(reads.output.1) ?? 0, Int(reads.output.2) ?? 0)
            #expect((50...150).contains(hourly) && daily == hourly * 24 * 7)
            #expect(outcome.output.contains("note: serverless.logs: about "))
        }
    }

    @Test func `a key of another account than the configuration names is told`() async throws {
        var options = SimulatorOptions()
        options.accounts = 2
        options.history = 10
        try await Workshop.with(options) { workshop in
            let (own, other) = (workshop.simulator.twilio.accounts[0], workshop.simulator.twilio.accounts[1])
            try workshop.configure(account: "key_sid = \"\(other.keySID)\"")
            let secret = URL(fileURLWithPath: workshop.folder + "/secret")
            try Data(other.keySecret.utf8).write(to: secret)
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: secret.path)
            let outcome = try await workshop.run("check", "--online")
            #expect(outcome.code == 69)
            #expect(
                outcome.output.contains("\(other.keySID) reads account \(other.sid), and account_sid is \(own.sid)"))
        }
    }

    @Test func `what fails exits 69, beside a server that hangs, in time`() async throws {
        let (silent, port) = try WebServer.listen()
        defer { close(silent) }
        let (gone, dead) = try WebServer.listen()
        close(gone)
        try await Workshop.with(SimulatorOptions()) { workshop in
            try workshop.configure(
                sink: Self.sink("dead", port: dead, "transport = \"tcp\"", type: "syslog")
                    + Self.sink("silent", port: port, "transport = \"relp\"", type: "syslog"))
            let begin = ContinuousClock.now
            let outcome = try await workshop.run("check", "--online")
            #expect(outcome.code == 69)
            #expect(.now - begin < .seconds(30))
            #expect(outcome.output.contains("    failed: could not connect to 127.0.0.1:\(dead)"))
            #expect(outcome.output.contains("127.0.0.1:\(port): does not answer as RELP does"))
            #expect(outcome.output.contains("global(maxMessageSize=\"64k\")"))
            #expect(outcome.output.contains("as rsyslog does unless it is told (8096)"))
        }
    }

    @Test func `a webhook gets nothing, and with --send-test one record that says what it is`() async throws {
        let server = try WebServer(refusing: 0, token: "t0ken-of-ours")
        defer { server.stop() }
        try await Workshop.with(SimulatorOptions()) { workshop in
            let token = workshop.folder + "/token"
            try Data("t0ken-of-ours".utf8).write(to: URL(fileURLWithPath: token))
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: token)
            try workshop.configure(
                sink: Self.sink("hook", port: server.port, "token = \"file:\(token)\"\ncompression = \"none\""))
            let quiet = try await workshop.run("check", "--online")
            #expect(quiet.code == 0, "\(quiet.output)")
            #expect(server.statuses.isEmpty)
            #expect(quiet.output.contains("--send-test"))
            let loud = try await workshop.run("check", "--online", "--send-test")
            #expect(loud.code == 0, "\(loud.output)")
            #expect(server.lines.count == 1)
            #expect(server.lines.first?.contains(#""type":"twilship.test""#) == true)
            #expect(loud.output.contains("was acknowledged: look for it there"))
            #expect(!(quiet.output + loud.output).contains("t0ken"))

            try Data("another".utf8).write(to: URL(fileURLWithPath: token))
            let refused = try await workshop.run("check", "--online", "--send-test")
            #expect(refused.code == 69)
            #expect(refused.output.contains("was not taken: http://127.0.0.1:\(server.port)/in answered 401"))
        }
    }

    @Test(arguments: ["envelope", "raw", "ecs", "ocsf", "cef"], [1_408, 8_192, 65_000])
    func `the test record says how long its message is, and ends with its mark`(
        format: String, limit: Int
    ) throws {
        let text = """
            [[account]]
            name = "a"
            account_sid = "AC0123456789abcdef0123456789abcdef"
            secret = "env:HOME"

            [[sink]]
            name = "siem"
            type = "syslog"
            address = "siem.example:6514"
            max_message_bytes = \(limit)
            format = "\(format)"
            """
        let path = NSTemporaryDirectory() + "twilship-\(UUID().uuidString).toml"
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        let sink = try SettingsFile.load(path: path, environment: [:], resolveSecrets: false).sinks[0]
        guard case .syslog(let settings) = sink.kind else { return }
        let (record, bytes) = TestRecord(for: sink, at: SystemClock().wallNow).made()
        var message: [UInt8] = []
        var frames = SyslogEncoder.Frames()
        let isShortened = SyslogEncoder(SyslogSinkOptions(settings, format: sink.recordFormat).message)
            .append(record, to: &message, &frames)
        #expect(bytes == message.count)
        // CEF bounds its message; the raw facts hold none.
        if format == "envelope" || format == "ocsf" || format == "ecs" {
            let said = String(decoding: message, as: UTF8.self)
            #expect(!isShortened && said.contains(TestRecord.end) && said.contains("has \(message.count) bytes"))
            #expect(message.count == limit)
        } else {
            #expect(message.count <= limit)
        }
    }
}
