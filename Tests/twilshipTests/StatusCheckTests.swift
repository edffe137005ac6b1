import Foundation
import PipelineCore
import Simulating
import Testing

@testable import Spooling
@testable import twilship

/// What is a problem, how bad it is, and what monitoring is told.
@Suite struct StatusCheckTests {
    private static func states(_ report: StatusReport, maximumLag: Duration = .seconds(900)) -> [String] {
        report.findProblems(maximumLag: maximumLag).map { "\($0.severity.word) \($0.what)" }
    }

    private static func check(_ report: StatusReport) -> StatusCheck {
        StatusCheck(report, maximumLag: .seconds(900))
    }

    @Test func `where all is well there is no problem, and the line says how well`() {
        let report = StatusMaterial.report([StatusMaterial.stream()], sinks: [StatusMaterial.sink()])
        #expect(Self.states(report).isEmpty)
        let check = Self.check(report)
        #expect(check.state == .ok)
        #expect(check.line.hasPrefix("TWILSHIP OK - 1 streams, at most 5 s behind, 1 sinks, 0 records wait | "))
    }

    @Test func `a service that is dead, stopped, silent or has just begun is told as that`() {
        var dead = StatusMaterial.report(heard: nil, processId: nil)
        dead.lastHeardAt = StatusMaterial.now - .seconds(300)
        dead.lastRun = .died
        #expect(Self.states(dead) == ["CRITICAL the service has died, last heard of 5 min ago"])
        #expect(Self.check(dead).state == .critical)
        dead.lastRun = .stopped
        #expect(Self.states(dead) == ["CRITICAL no service runs, last heard of 5 min ago"])
        // Nobody who collects with `run --once` has a service; how far that is behind says whether it is enough.
        dead.lastRun = Spool.PreviousRun.none
        #expect(Self.states(dead).isEmpty)
        #expect(
            Self.states(StatusMaterial.report(heard: .seconds(-151)))
                == ["CRITICAL the service has not said anything for 2 min: it may be stuck"])
        #expect(Self.states(StatusMaterial.report(heard: .seconds(-149))).isEmpty)
        #expect(Self.check(StatusMaterial.report(heard: nil)).state == .warning)
    }

    @Test func `a full spool is critical`() {
        let full = StatusMaterial.report(fullness: "the spool is full (1 bytes)")
        #expect(Self.states(full) == ["CRITICAL the spool is full (1 bytes)"])
    }

    @Test func `a sink that is held is critical, one that fails is once it is too far behind`() {
        func states(_ sink: StatusReport.Sink) -> [String] { Self.states(StatusMaterial.report(sinks: [sink])) }
        #expect(
            states(StatusMaterial.sink("held", attempts: 3, backlog: 2, oldest: .seconds(60), error: "answered 403"))
                == [
                    "CRITICAL sink siem is held, it accepts nothing: answered 403; 2 records wait for it, the oldest for "
                        + "60 s"
                ])
        let failing = StatusMaterial.sink("retrying", attempts: 3, backlog: 2, oldest: .seconds(60))
        #expect(states(failing).map { $0.prefix(42) } == ["WARNING sink siem failed 3 times in a row;"])
        let late = StatusMaterial.sink("retrying", attempts: 1, backlog: 2, oldest: .seconds(901))
        #expect(states(late).map { $0.prefix(31) } == ["CRITICAL sink siem failed once;"])
        let slow = StatusMaterial.sink("delivering", backlog: 2, oldest: .seconds(901))
        #expect(states(slow).map { $0.prefix(40) } == ["WARNING sink siem takes less than comes;"])
        #expect(states(StatusMaterial.sink("detached", backlog: 2, oldest: .seconds(901))).isEmpty)
        #expect(
            states(StatusMaterial.sink(deadLetters: 1)) == ["WARNING sink siem has refused 1 record for good"])
    }

    @Test func `streams that fail or are behind are told together, and a refused credential is critical`() {
        func states(_ streams: [StatusReport.Stream]) -> [String] { Self.states(StatusMaterial.report(streams)) }
        let failing = (0..<3).map { StatusMaterial.stream($0, state: "failing", failures: 2, error: "answered 503") }
        #expect(
            states(failing) == [
                "WARNING a-very-long-account-name-0 serverless.logs, 3 streams: failed 2 times in a row: answered 503"
            ])
        let refused = [StatusMaterial.stream(state: "auth_failed", failures: 1, error: "answered 401")]
        #expect(states(refused).first?.hasPrefix("CRITICAL ") == true)
        let late = [StatusMaterial.stream(state: "failing", lag: 901, failures: 1, error: "answered 503")]
        #expect(states(late).first?.hasPrefix("CRITICAL ") == true)
        let behind = states([StatusMaterial.stream(lag: 1_800)])
        #expect(behind.count == 1 && behind[0].hasPrefix("CRITICAL ") && behind[0].contains(": 30 min behind"))
        let catchingUp = states([StatusMaterial.stream(state: "catching_up", lag: 1_800)])
        #expect(catchingUp.count == 1 && catchingUp[0].hasPrefix("WARNING ") && catchingUp[0].hasSuffix("catching up"))
        #expect(
            Self.states(StatusMaterial.report([StatusMaterial.stream(lag: 1_800)]), maximumLag: .seconds(3_600)).isEmpty
        )
        #expect(states([StatusMaterial.stream(state: "not configured", lag: 1_800)]).isEmpty)
        let spent = states([StatusMaterial.stream(allowance: "spent")])
        #expect(spent.count == 1 && spent[0].hasPrefix("WARNING ") && spent[0].contains("max_reads_per_day"))
    }

    @Test func `what is lost is told for a day, searches for as long as they fail`() {
        let gaps = [10, 20, 86_401].map { StatusMaterial.gap(found: .seconds($0)) }
        let report = StatusMaterial.report(gaps: gaps)
        #expect(Self.states(report).map { $0.contains("production serverless.logs: 2 gaps in the last day") } == [true])
        #expect(Self.check(report).state == .warning)
        #expect(Self.states(StatusMaterial.report(gaps: [gaps[2]])).isEmpty)
        #expect(Self.check(report).line.contains(" gaps=3;;;0"))
        #expect(Self.states(StatusMaterial.report(sinks: [StatusMaterial.sink(skipped: .seconds(60))])).count == 1)
        #expect(Self.states(StatusMaterial.report(sinks: [StatusMaterial.sink(skipped: .seconds(90_000))])).isEmpty)
        func search(_ search: StatusReport.Discovery) -> String? {
            Self.states(StatusMaterial.report(discoveries: [search])).first
        }
        #expect(search(StatusMaterial.search()) == nil)
        #expect(search(StatusMaterial.search(failures: 1, state: "failing"))?.hasPrefix("WARNING search") == true)
        #expect(search(StatusMaterial.search(failures: 1, state: "auth_failed"))?.hasPrefix("CRITICAL search") == true)
    }

    @Test func `critical problems come first, and every one has its place on the screen`() throws {
        let report = StatusMaterial.report(
            [StatusMaterial.stream(state: "failing", failures: 1, error: "answered 503 | <html>\n\u{1b}[2J")],
            sinks: [StatusMaterial.sink("held", attempts: 1)])
        #expect(report.findProblems().map(\.severity) == [.critical, .warning])
        let lines = report.lines()
        #expect(lines.first?.hasPrefix("CRITICAL  twilship 0.1.0, process 42") == true)
        #expect(lines.contains { $0.hasPrefix("CRITICAL  sink siem is held") })
        #expect(lines.contains("  try     twilship check --online"))
        let check = Self.check(report)
        #expect(
            check.line.hasPrefix("TWILSHIP CRITICAL - sink siem is held, it accepts nothing; 1 more (twilship status)"))
        let plain = Self.check(
            StatusMaterial.report([
                StatusMaterial.stream(state: "failing", failures: 1, error: "answered 503 | <html>\n\u{1b}[2J")
            ])
        ).line
        #expect(plain.count { $0 == "|" } == 1 && !plain.contains("\n") && plain.contains("503 / <html>; \\x1b[2J |"))
    }

    @Test func `the numbers have the form that plugins promise, and long words do not push them out`() throws {
        var report = StatusMaterial.report(
            [
                StatusMaterial.stream(
                    state: "failing", lag: 12.2, failures: 1, error: String(repeating: "x", count: 9_000))
            ],
            sinks: [StatusMaterial.sink(backlog: 7)])
        report.spoolMaximumBytes = 2_000_000_000
        report.collectedLastHour = [Int](repeating: 2, count: 60)
        let line = Self.check(report).line
        #expect(line.utf8.count < 1_000)
        let numbers = try #require(line.split(separator: "|").last).split(separator: " ")
        let form = #/[a-z_]+=[0-9]+(s|B)?;[0-9]*;[0-9]*;[0-9]*(;[0-9]*)?/#
        #expect(numbers.allSatisfy { $0.wholeMatch(of: form) != nil }, "\(numbers)")
        for number in [
            "lag=13s;;900;0", "backlog=7;;;0", "failing_streams=1;0;;0;1", "spool=12345678B;;;0;2000000000",
            "records_last_hour=120;;;0",
        ] {
            #expect(numbers.contains { $0 == number }, "\(number) in \(numbers)")
        }
    }

    // MARK: - The real program

    @Test func `--check answers in one line with 0, 1, 2 or 3, whatever is wrong`() async throws {
        var options = SimulatorOptions()
        options.history = 50
        options.requestsPerSecond = 0
        try await Workshop.with(options) { workshop in
            try workshop.configure(events: "poll_interval = \"1s\"")
            func check(_ arguments: String..., code: Int32, _ beginning: String) async throws {
                let outcome = try await Program(
                    ["status", "--check", "--config", workshop.configurationPath] + arguments, environment: [:]
                ).outcome()
                #expect(outcome.code == code, "\(outcome)")
                #expect(outcome.output.hasPrefix(beginning), "\(outcome)")
                #expect(outcome.output.split(separator: "\n", omittingEmptySubsequences: false).count == 2)
                #expect(outcome.complaints.isEmpty)
            }
            try await check(code: 3, "TWILSHIP UNKNOWN - ")
            let service = try workshop.start(["run", "--config", workshop.configurationPath])
            try await eventually("all is collected") {
                guard FileManager.default.fileExists(atPath: workshop.folder + "/state/state.sqlite") else {
                    return false
                }
                let outcome = try await workshop.run("status", "--check")
                return outcome.code == 0 && outcome.output.contains("records_last_hour=50;")
            }
            try await check(code: 0, "TWILSHIP OK - 1 streams, at most ")
            service.signal(SIGKILL)
            _ = await service.outcome()
            try await check(code: 2, "TWILSHIP CRITICAL - the service has died, last heard of ")
            let json = try await workshop.run("status", "--json")
            let report = try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any]
            let problem = try #require((report?["problems"] as? [[String: Any]])?.first)
            #expect(problem["severity"] as? String == "critical")
            #expect(problem["help"] as? String == "systemctl status twilship")
            let hour = try #require(report?["collected_last_hour"] as? [Int])
            #expect(hour.count == 60 && hour.reduce(0, +) == 50)
            // A report can be read again: so members of the group get theirs.
            #expect(try StatusReport(json: json.output).collectedLastHour == hour)

            try Data("[[sink]\n".utf8).write(to: URL(fileURLWithPath: workshop.configurationPath))
            try await check(code: 3, "TWILSHIP UNKNOWN - ")
            for wrong in [
                ["--check", "--max-lag", "soon"], ["--max-lag", "3m"], ["--check", "--json"], ["--watch", "--json"],
            ] {
                #expect(try await Program(["status"] + wrong, environment: [:]).outcome().code == 64)
            }
        }
    }

    // MARK: - The last hour

    @Test func `a sparkline has a bar for each count, and adds neighbours up where there is less room`() {
        #expect(Sparkline.text([0, 1, 4, 8]) == "·▁▄█")
        #expect(Sparkline.text([0, 0]) == "··")
        #expect(Sparkline.text([]) == "")
        #expect(Sparkline.text([1, 1, 1, 1, 4], cells: 3) == "▂▄█")
        #expect(Sparkline.text([Int](repeating: 3, count: 60), cells: 12) == String(repeating: "█", count: 12))
    }

    @Test func `names that would look alike where they are shortened show where they differ`() {
        let names = (1...3).map { "parent/Acme Corporation (\($0) of them) events of a long service" }
        let short = Terminal.shortened(names, to: 24)
        #expect(Set(short).count == 3)
        #expect(short.allSatisfy { $0.count <= 24 && $0.hasPrefix("parent/") })
        #expect(Terminal.shortened(["same same same", "same same same"], to: 8) == ["same…ame", "same…ame"])
    }
}
