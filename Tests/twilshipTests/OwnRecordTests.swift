import Foundation
import Glibc
import Simulating
import Testing

@Suite(.serialized) struct OwnRecordTests {
    private static func options(_ history: Int = 200) -> SimulatorOptions {
        var options = SimulatorOptions()
        options.history = history
        options.requestsPerSecond = 0
        return options
    }

    /// Lets nothing of Twilio's through.
    private static let filteringAll = "[sink.filter]\ntypes = [\"nothing\"]\n"

    private static func types(_ workshop: Workshop) throws -> [String] {
        try workshop.announced().map(\.type)
    }

    @Test func `a sink that filters everything gets start, heartbeats, commands and stop`() async throws {
        try await Workshop.with(Self.options()) { workshop in
            try workshop.configure(sink: Self.filteringAll, top: "[heartbeat]\ninterval = \"10s\"")
            try await workshop.withService { _ in
                let listed = try await workshop.run("backfill", "--list")
                #expect(listed.code == 0)
                let refused = try await workshop.run("backfill", "--cancel", "7")
                #expect(refused.code == 64)
                try await eventually("a heartbeat has come") {
                    try workshop.announced().contains {
                        $0.type == "twilship.heartbeat" && $0.message.contains("monitor.events complete up to")
                    }
                }
            }
            let told = try workshop.announced()
            #expect(told.count { $0.type == "twilship.operator" } == 1)
            let command = try #require(told.first { $0.type == "twilship.operator" })
            #expect(command.raw.command == "backfill-cancel")
            #expect(command.raw.uid == getuid())
            let beat = try #require(told.first { $0.type == "twilship.heartbeat" })
            #expect(beat.account == "production")
            // Of no account: in a file of its own.
            #expect(FileManager.default.fileExists(atPath: workshop.outputFolder + "/twilship.jsonl"))
            let lives = told.filter { ["twilship.started", "twilship.stopped"].contains($0.type) }
            #expect(lives.map(\.type) == ["twilship.started", "twilship.stopped"])
            #expect(lives[0].raw.previous == "none")
            #expect(lives[1].raw.clean == true)
            #expect(try workshop.deliveredLines() == 0)
            #expect(Set(told.map(\.id)).count == told.count)
        }
    }

    @Test func `a gap is announced once, however often the service is killed`() async throws {
        var options = Self.options(50)
        // More in one second than Twilio lists.
        options.eventsCap = 10_000
        options.pileUps = [PileUp(dataset: .events, at: SimulatorClock.now() - 3_600_000, count: 12_000)]
        try await Workshop.with(options) { workshop in
            try workshop.configure(
                events: "poll_interval = \"1s\"\nreread_after = []", sink: Self.filteringAll)
            var delay = 30
            var starts = 0
            while try !Self.types(workshop).contains("twilship.gap") || starts < 8 {
                starts += 1
                let program = try workshop.start(["run", "--config", workshop.configurationPath])
                try await eventually("it is under way") { program.said.contains("started") }
                try await Task.sleep(for: .milliseconds(delay))
                program.signal(SIGKILL)
                _ = await program.outcome()
                delay = delay * 3 / 2
                if delay > 10_000 { break }
            }
            try await workshop.withService { _ in
                try await eventually("the gap is told") { try Self.types(workshop).contains("twilship.gap") }
            }
            let gaps = try workshop.announced().filter { $0.type == "twilship.gap" }
            #expect(gaps.count == 1)
            #expect(gaps[0].severity == "critical")
            #expect(gaps[0].account == "production")
            #expect(gaps[0].raw.stream == "\(workshop.account.sid)/monitor.events")
            #expect(gaps[0].raw.from != nil && gaps[0].raw.to != nil && gaps[0].raw.reason != nil)
            let starting = try workshop.announced().filter { $0.type == "twilship.started" }.map(\.raw.previous)
            #expect(starting.last == "died")
        }
    }

    @Test func `what it says itself keeps neither --once nor --until-idle from ending`() async throws {
        try await Workshop.with(Self.options()) { workshop in
            try workshop.configure(top: "[heartbeat]\ninterval = \"10s\"")
            #expect(try await workshop.run("run", "--once").code == 0)
            #expect(try Self.types(workshop).isEmpty)
            #expect(try workshop.deliveredLines() == 200)
            // Heartbeats come more often than that.
            try workshop.configure(
                events: "poll_interval = \"60s\"", top: "[heartbeat]\ninterval = \"10s\"")
            let idle = try await workshop.run("run", "--until-idle", "12")
            #expect(idle.code == 0, "\(idle.complaints)")
            #expect(try Self.types(workshop).contains("twilship.heartbeat"))
            let stop = try #require(try workshop.announced().last { $0.type == "twilship.stopped" })
            #expect(stop.raw.reason == "idle")
        }
    }

    @Test func `a credential that Twilio refuses is told, and that it works again`() async throws {
        try await Workshop.with(Self.options()) { workshop in
            try workshop.configure(events: "poll_interval = \"1s\"", sink: Self.filteringAll)
            workshop.simulator.twilio.setFault(.unauthorized, rate: 1)
            try await workshop.withService { _ in
                try await eventually("it is told") {
                    try Self.types(workshop).contains("twilship.stream.failing")
                }
                workshop.simulator.twilio.setFault(.unauthorized, rate: 0)
                try await eventually("its end is told") {
                    try Self.types(workshop).contains("twilship.stream.recovered")
                }
            }
            let failing = try #require(try workshop.announced().first { $0.type == "twilship.stream.failing" })
            #expect(failing.severity == "error")
            #expect(failing.account == "production")
            #expect(failing.raw.lastError != nil)
        }
    }
}
