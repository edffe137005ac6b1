import Foundation
import Glibc
import Simulating
import Testing

/// SIGHUP, with the real program.
@Suite(.serialized) struct ReloadTests {
    private static func options(rate: Double = 20, accounts: Int = 1) -> SimulatorOptions {
        var options = SimulatorOptions()
        options.accounts = accounts
        options.history = 300
        options.rate = rate
        options.requestsPerSecond = 0
        return options
    }

    @Test func `an account and a sink that are added get going, and the others are not disturbed`() async throws {
        try await Workshop.with(Self.options(accounts: 2)) { workshop in
            let server = try WebServer(refusing: 0, token: "t")
            defer { server.stop() }
            try workshop.write("t", to: "token")
            var configuration = ReloadedConfiguration(workshop)
            configuration.sinks = [configuration.file("archive"), configuration.webhook(server.port)]
            try configuration.write()
            try await workshop.withService { service in
                try await eventually("the sinks have records") {
                    try server.lines.count >= 300 && workshop.deliveredLines() >= 300
                }
                configuration.accounts = ["first", "second"]
                configuration.sinks.append(configuration.file("added", more: "start = \"oldest\""))
                try configuration.write()
                try await service.reload()
                #expect(service.said.contains("accounts.added=second"))
                #expect(service.said.contains("sinks.added=added"))
                #expect(!service.said.contains("changed="))
                let now = SimulatorClock.now()
                workshop.simulator.twilio.stopLive(at: now)
                let truth = workshop.truth(0) + workshop.truth(1)
                try await eventually("all have everything") {
                    let added = try configuration.ids(of: "added")
                    return try Set(added) == Set(truth) && Set(configuration.ids(of: "archive")) == Set(truth)
                        && server.lines.count { !Workshop.isOwn($0) } >= truth.count
                }
                #expect(server.connections == 1)
                let told = try configuration.announced().filter { $0.type == "twilship.operator" }
                #expect(told.map(\.raw.command) == ["reload"])
                #expect(told.first?.raw.uid == nil)
                #expect(told.first?.message.contains("sinks.added=added") == true)
            }
            for sink in ["archive", "added"] {
                let ids = try configuration.ids(of: sink)
                #expect(ids.count == Set(ids).count)
            }
            #expect(server.lines.count == Set(server.lines).count)
        }
    }

    @Test func `what leaves the configuration ends, its records are delivered, and it can come back`() async throws {
        try await Workshop.with(Self.options(accounts: 2)) { workshop in
            var configuration = ReloadedConfiguration(workshop)
            configuration.accounts = ["first", "second"]
            let (archive, other) = (configuration.file("archive"), configuration.file("other"))
            configuration.sinks = [archive, other]
            try configuration.write()
            try await workshop.withService { service in
                try await eventually("both have records of both") {
                    try ["archive", "other"].allSatisfy { try configuration.ids(of: $0).count >= 600 }
                }
                configuration.accounts = ["first"]
                configuration.sinks = [archive]
                try configuration.write()
                try await service.reload()
                #expect(service.said.contains("accounts.removed=second"))
                #expect(service.said.contains("sinks.removed=other"))
                let left = try configuration.ids(of: "other")
                let before = try configuration.ids(of: "archive").count
                try await eventually("the first account's records go on") {
                    try configuration.ids(of: "archive").count >= before + 40
                }
                let unchanged = try configuration.ids(of: "other")
                #expect(unchanged == left)
                let status = try await workshop.run("status", "--json").output
                let report = try #require(JSONSerialization.jsonObject(with: Data(status.utf8)) as? [String: Any])
                let sinks = try #require(report["sinks"] as? [[String: Any]])
                #expect(sinks.first { $0["name"] as? String == "other" }?["state"] as? String == "detached")
                let streams = try #require(report["streams"] as? [[String: Any]])
                let second = streams.filter { $0["account"] as? String == "second" }.map { $0["state"] as? String }
                #expect(second == ["not configured"])

                configuration.accounts = ["first", "second"]
                configuration.sinks = [archive, other]
                try configuration.write()
                try await service.reload()
                workshop.simulator.twilio.stopLive(at: SimulatorClock.now())
                let truth = Set(workshop.truth(0) + workshop.truth(1))
                try await eventually("both sinks have everything, from where they were") {
                    try Set(configuration.ids(of: "archive")) == truth && Set(configuration.ids(of: "other")) == truth
                }
            }
            for sink in ["archive", "other"] {
                let ids = try configuration.ids(of: sink)
                #expect(ids.count == Set(ids).count)
            }
        }
    }

