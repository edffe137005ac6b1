import Foundation
import Simulating
import SystemdSupport
import Testing

@testable import twilship

/// What is on the screen, on a real pseudo-terminal.
@Suite(.serialized) struct TerminalTests {
    private static let escape = "\u{1b}"

    private static func options(_ history: Int = 300) -> SimulatorOptions {
        var options = SimulatorOptions()
        options.history = history
        options.requestsPerSecond = 0
        return options
    }

    /// A workshop in which something is collected and no service runs.
    private static func withCollected(_ body: (Workshop) async throws -> Void) async throws {
        try await Workshop.with(options()) { workshop in
            try workshop.configure()
            #expect(try await workshop.run("run", "--once").code == 0)
            try await body(workshop)
        }
    }

    private static func watch(
        _ workshop: Workshop, _ terminal: PseudoTerminal, environment: [String: String] = [:]
    ) async throws -> Program {
        let program = try terminal.start(
            ["status", "--watch", "--config", workshop.configurationPath], environment: environment)
        try await eventually("the status is drawn") { terminal.picture.contains { $0.hasPrefix("SINK") } }
        return program
    }

    // MARK: - status --watch

    @Test func `status --watch draws in place, and Ctrl-C gives the terminal back as it was`() async throws {
        try await Self.withCollected { workshop in
            let terminal = try PseudoTerminal()
            #expect(terminal.isAsBefore)
            let program = try await Self.watch(workshop, terminal)
            #expect(!terminal.isAsBefore)
            #expect(terminal.text.contains("\(Self.escape)[?1049h\(Self.escape)[?25l"))
            try await eventually("it is drawn anew") {
                terminal.text.components(separatedBy: "\(Self.escape)[H").count > 2
            }
            #expect(terminal.picture.count <= 40)
            #expect(terminal.picture.allSatisfy { $0.count <= 100 })
            // Nothing is cleared before it is written again: that would flicker.
            #expect(!terminal.text.contains("\(Self.escape)[2J"))
            terminal.type("\u{3}")
            #expect(await program.outcome().code == 0)
            #expect(terminal.text.hasSuffix("\(Self.escape)[?25h\(Self.escape)[?1049l"))
            #expect(terminal.isAsBefore)
        }
    }

    @Test func `status --watch follows the size of the terminal, q ends it, and SIGTERM restores it`() async throws {
        try await Self.withCollected { workshop in
            let terminal = try PseudoTerminal()
            let program = try await Self.watch(workshop, terminal)
            #expect(terminal.picture.contains { $0.hasPrefix("ASKED OF TWILIO") })
            terminal.resize(columns: 64, rows: 12)
            try await eventually("it fits the smaller terminal") {
                let picture = terminal.picture
                return picture.count <= 12 && picture.allSatisfy { $0.count <= 64 }
            }
            #expect(!terminal.picture.contains { $0.hasPrefix("ASKED OF TWILIO") })
            terminal.resize(columns: 64, rows: 4)
            try await eventually("it says that there is more") {
                terminal.picture.last?.hasSuffix(" more lines") == true
            }
            terminal.resize(columns: 120, rows: 50)
            try await eventually("it uses the larger one") {
                terminal.picture.contains { $0.hasPrefix("ASKED OF TWILIO") }
            }
            terminal.type("q")
            #expect(await program.outcome().code == 0)

            let other = try PseudoTerminal()
            let terminated = try await Self.watch(workshop, other)
            other.signal(SIGTERM)
            #expect(await terminated.outcome().code == 143)
            #expect(other.isAsBefore && other.text.hasSuffix("[?1049l"))
        }
    }

    @Test func `Ctrl-Z gives the terminal back until the program is continued`() async throws {
        try await Self.withCollected { workshop in
            let terminal = try PseudoTerminal()
            let program = try await Self.watch(workshop, terminal)
            terminal.type("\u{1a}")
            try await eventually("the terminal is given back") {
                terminal.text.hasSuffix("\(Self.escape)[?1049l") && terminal.isAsBefore
            }
            terminal.signal(SIGCONT)
            try await eventually("it is taken again") {
                terminal.text.components(separatedBy: "[?1049h").count == 3 && !terminal.isAsBefore
            }
            terminal.type("q")
            #expect(await program.outcome().code == 0)
        }
    }

    @Test func `status --watch needs a terminal that can move its cursor`() async throws {
        try await Self.withCollected { workshop in
            let outcome = try await workshop.run("status", "--watch")
            #expect(outcome.code == 64)
            #expect(outcome.complaints.contains("--watch needs a terminal"))
            #expect(outcome.output.isEmpty)
            let terminal = try PseudoTerminal()
            let dumb = try terminal.start(
                ["status", "--watch", "--config", workshop.configurationPath], environment: ["TERM": "dumb"])
            #expect(await dumb.outcome().code == 64)
            #expect(!terminal.text.contains(Self.escape))
        }
    }

    // MARK: - Colour

