import Foundation
import PipelineCore
import Simulating
import Testing

@testable import Forwarding
@testable import twilship

@Suite(.serialized) struct TailTests {
    @Test func `what is asked for is the same at the other end of the control socket`() throws {
        var request = TailRequest()
        request.accounts = ["production"]
        request.datasets = [.monitorEvents, .serverlessLogs]
        request.services = ["api-*", "pay"]
        request.level = .warning
        request.types = ["account*"]
        request.since = .seconds(600)
        let received = try TailRequest(request.control)
        #expect(received.accounts == request.accounts)
        #expect(received.datasets == request.datasets)
        #expect(received.services == request.services)
        #expect(received.environments.isEmpty)
        #expect(received.level == request.level)
        #expect(received.types == request.types)
        #expect(received.since == request.since)
    }

    private static func options(rate: Double = 0) -> SimulatorOptions {
        var options = SimulatorOptions()
        options.accounts = 2
        options.history = 50
        options.rate = rate
        options.requestsPerSecond = 0
        return options
    }

    private struct Line {
        let id: String
        let time: String
        let account: String
        let dataset: String
        let severity: String
        let isLate: Bool
    }

    private static func lines(_ text: String) throws -> [Line] {
        // The last one may be under way.
        try text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map { line in
            let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            return Line(
                id: try #require(object["id"] as? String), time: try #require(object["time"] as? String),
                account: try #require(object["account"] as? String),
                dataset: try #require(object["dataset"] as? String),
                severity: try #require(object["severity"] as? String),
                isLate: (object["tags"] as? [String])?.contains("late") ?? false)
        }
    }

    /// Runs `tail` until `isEnough` of what it printed, then ends it as Ctrl-C does.
    private static func tail(
        _ workshop: Workshop, _ arguments: String..., until isEnough: (String) async throws -> Bool
    ) async throws -> Outcome {
        let program = try workshop.start(["tail"] + arguments + ["--config", workshop.configurationPath])
        do {
            try await eventually("tail shows enough") {
                let printed = program.printed
                return try await isEnough(printed)
            }
        } catch {
            program.signal(SIGKILL)
            Issue.record("\(program.said) \(program.printed.prefix(500))")
            throw error
        }
        program.signal(SIGINT)
        return await program.outcome()
    }

    private static func followsTwoAccounts(_ workshop: Workshop) async throws {
        let outcome = try await Self.tail(workshop, "--json", "--since", "2s") { printed in
            let lines = try Self.lines(printed)
            return lines.count > 300 && Set(lines.map(\.account)).count == 2
        }
        #expect(outcome.wasKilled && outcome.complaints.isEmpty, "\(outcome.complaints)")
        let lines = try Self.lines(outcome.output)
        #expect(Set(lines.map(\.id)).count == lines.count)
        #expect(Set(lines.map(\.dataset)) == ["monitor.events", "serverless.logs"])
        for stream in Dictionary(grouping: lines.filter { !$0.isLate }, by: { $0.account + $0.dataset }).values {
            // What becomes readable within the time that is not yet late may follow what is younger.
            let times = try stream.map { line in
                try Date(line.time, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true))
            }
            var latest = Date.distantPast
            for time in times {
                #expect(time >= latest.addingTimeInterval(-TailedStream.lag.inSeconds))
                latest = max(latest, time)
            }
        }
        // Whatever was readable between the first and the last that were shown was shown.
        for (index, name) in ["production", "staging"].enumerated() {
            let shown = lines.filter { $0.account == name && $0.dataset == "monitor.events" }
            let (first, last) = (try #require(shown.first), try #require(shown.last))
            let truth = workshop.truth(index)
            let from = try #require(truth.firstIndex(of: first.id))
            let to = try #require(truth.firstIndex(of: last.id))
            let seconds = Set(shown.map(\.time))
            #expect(seconds.count > 1)
            #expect(Set(truth[min(from, to)...max(from, to)]).subtracting(shown.map(\.id)).count <= 20)
        }
    }

    @Test func `live records of two accounts come in order, each once, without a service and without a trace`()
        async throws
    {
        try await Workshop.with(Self.options(rate: 20)) { workshop in
            try workshop.configure(accounts: ["production", "staging"], collections: Workshop.quickEventsAndLogs)
            try await Self.followsTwoAccounts(workshop)
            #expect(!FileManager.default.fileExists(atPath: workshop.folder + "/state"))
        }
    }

    @Test func `through a service too, only what is selected is shown`() async throws {
        try await Workshop.with(Self.options(rate: 20)) { workshop in
            try workshop.configure(accounts: ["production", "staging"], collections: Workshop.quickEventsAndLogs)
            try await workshop.withService { service in
                try await Self.followsTwoAccounts(workshop)
                #expect(service.said.contains("command=tail"))
                let outcome = try await Self.tail(
                    workshop, "--json", "--account", "staging", "--logs", "--environment", "prod*", "--level",
                    "warning",
                    "--since", "1h"
                ) { try Self.lines($0).count > 20 }
                let lines = try Self.lines(outcome.output)
                #expect(Set(lines.map(\.account)) == ["staging"])
                #expect(Set(lines.map(\.dataset)) == ["serverless.logs"])
                #expect(Set(lines.map(\.severity)).isSubset(of: ["warning", "error"]))
                let typed = try await Self.tail(workshop, "--type", "account*", "--since", "1h") { $0.contains("\n") }
                let shown = typed.output.split(separator: "\n").dropLast()
                #expect(shown.allSatisfy { $0.contains(" account") })
            }
        }
    }