    @Test func `a filter holds for what comes after it, and an unchanged configuration changes nothing`() async throws {
        try await Workshop.with(Self.options()) { workshop in
            var configuration = ReloadedConfiguration(workshop)
            configuration.sinks = [configuration.file("archive", more: "[sink.filter]\ntypes = [\"nothing\"]")]
            try configuration.write()
            try await workshop.withService { service in
                try await eventually("records are collected and left out") {
                    try await workshop.collected() >= 300
                        && configuration.announced().contains { $0.type == "twilship.started" }
                }
                try await service.reload(saying: "nothing has changed")
                configuration.sinks = [configuration.file("archive")]
                try configuration.write()
                try await service.reload()
                #expect(service.said.contains("sinks.changed=archive"))
                try await eventually("records come") { try configuration.ids(of: "archive").count >= 40 }
                // The log's level and heartbeats have no parts to be begun anew.
                configuration.top = "[log]\nlevel = \"debug\"\n[heartbeat]\ninterval = \"10s\"\n"
                try configuration.write()
                #expect(!service.said.contains(" debug "))
                try await service.reload()
                #expect(service.said.contains("keys.changed=\"log.level, heartbeat.interval\""))
                try await eventually("it says more") { service.said.contains(" debug ") }
            }
            let ids = try configuration.ids(of: "archive")
            #expect(ids.count == Set(ids).count)
            #expect(ids.count < workshop.truth().count)
        }
    }

    @Test func `a bad file is reported in full and changes nothing; what needs a restart is named`() async throws {
        try await Workshop.with(Self.options()) { workshop in
            var configuration = ReloadedConfiguration(workshop)
            try configuration.write()
            try await workshop.withService { service in
                try await eventually("records come") { try workshop.deliveredLines() >= 300 }
                configuration.top = "[log]\nlevel = \"chatty\"\n"
                configuration.sinks = [configuration.file("archive", more: "rotate_byte = 5"), "[[sink]]\n"]
                try configuration.write()
                try await service.reload(saying: "the configuration has errors and is not used")
                let faults = service.said.split(separator: "\n").filter { $0.contains(": error: ") }
                #expect(faults.count >= 3)
                let place = workshop.configurationPath + ":"
                #expect(faults.allSatisfy { $0.contains(place) && $0.contains(" error ") })
                #expect(faults.contains { $0.contains("did you mean `rotate_bytes`?") })
                #expect(faults.contains { $0.contains("level") })
                let before = try workshop.deliveredLines()
                try await eventually("collecting goes on") { try workshop.deliveredLines() >= before + 20 }

                configuration = ReloadedConfiguration(workshop)
                configuration.state = "retain = \"1h\"\n"
                configuration.top = "[log]\nformat = \"json\"\nlevel = \"debug\"\n"
                try configuration.write()
                try await service.reload()
                #expect(service.said.contains("keys=\"state.retain, log.format\""))
                #expect(service.said.contains("needs a restart"))
                #expect(service.said.contains("keys.changed=log.level"))
            }
            let ids = try configuration.ids(of: "archive")
            #expect(ids.count == Set(ids).count)
        }
    }

    @Test func `what hangs or cannot be written to holds nobody up, not even the end`() async throws {
        try await Workshop.with(Self.options()) { workshop in
            // It takes connections, and never answers.
            let (listener, port) = try WebServer.listen()
            defer { close(listener) }
            try workshop.write("t", to: "token")
            var configuration = ReloadedConfiguration(workshop)
            let (archive, silent) = (configuration.file("archive"), configuration.webhook(port))
            configuration.sinks = [archive, silent]
            try configuration.write()
            let service = try await workshop.startedService()
            try await eventually("records come") { try workshop.deliveredLines() >= 300 }
            // Below a file there is no folder.
            configuration.sinks = [
                archive,
                configuration.file("broken").replacing("/broken/", with: "/twilship.toml/"),
                configuration.file("good", more: "start = \"oldest\""),
            ]
            try configuration.write()
            let before = try workshop.deliveredLines()
            try await service.reload()
            #expect(service.said.contains("sinks.added=\"broken, good\" sinks.removed=webhook"))
            #expect(try workshop.deliveredLines() > before)
            try await eventually("the broken one is told, and the good one has everything") {
                try service.said.contains("sink.name=broken") && configuration.ids(of: "good").count > before
            }
            configuration.sinks = [archive, silent]
            try configuration.write()
            try await service.reload()
            try await eventually("more records are on their way") { try workshop.deliveredLines() > before + 40 }
            configuration.sinks = [archive]
            try configuration.write()
            service.signal(SIGHUP)
            try await Task.sleep(for: .milliseconds(300))
            let start = ContinuousClock.now
            service.signal(SIGTERM)
            let outcome = await service.outcome()
            #expect(outcome.code == 0 && !outcome.wasKilled)
            #expect(outcome.complaints.contains("stopped"))
            #expect(start.duration(to: .now) < .seconds(8))
            let ids = try configuration.ids(of: "archive")
            #expect(ids.count == Set(ids).count)
        }
    }