    @Test func `colour is on a terminal only, and not with NO_COLOR or on a dumb one`() async throws {
        try await Self.withCollected { workshop in
            func shown(_ environment: [String: String]) async throws -> String {
                let terminal = try PseudoTerminal()
                let program = try terminal.start(
                    ["status", "--config", workshop.configurationPath], environment: environment)
                #expect(await program.outcome().code == 0)
                return terminal.text
            }
            let coloured = try await shown([:])
            #expect(coloured.contains("\(Self.escape)[32mOK  twilship"))
            let plain = try await shown(["NO_COLOR": "1"])
            #expect(!plain.contains(Self.escape) && plain.contains("OK  twilship"))
            #expect(try await !shown(["TERM": "dumb"]).contains(Self.escape))
            let piped = try await workshop.run("status", environment: ["NO_COLOR": ""])
            #expect(!piped.output.contains(Self.escape) && piped.output.contains("OK  twilship"))
        }
    }

    // MARK: - Progress

    @Test func `run --once has a bar with counts that is gone at the end, and lines elsewhere`() async throws {
        var options = Self.options(4_000)
        options.requestsPerSecond = 4
        try await Workshop.with(options) { workshop in
            try workshop.configure(events: "page_size = 50")
            let terminal = try PseudoTerminal(columns: 90)
            let program = try terminal.start(["run", "--once", "--config", workshop.configurationPath])
            try await eventually("the bar is drawn") { terminal.text.contains("records collected") }
            try await eventually("it says how fast it goes and what is left") {
                terminal.text.contains(#/█+░* +[0-9]+ %  [0-9]+ records collected, .*[0-9]+\/s/#)
                    && terminal.text.contains(" left")
            }
            let bars = terminal.text.components(separatedBy: "\r").filter { $0.contains(" records collected") }
            #expect(bars.allSatisfy { PseudoTerminal.plain($0).count < 90 })
            program.signal(SIGKILL)
            terminal.signal(SIGKILL)
            _ = await program.outcome()
        }
    }

    @Test func `a bar never wraps, and is not full before all is done`() {
        let progress = WorkProgress(done: 0.999, text: String(repeating: "words ", count: 40))
        #expect(Terminal.bar(progress, columns: 79).count == 79)
        #expect(Terminal.bar(progress, columns: 79).contains(" 99 %"))
        #expect(Terminal.bar(progress, columns: 79).contains("░"))
        #expect(
            Terminal.bar(WorkProgress(done: 1, text: "x"), columns: 79).hasPrefix(String(repeating: "█", count: 19)))
        #expect(Terminal.bar(WorkProgress(done: nil, text: "\u{1b}[2J"), columns: 79) == "\\x1b[2J")
        #expect(progress.line.hasPrefix("99.9 %, words"))
    }

    @Test func `progress says what was counted, how fast, and what is left`() {
        let start = ContinuousClock.now
        let meter = ProgressMeter(at: start, done: 0.2, records: 100)
        func text(_ done: Double, _ records: Int, _ seconds: Int) -> String {
            meter.progress(done: done, records, "records read", counts: ["7 new"], at: start + .seconds(seconds)).text
        }
        #expect(text(0.3, 200, 1) == "200 records read, 7 new")
        #expect(text(0.4, 1_100, 10) == "1100 records read, 100/s, 30 s left, 7 new")
        #expect(text(0.2, 100, 10) == "100 records read, 0/s, 7 new")
        #expect(text(1, 1_100, 10) == "1100 records read, 100/s, 7 new")
        let progress = WorkProgress(done: 0.25, text: "100 records")
        #expect(WorkProgress(progress.encoded) == progress)
        #expect(WorkProgress("plain words") == WorkProgress(done: nil, text: "plain words"))
    }

    // MARK: - Others

    @Test func `checkpoint set asks, and only a yes does it`() async throws {
        try await Self.withCollected { workshop in
            func answer(_ text: String) async throws -> Outcome {
                let terminal = try PseudoTerminal()
                let program = try terminal.start([
                    "checkpoint", "set", "--account", "production", "1h", "--config", workshop.configurationPath,
                ])
                try await eventually("it asks") { terminal.text.contains("[y/N]") }
                terminal.type(text)
                return await program.outcome()
            }
            let before = try await workshop.stream()["complete_up_to"] as? String
            #expect(try await answer("\n").code == 1)
            #expect(try await workshop.stream()["complete_up_to"] as? String == before)
            #expect(try await answer("yes\n").code == 0)
            #expect(try await workshop.stream()["complete_up_to"] as? String != before)
        }
    }

    @Test func `JSON on a terminal stays the same JSON, and has nothing in it that a terminal obeys`() throws {
        let json = "{\n \"a\" : \"\u{202e}\u{85}\u{7f}x\"\n}"
        #expect(json.jsonTerminalSafe == "{\n \"a\" : \"\\u202e\\u0085\\u007fx\"\n}")
        let values = try [json, json.jsonTerminalSafe].map {
            try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: String]
        }
        #expect(values[0] == values[1])
    }
}
