import Foundation
import Glibc
import Settings
import Simulating
import Testing

@testable import twilship

/// The real program's `init`, at a terminal and by options.
@Suite(.serialized) struct InitTests {
    private static func options() -> SimulatorOptions {
        var options = SimulatorOptions()
        options.history = 40
        options.requestsPerSecond = 0
        return options
    }

    /// At a terminal, with a simulator and nothing else.
    private static func atTerminal(
        _ arguments: [String] = [], url: String? = nil, _ body: (Workshop, TerminalProgram) async throws -> Void
    ) async throws {
        try await Workshop.with(options()) { workshop in
            let program = try TerminalProgram(
                ["init", "--config", workshop.configurationPath, "--base-url", url ?? workshop.simulator.url]
                    + arguments)
            defer { program.close() }
            try await body(workshop, program)
        }
    }

    private static func mode(_ path: String) throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        return try #require(attributes[.posixPermissions] as? Int)
    }

    private static func contents(_ workshop: Workshop) throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: workshop.folder).sorted()
    }

    // MARK: - At a terminal

    @Test func `whoever answers gets a configuration that collects, and no secret is shown`() async throws {
        try await Self.atTerminal { workshop, program in
            let account = workshop.account
            try await program.answer("A label for the account [production]: ", "")
            try await program.answer("Account SID", "AC12")
            try await program.expect("is no account SID")
            try await program.answer("Account SID", account.sid)
            try await program.answer("API key SID", account.keySID)
            try await program.expect("Secret of \(account.keySID) (not shown): ")
            #expect(!program.echoes)
            program.type(account.keySecret + "\n")
            try await program.answer("Collect alerts", "y")
            try await program.expect("monitor.events: \(account.keySID) may read it")
            let service = account.services[0]
            try await program.expect("\(service.uniqueName): ")
            try await program.answer("Where do records go?", "file")
            try await program.answer("Path", workshop.outputFolder + "/{account}.jsonl")
            try await program.answer("Directory of the spool", "")
            #expect(try Self.contents(workshop).isEmpty)
            try await program.answer("Is that right? [Y/n]", "y")
            #expect(await program.exitCode() == 0)
            #expect(program.echoes)
            #expect(!program.shown.contains(account.keySecret))

            let secret = workshop.folder + "/credentials/production"
            #expect(try Self.mode(secret) == 0o600)
            #expect(try Self.mode(workshop.folder + "/credentials") == 0o700)
            #expect(try Self.mode(workshop.configurationPath) == 0o640)
            #expect(try String(contentsOfFile: secret, encoding: .utf8) == account.keySecret)
            #expect(try Self.contents(workshop) == ["credentials", "credentials/production", "twilship.toml"])
            let text = try String(contentsOfFile: workshop.configurationPath, encoding: .utf8)
            #expect(text.contains("secret = \"file:\(secret)\"") && !text.contains(account.keySecret))
            let outcome = try await workshop.run("run", "--once")
            #expect(outcome.code == 0, "\(outcome.complaints)")
            #expect(try workshop.deliveredLines() >= 40)
        }
    }

    @Test func `a secret that is refused is asked for again, and a Restricted key gets another for logs`() async throws
    {
        try await Self.atTerminal(["--name", "prod", "--sink", "file", "--state-directory", "/tmp/state"]) {
            workshop, program in
            let account = workshop.account
            try await program.answer("Account SID", account.sid)
            try await program.answer("API key SID", account.keySID)
            try await program.answer("(not shown): ", String(repeating: "0", count: 32))
            try await program.answer("Collect alerts", "")
            try await program.expect("refused: monitor.events")
            try await program.answer("Account SID (AC..., on the console's first page) [\(account.sid)]: ", "")
            try await program.answer("[\(account.keySID)]: ", account.restrictedKeySID)
            try await program.answer("(not shown): ", account.restrictedKeySecret)
            try await program.expect("ok: monitor.events")
            try await program.expect("refused: serverless.logs")
            try await program.answer("SID of a Standard key for function logs", account.keySID)
            try await program.answer("Secret of \(account.keySID) (not shown): ", account.keySecret)
            try await program.expect("ok: serverless.logs")
            try await program.answer("Path", "")
            try await program.answer("Is that right?", "")
            #expect(await program.exitCode() == 0)
            let settings = try SettingsFile.load(
                path: workshop.configurationPath, environment: [:], resolveSecrets: true)
            let credential = settings.accounts[0].logs.credential
            #expect(credential.keySID == account.keySID)
            #expect(try credential.secret.resolve(environment: [:]) == Secret(account.keySecret))
            #expect(settings.accounts[0].credential.keySID == account.restrictedKeySID)
        }
    }

    @Test(arguments: [("\u{3}", 130), ("\u{4}", 1)])
    func `Ctrl-C and Ctrl-D where the secret is typed leave nothing behind, and what is typed is shown again`(
        _ key: String, _ code: Int
    ) async throws {
        try await Self.atTerminal { workshop, program in
            try await program.answer("A label", "")
            try await program.answer("Account SID", workshop.account.sid)
            try await program.answer("API key SID", "none")
            try await program.expect("Auth token of \(workshop.account.sid) (not shown): ")
            #expect(!program.echoes)
            program.type(key)
            #expect(await program.exitCode() == Int32(code))
            try await program.expect("Nothing was written.")
            #expect(program.echoes)
            #expect(try Self.contents(workshop).isEmpty)
        }
    }

    @Test(arguments: [SIGTERM, SIGQUIT, SIGHUP])
    func `a signal from elsewhere has what is typed shown again, too`(_ signal: Int32) async throws {
        try await Self.atTerminal(["--name", "a", "--account-sid", "AC" + String(repeating: "1", count: 32)]) {
            workshop, program in
            try await program.answer("API key SID", "none")
            try await program.expect("(not shown): ")
            try program.signal(signal)
            #expect(await program.exitCode() == 128 + signal)
            #expect(program.echoes)
            #expect(try Self.contents(workshop).isEmpty)
        }
    }

    @Test func `a host that cannot be reached is said, and what was answered can be kept or tried again`() async throws
    {
        let (listener, port) = try WebServer.listen()
        close(listener)
        try await Self.atTerminal(["--sink", "file"], url: "http://127.0.0.1:\(port)") { workshop, program in
            try await program.answer("A label", "")
            try await program.answer("Account SID", workshop.account.sid)
            try await program.answer("API key SID", "none")
            try await program.answer("(not shown): ", "0123")
            try await program.answer("Collect alerts", "n")
            try await program.expect("could not connect to 127.0.0.1:\(port)")
            try await program.expect("Twilio could not be asked")
            try await program.answer("What now?", "go")
            try await program.answer("Path", "relative")
            try await program.expect("must be an absolute path")
            program.type("\u{3}")
            #expect(await program.exitCode() == 130)
            #expect(try Self.contents(workshop).isEmpty)
        }
    }

    // MARK: - By options

    private static func arguments(_ workshop: Workshop, _ more: String...) -> [String] {
        [
            "init", "--yes", "--config", workshop.configurationPath, "--base-url", workshop.simulator.url,
            "--account-sid", workshop.account.sid, "--key-sid", workshop.account.keySID, "--secret-env",
            "TWILIO_SECRET",
        ] + more
    }

    private static func run(_ arguments: [String], secret: String) async throws -> Outcome {
        try await Program(arguments, environment: ["TWILIO_SECRET": secret]).outcome()
    }

    @Test func `by options alone a webhook is set up and tried, and what is there stays until it is told`() async throws
    {
        let server = try WebServer(refusing: 0, token: "t0ken-of-ours")
        defer { server.stop() }
        try await Workshop.with(Self.options()) { workshop in
            let token = workshop.folder + "/token"
            try Data("t0ken-of-ours\n".utf8).write(to: URL(fileURLWithPath: token))
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: token)
            let sink = [
                "--sink", "http", "--url", "http://127.0.0.1:\(server.port)/in", "--token-file", token, "--send-test",
                "--state-directory", workshop.folder + "/state",
            ]
            let secret = workshop.account.keySecret
            let outcome = try await Self.run(Self.arguments(workshop) + sink, secret: secret)
            #expect(outcome.code == 0, "\(outcome.complaints)")
            #expect(!(outcome.complaints + outcome.output).contains(secret))
            #expect(server.statuses == [200] || server.lines.count == 1)
            #expect(outcome.output.contains("twilship run --once --config \(workshop.configurationPath)"))
            #expect(try await workshop.run("check", "--online").code == 0)

            let before = try Data(contentsOf: URL(fileURLWithPath: workshop.configurationPath))
            let again = try await Self.run(Self.arguments(workshop, "--sink", "file"), secret: secret)
            #expect(again.code == 73)
            #expect(again.complaints.contains("--overwrite"))
            #expect(try Data(contentsOf: URL(fileURLWithPath: workshop.configurationPath)) == before)

            // A link is replaced itself: what it points to is somebody else's.
            let elsewhere = workshop.folder + "/elsewhere"
            try before.write(to: URL(fileURLWithPath: elsewhere))
            #expect(unlink(workshop.configurationPath) == 0)
            #expect(symlink(elsewhere, workshop.configurationPath) == 0)
            let told = try await Self.run(
                Self.arguments(workshop, "--sink", "file", "--overwrite", "--store", "in-place"), secret: secret)
            #expect(told.code == 0, "\(told.complaints)")
            #expect(try Data(contentsOf: URL(fileURLWithPath: elsewhere)) == before)
            let text = try String(contentsOfFile: workshop.configurationPath, encoding: .utf8)
            #expect(text.contains("secret = \"env:TWILIO_SECRET\""))
            #expect(try !Self.contents(workshop).contains { $0.contains(".twilship") })
        }
    }

    @Test func `what is wrong with options is said with what to do, and nothing is written`() async throws {
        try await Workshop.with(Self.options()) { workshop in
            let account = workshop.account
            func expect(
                _ code: Int32, _ sentence: String, secret: String = account.keySecret, _ arguments: [String]
            ) async throws {
                let outcome = try await Self.run(arguments, secret: secret)
                #expect(outcome.code == code, "\(arguments): \(outcome.complaints)")
                let said = outcome.complaints.split(whereSeparator: \.isWhitespace).joined(separator: " ")
                #expect(said.contains(sentence), "\(arguments): \(said)")
                #expect(!said.contains(secret))
                #expect(try Self.contents(workshop).isEmpty)
            }
            let file = ["--sink", "file"]
            try await expect(
                64, "give also --account-sid, --key-sid or --auth-token, --secret-file or --secret-env, --sink",
                ["init", "--config", workshop.configurationPath])
            try await expect(
                64, "--address: `address`", Self.arguments(workshop, "--sink", "syslog", "--address", "no port"))
            try await expect(64, "--path goes with --sink file", Self.arguments(workshop, "--path", "/x"))
            try await expect(77, "Twilio refuses this key", secret: "of-another", Self.arguments(workshop) + file)
            try await expect(
                77, "leave them out with --no-logs", secret: account.restrictedKeySecret,
                Self.arguments(workshop).map { $0 == account.keySID ? account.restrictedKeySID : $0 } + file)
            try await expect(
                78, "which is \(account.sid)",
                Self.arguments(workshop).map {
                    $0 == account.sid ? "AC" + String(repeating: "9", count: 32) : $0
                } + file)
            let (listener, port) = try WebServer.listen()
            close(listener)
            try await expect(
                69, "--no-try writes the configuration without",
                Self.arguments(workshop).map { $0 == workshop.simulator.url ? "http://127.0.0.1:\(port)" : $0 } + file)
            try await expect(
                69, "the sink does not work",
                Self.arguments(workshop, "--sink", "syslog", "--transport", "tcp", "--address", "127.0.0.1:\(port)"))
            try await expect(
                78, "the environment variable NOWHERE is not set",
                Self.arguments(workshop).map { $0 == "TWILIO_SECRET" ? "NOWHERE" : $0 } + file)
        }
    }

    // MARK: - What is written

    @Test func `whatever was answered, the configuration is one that is accepted`() throws {
        let sinks: [Draft.Sink] = [
            .file(path: "/srv/a \"b\"/{account}.jsonl"),
            .syslog(transport: "tls", address: "siem.example.com:6514", caFile: nil),
            .syslog(transport: "relp+tls", address: "siem.example.com:2514", caFile: "/etc/ssl/ca.pem"),
            .syslog(transport: "udp", address: "[::1]:514", caFile: nil),
            .syslog(transport: "unix", address: "/dev/log", caFile: nil),
            .http(preset: "generic", url: "https://siem.example.com/in", hasToken: false, caFile: nil),
            .http(preset: "splunk_hec", url: "https://splunk.example.com:8088", hasToken: true, caFile: "/ca.pem"),
            .http(preset: "elastic_bulk", url: "http://127.0.0.1:9200", hasToken: true, caFile: nil),
        ]
        for sink in sinks {
            for (name, logsKey, collectsLogs) in [
                ("prod", nil, true), ("Größe \"1\"/x", "SK", true), ("..", nil, false),
            ] {
                var draft = Draft(sink: sink)
                draft.name = name
                draft.accountSID = "AC" + String(repeating: "0", count: 32)
                draft.keySID = "SK" + String(repeating: "1", count: 32)
                draft.logsKeySID = logsKey.map { $0 + String(repeating: "2", count: 32) }
                draft.collectsLogs = collectsLogs
                draft.stateDirectory = "/srv/state"
                let store = SecretStore(.credstore, beside: "/etc/twilship/twilship.toml", group: nil)
                let settings = try draft.resolved { store.reference(draft.secretName($0)) }
                #expect(settings.accounts[0].name == name)
                #expect(settings.accounts[0].logs.enabled == collectsLogs)
                #expect(settings.state.directory == "/srv/state")
                // What was written is read back the same, so the names of secrets are good, too.
                let references = draft.secretsInUse.map { "\(store.reference(draft.secretName($0)))" }
                #expect(Set(references).count == references.count)
                for reference in references { #expect(settings.rendered().contains("\"\(reference)\"")) }
            }
        }
    }

    @Test func `what the written configuration shows as defaults are the defaults`() throws {
        for sink: Draft.Sink in [
            .file(path: "/srv/{account}.jsonl"), .syslog(transport: "udp", address: "[::1]:514", caFile: nil),
            .syslog(transport: "relp", address: "[::1]:514", caFile: nil),
        ] {
            var draft = Draft(sink: sink)
            draft.accountSID = "AC" + String(repeating: "0", count: 32)
            let text = draft.text { _ in .environment("SECRET") }
            var shown = 0
            let lines = text.components(separatedBy: "\n").map { line in
                // This one shows what else there is.
                guard line.contains(#/^#[a-z_]+ = /#), !line.contains("subaccounts") else { return line }
                shown += 1
                return String(line.dropFirst())
            }
            #expect(shown > 6)
            func rendered(_ text: String) throws -> String {
                try SettingsFile.load(text: Array(text.utf8), named: "init").rendered()
            }
            #expect(try rendered(lines.joined(separator: "\n")) == rendered(text))
        }
    }

    @Test func `what is to be done next hands secrets to the unit, also of an instance`() throws {
        var draft = Draft(sink: .http(preset: "splunk_hec", url: "https://a.example", hasToken: true, caFile: nil))
        draft.name = "production"
        func steps(_ path: String, _ kind: SecretStore.Kind) -> String {
            let place = ConfigurationPlace(path)
            return Beginning.nextSteps(place, draft, SecretStore(kind, beside: path, group: nil)).joined(
                separator: "\n")
        }
        let own = steps("/etc/twilship/twilship.toml", .credstore)
        let dropIn =
            "LoadCredential=production LoadCredential=splunk > /etc/systemd/system/twilship.service.d/init.conf"
        #expect(own.contains("'[Service]' " + dropIn))
        #expect(own.hasSuffix("systemctl daemon-reload\nsystemctl enable --now twilship\ntwilship status"))
        let instance = steps("/etc/twilship/eu.toml", .encrypted)
        #expect(instance.contains("LoadCredentialEncrypted=production"))
        #expect(instance.contains("/etc/systemd/system/twilship@eu.service.d"))
        #expect(instance.contains("STATE_DIRECTORY=/var/lib/twilship-eu"))
        draft.sink = .file(path: "/srv/audit logs/{account}.jsonl")
        let file = steps("/etc/twilship/twilship.toml", .files)
        #expect(!file.contains("LoadCredential"))
        #expect(file.contains("install -d -m 0750 -o twilship -g twilship '/srv/audit logs'"))
        draft.sink = .file(path: "/var/log/{account}.jsonl")
        let shared = steps("/etc/twilship/twilship.toml", .files)
        #expect(shared.contains("ReadWritePaths=") && !shared.contains("-o twilship"))
        #expect(file.contains("'ReadWritePaths=\"/srv/audit logs\"'"))
    }

    @Test(.enabled(if: SecretStore.canEncrypt))
    func `an encrypted secret is one that systemd can read`() throws {
        let file = try SecretStore(.encrypted, beside: "/etc/twilship/twilship.toml", group: nil)
            .file("production", Secret("s3cret of ours"))
        #expect(file.path == "/etc/credstore.encrypted/production")
        #expect(!String(decoding: file.bytes, as: UTF8.self).contains("s3cret"))
        let folder = NSTemporaryDirectory() + "twilship-creds-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try NewFile(path: folder + "/production", bytes: file.bytes, mode: 0o600).prepared().publish(
            replacing: false)
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/systemd-creds")
        process.arguments = ["decrypt", "--name=production", folder + "/production", "-"]
        process.standardOutput = pipe
        try process.run()
        let text = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        #expect(String(decoding: text, as: UTF8.self) == "s3cret of ours")
    }

    @Test func `a file gets its name when it is whole, and what is there is replaced only if asked`() throws {
        let folder = NSTemporaryDirectory() + "twilship-newfile-" + UUID().uuidString
        try NewFile.makeDirectory(folder + "/a/b", mode: 0o700)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        #expect(try Self.mode(folder + "/a") == 0o755)
        #expect(try Self.mode(folder + "/a/b") == 0o700)
        let path = folder + "/file"
        let one = try NewFile(path: path, bytes: Array("one".utf8), mode: 0o640).prepared()
        #expect(!NewFile.isThere(path))
        try one.publish(replacing: false)
        #expect(try Self.mode(path) == 0o640)
        let two = try NewFile(path: path, bytes: Array("two".utf8), mode: 0o600).prepared()
        #expect(throws: NewFile.Failure.self) { try two.publish(replacing: false) }
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "one")
        try two.publish(replacing: true)
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "two")
        #expect(try Self.mode(path) == 0o600)
        #expect(throws: NewFile.Failure.self) {
            try NewFile(path: folder + "/none/file", bytes: [], mode: 0o600).prepared()
        }
        try NewFile(path: path, bytes: Array("three".utf8), mode: 0o600).prepared().discard()
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == ["a", "file"])
    }

    @Test func `where one file cannot be written, none is, and an old secret stays as it was`() async throws {
        try await Workshop.with(Self.options()) { workshop in
            let credentials = workshop.folder + "/credentials"
            try NewFile.makeDirectory(credentials, mode: 0o700)
            let old = credentials + "/production"
            try NewFile(path: old, bytes: Array("old".utf8), mode: 0o600).prepared().publish(replacing: false)
            // Nothing can be put in the place of a directory.
            try NewFile.makeDirectory(workshop.configurationPath, mode: 0o755)
            let outcome = try await Self.run(
                Self.arguments(workshop, "--sink", "file", "--overwrite"),
                secret: workshop.account.keySecret)
            #expect(outcome.code == 73, "\(outcome.complaints)")
            #expect(outcome.complaints.contains("it is a directory. Nothing is left behind"))
            #expect(try String(contentsOfFile: old, encoding: .utf8) == "old")
            #expect(try Self.contents(workshop) == ["credentials", "credentials/production", "twilship.toml"])
        }
    }
}