    @Test func `the service manager is told when a reload begins and ends`() async throws {
        try await Workshop.with(Self.options(rate: 0)) { workshop in
            let manager = try NotifySocket()
            try ReloadedConfiguration(workshop).write()
            let service = try workshop.start(
                ["run", "--config", workshop.configurationPath], environment: ["NOTIFY_SOCKET": manager.path])
            var told: [String] = []
            func wait(for text: String) async throws {
                try await eventually("it says \(text)") {
                    told += manager.messages()
                    return told.contains { $0.hasPrefix(text) }
                }
            }
            try await wait(for: "READY=1")
            told = []
            service.signal(SIGHUP)
            try await wait(for: "READY=1")
            let reloading = try #require(told.firstIndex { $0.hasPrefix("RELOADING=1\nMONOTONIC_USEC=") })
            let ready = try #require(told.firstIndex { $0.hasPrefix("READY=1") })
            #expect(reloading < ready)
            service.signal(SIGTERM)
            #expect(await service.outcome().code == 0)
        }
    }

    @Test func `a subaccount that gets a table of its own is collected as that says, and nothing comes twice`()
        async throws
    {
        var options = Self.options()
        options.addSubaccounts(3)
        try await Workshop.with(options) { workshop in
            let twilio = workshop.simulator.twilio
            var configuration = ReloadedConfiguration(workshop)
            configuration.ofFirst =
                "subaccounts = \"discover\"\nsubaccount_interval = \"1m\"\napi_base_url = \"\(workshop.simulator.url)\"\n"
            try configuration.write()
            try await workshop.withService { service in
                try await eventually("all are collected") { try configuration.ids(of: "archive").count >= 4 * 300 }
                // The second account of the simulator is a subaccount.
                configuration.accounts = ["first", "second"]
                try configuration.write()
                try await service.reload()
                #expect(service.said.contains("accounts.added=second accounts.changed=first"))
                twilio.stopLive(at: SimulatorClock.now())
                let truth = Set((0...3).flatMap { workshop.truth($0) })
                try await eventually("everything is there") { try Set(configuration.ids(of: "archive")) == truth }
                let text = try await workshop.run("status").output
                #expect(text.contains("second"))
            }
            let ids = try configuration.ids(of: "archive")
            #expect(ids.count == Set(ids).count)
        }
    }

    @Test func `a secret that was refused is read again and tried at once`() async throws {
        try await Workshop.with(Self.options(rate: 0)) { workshop in
            let server = try WebServer(refusing: 0, token: "new")
            defer { server.stop() }
            try workshop.write("old", to: "token")
            var configuration = ReloadedConfiguration(workshop)
            configuration.sinks = [configuration.file("archive"), configuration.webhook(server.port, retry: "1h")]
            try configuration.write()
            try await workshop.withService { service in
                try await eventually("the old token is refused") { server.statuses.contains(401) }
                try workshop.write("new", to: "token")
                try await service.reload()
                #expect(service.said.contains("sinks.changed=webhook"))
                #expect(!service.said.contains("archive"))
                try await eventually(within: .seconds(20), "the records are there") {
                    server.lines.count { !Workshop.isOwn($0) } == 300
                }
            }
        }
    }

