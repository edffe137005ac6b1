import Foundation
import Simulating
import Testing

@Suite(.serialized) struct ServiceTests {
    private static func live() -> SimulatorOptions {
        var options = SimulatorOptions()
        options.history = 2000
        options.rate = 20
        options.requestsPerSecond = 0
        return options
    }

    @Test func `SIGTERM drains and ends with 0 within 10 s; what was collected is delivered`() async throws {
        try await Workshop.with(Self.live()) { workshop in
            try workshop.configure(events: "poll_interval = \"1s\"")
            let program = try workshop.start(["run", "--config", workshop.configurationPath])
            try await eventually("records are delivered") { try workshop.deliveredLines() >= 2000 }
            let start = ContinuousClock.now
            program.signal(SIGTERM)
            let outcome = await program.outcome()
            #expect(outcome.code == 0 && !outcome.wasKilled)
            #expect(start.duration(to: .now) < .seconds(15))
            #expect(outcome.complaints.contains("stopped"))
            let status = try await workshop.run("status", "--json")
            let report = try #require(
                try JSONSerialization.jsonObject(with: Data(status.output.utf8)) as? [String: Any])
            #expect(((report["sinks"] as? [[String: Any]])?.first?["backlog"] as? Int) == 0)
        }
    }

    @Test func `a sink that fails does not hold SIGTERM up, and its records wait`() async throws {
        try await Workshop.with(Self.live()) { workshop in
            try workshop.configure(sink: "[sink.retry]\ninitial = \"60s\"\nmax = \"5m\"")
            try Data().write(to: URL(fileURLWithPath: workshop.outputFolder))
            let program = try workshop.start(["run", "--config", workshop.configurationPath])
            try await eventually("the sink fails") { program.said.contains("delivery fails") }
            let start = ContinuousClock.now
            program.signal(SIGTERM)
            #expect(await program.outcome().code == 0)
            #expect(start.duration(to: .now) < .seconds(15))
            try FileManager.default.removeItem(atPath: workshop.outputFolder)
            #expect(try await workshop.run("run", "--once").code == 0)
            #expect(Set(try workshop.deliveredIDs()).isSuperset(of: workshop.truth().prefix(2000)))
        }
    }

    /// A backlog that takes far longer than 10 s to deliver: every record is a batch of its own, for seven sinks.
    private static func withLongBacklog(_ body: (Workshop, Program) async throws -> Void) async throws {
        var options = SimulatorOptions()
        options.history = 60_000
        options.requestsPerSecond = 0
        try await Workshop.with(options) { workshop in
            let small = "[sink.batch]\nmax_records = 1\n"
            let others = (1...6).map { number in
                "[[sink]]\nname = \"s\(number)\"\ntype = \"file\"\npath = \"\(workshop.folder)/\(number).jsonl\"\n"
                    + small
            }
            try workshop.configure(sink: small + others.joined())
            let program = try workshop.start(["run", "--config", workshop.configurationPath])
            try await eventually("there is a backlog, and delivery is under way") {
                try await workshop.collected() > 4000
                    && FileManager.default.fileExists(atPath: workshop.outputFolder)
            }
            program.signal(SIGTERM)
            try await eventually("it says that it stops") { program.said.contains("stopping") }
            try await body(workshop, program)
        }
    }

    @Test func `a second signal ends it at once`() async throws {
        try await Self.withLongBacklog { _, program in
            // Signals within half a second of the first are the same request.
            try await Task.sleep(for: .milliseconds(600))
            let start = ContinuousClock.now
            program.signal(SIGTERM)
            #expect(await program.outcome().wasKilled)
            #expect(start.duration(to: .now) < .seconds(5))
        }
    }

    @Test func `what cannot be delivered within 10 s of SIGTERM waits for the next start`() async throws {
        try await Self.withLongBacklog { workshop, program in
            let start = ContinuousClock.now
            let outcome = await program.outcome()
            #expect(outcome.code == 0 && !outcome.wasKilled)
            #expect((.seconds(8)...(.seconds(20))).contains(start.duration(to: .now)))
            #expect(outcome.complaints.contains("done again after the next start"))
            let ids = try workshop.deliveredIDs()
            #expect(ids.count < 60_000)
            #expect(ids.count == Set(ids).count)
        }
    }

    @Test func `a second service on the same state is refused with a clear sentence and exit 75`() async throws {
        try await Workshop.with(Self.live()) { workshop in
            try workshop.configure()
            let first = try workshop.start(["run", "--config", workshop.configurationPath])
            try await eventually("the service is up") { first.said.contains("started") }
            let second = try await workshop.run("run")
            #expect(second.code == 75)
            #expect(second.complaints.contains("in use by another twilship (process"))
            let status = try await workshop.run("status")
            #expect(status.output.contains("process"))
            first.signal(SIGTERM)
            #expect(await first.outcome().code == 0)
        }
    }

    @Test func `status shows an account that was never reached, and why`() async throws {
        try await Workshop.with(Self.live()) { workshop in
            workshop.simulator.twilio.setFault(.serverError, rate: 1)
            try workshop.configure()
            let program = try workshop.start(["run", "--config", workshop.configurationPath])
            try await eventually("collection fails") { program.said.contains("collection fails") }
            try await eventually("status knows it") {
                try await workshop.run("status").output.contains("failed once")
            }
            let screen = try await workshop.run("status").output
            #expect(screen.contains("production events"))
            #expect(screen.contains("failing"))
            #expect(screen.contains("answered 500"))
            program.signal(SIGTERM)
            #expect(await program.outcome().code == 0)
        }
    }

    @Test func `a Twilio that is down, refuses, lies and comes back costs nothing`() async throws {
        var options = Self.live()
        options.rateFor = .seconds(20)
        try await Workshop.with(options) { workshop in
            try workshop.configure(
                events: "poll_interval = \"1s\"\noverlap = \"5s\"\nreread_after = []\npage_size = 200")
            for fault in [
                SimulatedFault.serverError, .unavailable, .tooMany, .truncated, .reset, .malformedJSON, .contentType,
            ] {
                workshop.simulator.twilio.setFault(fault, rate: 0.1)
            }
            let program = try workshop.start(["run", "--config", workshop.configurationPath])
            try await eventually(within: .seconds(20), "some records came through") {
                try workshop.delivered().count > 0
            }
            for fault in SimulatedFault.allCases { workshop.simulator.twilio.setFault(fault, rate: 0) }
            try await eventually(within: .seconds(120), "everything is delivered") {
                guard workshop.simulator.twilio.summary(at: SimulatorClock.now()).isFinal else { return false }
                return try Set(workshop.deliveredIDs()) == Set(workshop.truth())
            }
            program.signal(SIGTERM)
            #expect(await program.outcome().code == 0)
            let ids = try workshop.deliveredIDs()
            #expect(ids.count == Set(ids).count)
        }
    }
}
