import Foundation
import Settings
import Simulating
import Testing

@testable import Forwarding
@testable import twilship

@Suite struct CommandTests {
    @Test func `check says every fault with file, line and column, and exits 78`() async throws {
        try await Workshop.with(SimulatorOptions()) { workshop in
            try workshop.configure(events: "poll_intervall = \"1s\"\npage_size = \"many\"", sink: "colour = 1")
            let outcome = try await workshop.run("check")
            #expect(outcome.code == 78)
            let lines = outcome.complaints.split(separator: "\n")
            #expect(lines.count == 3)
            let pattern = #/twilship\.toml:[0-9]+:[0-9]+: error: /#
            #expect(lines.allSatisfy { $0.contains(pattern) })
            #expect(outcome.complaints.contains("did you mean `poll_interval`?"))
            #expect(outcome.output.isEmpty)
            #expect(try await workshop.run("run").code == 78)
            #expect(try await workshop.run("status").code == 78)
        }
    }

    @Test func `check tells what a right configuration does, and which types a filter matches`() async throws {
        try await Workshop.with(SimulatorOptions()) { workshop in
            try workshop.configure(
                sink: "[sink.filter]\ntypes = [\"account-auth-token.*\", \"user.*\"]\nexclude_types = [\"*.deleted\"]")
            let outcome = try await workshop.run("check")
            #expect(outcome.code == 0, "\(outcome.complaints)")
            #expect(outcome.output.contains("account-auth-token.promoted"))
            #expect(outcome.output.contains("user.created"))
            #expect(!outcome.output.contains("user.deleted"))
        }
    }

    @Test(.enabled(if: getuid() == 0, "another user is needed"))
    func `check names a secret that the caller may not read, and looks at everything else`() async throws {
        try await Workshop.with(SimulatorOptions()) { workshop in
            try workshop.configure()
            let secret = workshop.folder + "/secret"
            let outcome = try await workshop.runAsStranger("check")
            #expect(outcome.code == 0, "\(outcome.complaints)")
            #expect(outcome.complaints.isEmpty)
            let named = "file:\(secret), the secret of the account \"production\"\n"
            #expect(outcome.output.components(separatedBy: named).count == 2, "\(outcome.output)")
            #expect(outcome.output.contains("not looked at, since you may not read it; root's twilship check does:"))
            #expect(!(try await workshop.run("check").output.contains("not looked at")))
            // Faults are faults.
            try FileManager.default.removeItem(atPath: secret)
            #expect(try await workshop.runAsStranger("check").code == 78)
            try workshop.configure(sink: "colour = 1")
            let wrong = try await workshop.runAsStranger("check")
            #expect(wrong.code == 78 && wrong.complaints.contains("colour"), "\(wrong.complaints)")
            // The service needs them.
            try workshop.configure()
            let run = try await workshop.runAsStranger("run")
            #expect(run.code == 78 && run.complaints.contains("\(secret) may not be read by this user"))
        }
    }

