import Controlling
import Foundation
import Simulating
import Testing

@testable import twilship

/// `fetch`, and how commands reach the service.
@Suite(.serialized) struct ControlTests {
    private static func options() -> SimulatorOptions {
        var options = SimulatorOptions()
        options.accounts = 2
        options.history = 200
        options.requestsPerSecond = 0
        return options
    }

    private static let nobody = "AE" + String(repeating: "0", count: 32)

    @Test func `fetch finds a record with a service and without, and says where it looked`() async throws {
        try await Workshop.with(Self.options()) { workshop in
            try workshop.configure(accounts: ["production", "staging"], collections: Workshop.quickEventsAndLogs)
            let event = try #require(workshop.truth(1).last)
            let log = try #require(workshop.truth(0, .logs).first)
            let account = workshop.account
            let service = try #require(account.services.first)

            func check() async throws {
                let found = try await workshop.run("fetch", event, "--json")
                #expect(found.code == 0, "\(found.complaints)")
                #expect(found.complaints.contains("staging monitor.events"))
                let record = try JSONSerialization.jsonObject(with: Data(found.output.utf8)) as? [String: Any]
                #expect(record?["sid"] as? String == event)
                let pretty = try await workshop.run("fetch", event)
                #expect(pretty.output.contains("\n  \"sid\": \"\(event)\""))

                let absent = try await workshop.run("fetch", Self.nobody)
                #expect(absent.code == 69)
                #expect(absent.complaints.contains("production monitor.events, staging monitor.events"))
                let elsewhere = try await workshop.run("fetch", event, "--account", "production")
                #expect(elsewhere.code == 69)

                let unplaced = try await workshop.run("fetch", log)
                #expect(unplaced.code == 69)
                #expect(unplaced.complaints.contains("--service ZS… --environment ZE…"))
                var codes: [Int32] = []
                for environment in service.environments {
                    codes.append(
                        try await workshop.run(
                            "fetch", log, "--service", service.sid, "--environment", environment.sid
                        ).code)
                    let named = try await workshop.run(
                        "fetch", log, "--service", service.uniqueName, "--environment", environment.uniqueName)
                    #expect(named.code == codes.last)
                }
                // It is in one of them.
                #expect(codes.sorted() == [0] + Array(repeating: 69, count: codes.count - 1))

                let misspelt = try await workshop.run("fetch", event, "--account", "stagign")
                #expect(misspelt.code == 64)
                #expect(misspelt.complaints.contains("did you mean \"staging\"?"))
                #expect(try await workshop.run("fetch", "AE1").code == 64)
            }
            try await check()
            #expect(!FileManager.default.fileExists(atPath: workshop.folder + "/state"))
            try await workshop.withService { service in
                try await check()
                #expect(service.said.contains("command=fetch"))
                #expect(service.said.contains("sid=\(event)"))
                #expect(service.said.contains("caller.uid=\(getuid())"))
            }
        }
    }

    @Test func `a refused credential is 77, with the words of Twilio`() async throws {
        try await Workshop.with(Self.options()) { workshop in
            try workshop.configure(accounts: ["production"], collections: Workshop.eventsOnly)
            try Data("wrong".utf8).write(to: URL(fileURLWithPath: workshop.folder + "/secret-production"))
            let refused = try await workshop.run("fetch", Self.nobody)
            #expect(refused.code == 77)
            #expect(refused.complaints.contains("20003"))
        }
    }

    @Test(.enabled(if: getuid() == 0, "another user is needed to be a stranger"))
    func `a stranger is refused with a sentence that says what to do`() async throws {
        try await Workshop.with(Self.options()) { workshop in
            try workshop.configure(accounts: ["production"], collections: Workshop.eventsOnly)
            try await workshop.withService { _ in
                for command in ["fetch", "explain"] {
                    let outcome = try await workshop.runAsStranger(command, Self.nobody)
                    #expect(outcome.code == 77, "\(outcome.complaints)")
                    #expect(outcome.complaints.contains("may not be asked"))
                    #expect(outcome.complaints.contains("group twilship"))
                }
                let status = try await workshop.runAsStranger("status")
                #expect(status.code == 77 && status.complaints.contains("group twilship"), "\(status.complaints)")
            }
            let status = try await workshop.runAsStranger("status")
            #expect(status.code == 77 && status.complaints.contains("use sudo"), "\(status.complaints)")
        }
    }