    @Test func `a burst of several pages is complete`() async throws {
        try await Workshop.with(Self.options()) { workshop in
            let small = Workshop.eventsOnly.replacing("start = \"24h\"", with: "start = \"24h\"\npage_size = 50")
            try workshop.configure(accounts: ["production"], collections: small)
            let burst = workshop.simulator.twilio.emit(2500, account: workshop.account.sid, at: SimulatorClock.now())
            let outcome = try await Self.tail(workshop, "--json", "--since", "1m") {
                try Self.lines($0).count >= 2500
            }
            #expect(Set(try Self.lines(outcome.output).map(\.id)).isSuperset(of: burst))
            #expect(try Self.lines(outcome.output).count < 2600)
        }
    }

    @Test func `a record that is shown late is marked`() async throws {
        try await Workshop.with(Self.options()) { workshop in
            try workshop.configure(accounts: ["production"], collections: Workshop.eventsOnly)
            let twilio = workshop.simulator.twilio
            let now = SimulatorClock.now()
            let late = twilio.emit(1, account: workshop.account.sid, date: now, delay: .seconds(8), at: now)
            var sent: Set<String> = []
            let outcome = try await Self.tail(workshop, "--json", "--since", "10s") { printed in
                if sent.isEmpty {
                    sent = Set(twilio.emit(1, account: workshop.account.sid, at: SimulatorClock.now()))
                }
                return try Self.lines(printed).contains { $0.id == late[0] }
            }
            let lines = try Self.lines(outcome.output)
            #expect(lines.first { $0.id == late[0] }?.isLate == true)
            #expect(lines.filter { sent.contains($0.id) }.map(\.isLate) == [false])
        }
    }

    @Test func `trouble is told once and it goes on; what functions print is made harmless`() async throws {
        try await Workshop.with(Self.options(rate: 30)) { workshop in
            try workshop.configure(accounts: ["production", "staging"], collections: Workshop.quickEventsAndLogs)
            try Data("wrong".utf8).write(to: URL(fileURLWithPath: workshop.folder + "/secret-staging"))
            let program = try workshop.start(["tail", "--config", workshop.configurationPath])
            try await eventually("the trouble is told, and the other account is shown") {
                let isTold = program.said.contains("staging monitor.events cannot be read")
                return isTold && program.printed.split(separator: "\n").count > 300
            }
            program.signal(SIGINT)
            let outcome = await program.outcome()
            #expect(outcome.complaints.components(separatedBy: "staging monitor.events cannot be read").count == 2)
            #expect(!outcome.output.contains(" staging "))
            let unsafe = outcome.output.unicodeScalars.filter {
                $0 != "\n" && ($0.properties.generalCategory == .control || (0x202A...0x202E).contains($0.value))
            }
            #expect(unsafe.isEmpty)
            #expect(outcome.output.contains("\\u202e"))
        }
    }

    // MARK: - On the screen

    private static let envelope = """
        {"schema":"twilship.envelope.v1","id":"AE1","dataset":"monitor.events","account":"production",\
        "time":"2026-10-01T00:00:00.000Z","type":"account.updated","severity":"alert","actor":{"type":"user","sid":"US1"},\
        "changes":[{"field":"name","previous":"a","updated":"b\\u001b[2J"},{"field":"new","updated":"c"}],\
        "message":"first\\n\\tat \\u202esecond","raw":{"secret":1}}
        """

    @Test func `an expanded record has its message as it was printed, and who did what, and nothing is obeyed`() throws
    {
        let line = try #require(TailLine(Self.envelope))
        #expect(
            line.shown(colour: false)
                == "2026-10-01T00:00:00.000Z alert    production account.updated first\\x0a\\x09at \\u202esecond")
        #expect(
            line.details(colour: false) == [
                "    | first", "    | \\x09at \\u202esecond", "    id           AE1", "    actor.sid    US1",
                "    actor.type   user", "    changes.name a → b\\x1b[2J", "    changes.new  (none) → c",
            ])
        #expect(line.shown(colour: true).contains("\u{1b}[31malert   \u{1b}[0m"))
        #expect(TailLine("no envelope") == nil)
    }

    @Test func `a log line names its service and environment, whatever these are called`() throws {
        let placed = TailLine.placed(Self.envelope, "orders\tx/prod\u{202e}")
        #expect(
            try #require(TailLine(placed)).shown(colour: false).contains(
                " production orders x/prod\\u202e account.updated "))
        #expect(TailLine(TailLine.placed(Self.envelope, nil)) != nil)
    }

    @Test func `several services, environments and types are followed beside the audit trail`() async throws {
        var options = Self.options()
        (options.services, options.environments) = (3, 2)
        try await Workshop.with(options) { workshop in
            try workshop.configure(accounts: ["production", "staging"], collections: Workshop.quickEventsAndLogs)
            let outcome = try await Self.tail(
                workshop, "--events", "--logs", "--service", "service-1", "--service", "service-3", "--since", "7d"
            ) { printed in
                ["service-1/", "service-3/", " account"].allSatisfy(printed.contains)
            }
            #expect(!outcome.output.contains("service-2/"))
            #expect(outcome.output.contains(#/ production service-[13]/[a-z]+ function\.log /#))
            let typed = try await Self.tail(
                workshop, "--type", "account.*", "--type", "user.*", "--events", "--since", "7d", "--json"
            ) { printed in try Self.lines(printed).count > 3 }
            let types = typed.output.matches(of: #/"type":"([a-z.-]+)","action"/#).map(\.1)
            #expect(
                !types.isEmpty && types.allSatisfy { $0.hasPrefix("account.") || $0.hasPrefix("user.") }, "\(types)")
        }
    }
}