    @Test func `check tells what polls need of the rate limit, and when that is too much`() throws {
        #expect(BudgetReport.share == PollPacer.share)
        func lines(_ events: String) throws -> [String] { BudgetReport(try settings(events: events).accounts[0]).lines }
        #expect(
            try lines("") == [
                "monitor.events: polled every 30s, 2 of 240 requests a minute",
                "serverless.logs: each environment polled every 10s, 6 of 240 requests a minute; "
                    + "of more than 24, quiet ones are polled more rarely",
            ])
        let both = try lines(
            "poll_interval = \"1s\"\n[account.alerts]\nenabled = true\n[account.rate_limit]\nrequests_per_second = 1")
        #expect(
            both[0]
                == "monitor.events: polled every 1s, 60 of 60 requests a minute, which events and alerts share; too many: polls will come more rarely"
        )
        #expect(
            both[1].hasPrefix(
                "monitor.alerts: polled every 30s, 2 of 60 requests a minute, which events and alerts share"))
        let found = BudgetReport(try settings(events: "").accounts[0], environments: 25).lines
        #expect(
            found[1]
                == "serverless.logs: 25 environments polled every 10s, 150 of 240 requests a minute; too many: quiet ones are polled more rarely"
        )
        let scoped = try lines("[account.logs.rate_limit]\nscope = \"environment\"")
        #expect(scoped[1].hasSuffix("6 of 240 requests a minute, which each has for itself"))
    }

    @Test func `a configuration that is not there is one clear line`() async throws {
        let outcome = try await Program(["check", "--config", "/nonexistent/twilship.toml"], environment: [:]).outcome()
        #expect(outcome.code == 78)
        #expect(outcome.complaints.hasPrefix("/nonexistent/twilship.toml: error: "))
        #expect(outcome.complaints.split(separator: "\n").count == 1)
    }

    @Test func `the example configuration is what config example prints`() async throws {
        let outcome = try await Program(["config", "example"], environment: [:]).outcome()
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        #expect(
            outcome.output == (try String(contentsOf: root.appending(path: "config/twilship.toml"), encoding: .utf8)))
    }

    @Test func `config show gives a configuration that can be used, without secrets`() async throws {
        try await Workshop.with(SimulatorOptions()) { workshop in
            try workshop.configure()
            let shown = try await workshop.run("config", "show")
            #expect(shown.code == 0)
            #expect(!shown.output.contains(workshop.account.authToken))
            #expect(shown.output.contains("secret = \"file:"))
            try Data(shown.output.utf8).write(to: URL(fileURLWithPath: workshop.configurationPath))
            #expect(try await workshop.run("check").code == 0)
            #expect(try await workshop.run("config", "show").output == shown.output)
        }
    }

    @Test func `status and explain work on a stopped service, and say so where there is none`() async throws {
        var options = SimulatorOptions()
        options.history = 300
        options.requestsPerSecond = 0
        try await Workshop.with(options) { workshop in
            try workshop.configure()
            let before = try await workshop.run("status")
            #expect(before.code == 73)
            #expect(before.complaints.contains("there is no state there yet"))

            #expect(try await workshop.run("run", "--once").code == 0)
            let status = try await workshop.run("status", "--json")
            let report = try #require(
                try JSONSerialization.jsonObject(with: Data(status.output.utf8)) as? [String: Any])
            let stream = try #require((report["streams"] as? [[String: Any]])?.first)
            #expect(stream["state"] as? String == "stopped")
            #expect(stream["collected"] as? Int == 300)
            #expect(stream["dataset"] as? String == "monitor.events")
            let sink = try #require((report["sinks"] as? [[String: Any]])?.first)
            #expect(sink["delivered"] as? Int == 300)
            #expect(sink["backlog"] as? Int == 0)
            let screen = try await workshop.run("status").output
            #expect(screen.split(separator: "\n").allSatisfy { $0.count <= 100 })

            let sid = try #require(workshop.truth().last)
            let explained = try await workshop.run("explain", sid)
            #expect(explained.code == 0)
            #expect(explained.output.contains("sink archive: delivered"))
            let unknown = try await workshop.run("explain", "AE" + String(repeating: "0", count: 32))
            #expect(unknown.code == 1)
            #expect(unknown.complaints.contains("is not known here"))
        }
    }

    @Test(arguments: ["config example", "help"])
    func `a reader that leaves is no fault, and a full disk is one that is told`(_ command: String) async throws {
        func run(_ redirection: String) async throws -> Outcome {
            try await Program(
                ["-c", "set -o pipefail; '\(Program.path)' \(command) \(redirection)"], environment: [:],
                executable: "/bin/bash"
            ).outcome()
        }
        let left = try await run("| head -n 1")
        #expect(left.code == 0, "\(left.complaints)")
        #expect(left.complaints.isEmpty)
        #expect(left.output.split(separator: "\n").count == 1)
        // The parser's own help does not go through `Terminal`.
        guard command != "help" else { return }
        let full = try await run("> /dev/full")
        #expect(full.code == 74)
        #expect(full.complaints.contains("No space left on device"))
    }

    @Test func `wrong usage is exit 64 and says what is right`() async throws {
        for arguments in [
            ["frobnicate"], ["run", "--once", "--until-idle", "3"], ["run", "--timeout", "soon"], ["explain"],
        ] {
            let outcome = try await Program(arguments, environment: [:]).outcome()
            #expect(outcome.code == 64)
            #expect(outcome.complaints.contains("Usage:"))
        }
        let misspelt = try await Program(["stauts", "--json"], environment: [:]).outcome()
        #expect(misspelt.code == 64)
        #expect(misspelt.complaints.contains("There is no command stauts; did you mean \"status\"?"))
        #expect(Twilship.refusal(ofCommand: "dlq") == nil && Twilship.refusal(ofCommand: "--version") == nil)
        let version = try await Program(["--version"], environment: [:]).outcome()
        #expect(version.code == 0)
        #expect(version.output.wholeMatch(of: #/[0-9]+\.[0-9]+\.[0-9]+\n/#) != nil)
    }
}