    @Test func `a storm of signals loses nothing, and the last one counts`() async throws {
        try await Workshop.with(Self.options(rate: 50, accounts: 2)) { workshop in
            var configuration = ReloadedConfiguration(workshop)
            configuration.accounts = ["first", "second"]
            try configuration.write()
            let other = configuration.file("other", more: "start = \"oldest\"")
            try await workshop.withService { service in
                try await eventually("records come") { try configuration.ids(of: "archive").count > 0 }
                for round in 1...20 {
                    let archive = configuration.file("archive", more: "[sink.batch]\nmax_records = \(round)")
                    configuration.sinks = round % 3 == 0 ? [archive] : [archive, other]
                    configuration.accounts = round % 4 == 1 ? ["first"] : ["first", "second"]
                    configuration.pollInterval = round % 2 == 0 ? "1s" : "2s"
                    try configuration.write()
                    service.signal(SIGHUP)
                    try await Task.sleep(for: .milliseconds(round * 5))
                }
                configuration.sinks = [configuration.file("archive"), other, configuration.file("last")]
                try configuration.write()
                try await service.reload(saying: "last")
                workshop.simulator.twilio.stopLive(at: SimulatorClock.now())
                let truth = Set(workshop.truth(0) + workshop.truth(1))
                try await eventually("all have everything") {
                    try Set(configuration.ids(of: "archive")) == truth && Set(configuration.ids(of: "other")) == truth
                }
            }
            for sink in ["archive", "other"] {
                let ids = try configuration.ids(of: sink)
                #expect(ids.count == Set(ids).count)
            }
        }
    }
}

/// A configuration that is changed while the program runs.
private struct ReloadedConfiguration {
    private let workshop: Workshop
    /// Names, for the first accounts of the simulator.
    var accounts = ["first"]
    var sinks: [String] = []
    var top = ""
    var state = ""
    /// More of the first account.
    var ofFirst = ""
    var pollInterval = "1s"

    init(_ workshop: Workshop) {
        self.workshop = workshop
        sinks = [file("archive")]
    }

    func file(_ name: String, more: String = "") -> String {
        let folder = name == "archive" ? workshop.outputFolder : workshop.folder + "/" + name
        return "[[sink]]\nname = \"\(name)\"\ntype = \"file\"\npath = \"\(folder)/{account}.jsonl\"\n\(more)\n"
    }

    func webhook(_ port: UInt16, retry: String = "1s") -> String {
        """
        [[sink]]
        name = "webhook"
        type = "http"
        start = "oldest"
        url = "http://127.0.0.1:\(port)/in"
        token = "file:\(workshop.folder)/token"
        compression = "none"
        [sink.retry]
        initial = "\(retry)"
        max = "\(retry)"

        """
    }

    /// Puts it in place at once, as an editor does.
    func write() throws {
        var text = "[state]\ndirectory = \"\(workshop.folder)/state\"\n\(state)\(top)"
        text += "[rate_limit]\nrequests_per_second = 1000\n"
        for (name, account) in zip(accounts, workshop.simulator.twilio.accounts) {
            text += """
                [[account]]
                name = "\(name)"
                account_sid = "\(account.sid)"
                secret = "file:\(workshop.folder)/secret-\(name)"
                \(name == accounts[0] ? ofFirst : "")
                [account.events]
                base_url = "\(workshop.simulator.url)"
                poll_interval = "\(pollInterval)"
                overlap = "10s"
                reread_after = []
                [account.logs]
                enabled = false

                """
            if !FileManager.default.fileExists(atPath: "\(workshop.folder)/secret-\(name)") {
                try workshop.write(account.authToken, to: "secret-\(name)")
            }
        }
        try Data((text + sinks.joined()).utf8)
            .write(to: URL(fileURLWithPath: workshop.configurationPath), options: .atomic)
    }

    private func folder(of sink: String) -> String {
        sink == "archive" ? workshop.outputFolder : workshop.folder + "/" + sink
    }

    /// Of Twilio's records in a sink's files.
    func ids(of sink: String) throws -> [String] {
        try Workshop.ids(Workshop.wholeLines(folder(of: sink)).joined(separator: "\n"))
    }

    /// Our own records in the files of `archive`; the last line of each may be in the writing.
    func announced() throws -> [OwnLine] {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let names = try FileManager.default.contentsOfDirectory(atPath: workshop.outputFolder)
        return try names.filter { $0.hasSuffix(".jsonl") }.flatMap { name in
            try String(contentsOfFile: workshop.outputFolder + "/" + name, encoding: .utf8)
                .split(separator: "\n", omittingEmptySubsequences: false).dropLast()
                .filter { Workshop.isOwn($0) }.map { try decoder.decode(OwnLine.self, from: Data($0.utf8)) }
        }
    }
}

extension Workshop {
    /// Writes a secret.
    fileprivate func write(_ text: String, to name: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: folder + "/" + name))
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: folder + "/" + name)
    }
}

extension Program {
    /// Asks for a reload, and waits until it is told to be done.
    fileprivate func reload(saying end: String = "the configuration is reloaded") async throws {
        func count() -> Int { said.split(separator: "\n").count { $0.contains(end) } }
        let before = count()
        signal(SIGHUP)
        try await eventually("the reload is done") { count() > before }
    }
}