    @Test(.enabled(if: getuid() == 0, "another user is needed to be a member"))
    func `a member of the group sees the status, and is told when the service is gone`() async throws {
        try await Workshop.with(Self.options()) { workshop in
            try workshop.configure(accounts: ["production"], collections: Workshop.eventsOnly)
            let (program, runtime) = (workshop.folder + "/twilship", workshop.folder + "/run")
            try FileManager.default.copyItem(atPath: Program.path, toPath: program)
            try FileManager.default.createDirectory(atPath: runtime, withIntermediateDirectories: true)
            for path in [workshop.folder, program, workshop.configurationPath, runtime] {
                try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
            }
            let environment = ["RUNTIME_DIRECTORY": runtime]
            func outcome(_ arguments: String...) async throws -> Outcome {
                try await Program(
                    [
                        "--reuid", "65534", "--regid", "65534", "--clear-groups", program, "status", "--config",
                        workshop.configurationPath,
                    ] + arguments, environment: environment,
                    executable: "/usr/bin/setpriv"
                ).outcome()
            }
            let service = try workshop.start(
                ["run", "--config", workshop.configurationPath], environment: environment)
            try await eventually("the socket is there") { FileManager.default.fileExists(atPath: runtime + "/control") }
            #expect(chown(runtime + "/control", 0, 65534) == 0 && chmod(runtime + "/control", 0o660) == 0)
            try await eventually("all is well") { try await outcome("--check").code == 0 }
            let screen = try await outcome()
            #expect(screen.code == 0 && screen.output.contains("production events"), "\(screen)")
            // A question for the status is not worth a line, every two seconds.
            #expect(!service.said.contains("command=status"))
            service.signal(SIGTERM)
            #expect(await service.outcome().code == 0)
            let gone = try await outcome("--check")
            #expect(gone.code == 2 && gone.output.hasPrefix("TWILSHIP CRITICAL - no service runs"), "\(gone)")
            let told = try await outcome()
            #expect(told.code == 77 && told.complaints.contains("no service runs"), "\(told)")
        }
    }

    @Test func `the status is the same through the service`() async throws {
        try await Workshop.with(Self.options()) { workshop in
            try workshop.configure(accounts: ["production"], collections: Workshop.eventsOnly)
            try await workshop.withService { _ in
                let client = ControlClient(path: workshop.folder + "/state/control")
                try await eventually("the stream is there") {
                    var lines: [String] = []
                    let question = StatusQuestion().control
                    let end = try? await client.send(question) { lines.append(CommandVoice.heard($0).1) }
                    // The socket is there a moment before it is listened on.
                    guard let end else { return false }
                    #expect(end.exit == 0)
                    let report =
                        try JSONSerialization.jsonObject(with: Data(lines.joined(separator: "\n").utf8))
                        as? [String: Any]
                    #expect((report?["sinks"] as? [[String: Any]])?.count == 2)
                    return (report?["streams"] as? [[String: Any]])?.count == 1
                }
            }
        }
    }

    @Test func `a service whose socket is gone is named with its process, exit 75`() async throws {
        try await Workshop.with(Self.options()) { workshop in
            try workshop.configure(accounts: ["production"], collections: Workshop.eventsOnly)
            try await workshop.withService { _ in
                try FileManager.default.removeItem(atPath: workshop.folder + "/state/control")
                let outcome = try await workshop.run("backfill", "--from", "6d")
                #expect(outcome.code == 75)
                #expect(outcome.complaints.contains("in use by another twilship (process "))
                #expect(outcome.complaints.contains("control socket cannot be reached"))
                // What needs no state works all the same.
                #expect(try await workshop.run("fetch", try #require(workshop.truth().last)).code == 0)
            }
        }
    }
}
