import Foundation
import Simulating
import Testing

@Suite(.serialized) struct BackfillTests {
    private static let day: Int64 = 86_400_000

    private static func options(_ history: Int = 20_000) -> SimulatorOptions {
        var options = SimulatorOptions()
        options.history = history
        options.requestsPerSecond = 0
        return options
    }

    /// A configuration, and an instant within history that lies before the start of collection (24 h).
    private static func prepared(
        _ workshop: Workshop, pages: Int = 1000, rate: Int = 1000
    ) throws -> (from: Int64, text: String) {
        let events = Workshop.eventsOnly.replacing("start = \"24h\"", with: "start = \"24h\"\npage_size = \(pages)")
        try workshop.configure(accounts: ["production"], collections: events, rate: rate)
        let from = (workshop.simulator.twilio.start - 5 * day) / 1000 * 1000
        return (from, instant(from))
    }

    private static func caughtUp(_ workshop: Workshop, _ count: Int) async throws {
        try await eventually("live collection has caught up") { try workshop.deliveredLines() >= count }
    }

    /// How many lines and which ids: each is delivered once.
    private static func expectOnce(_ workshop: Workshop, _ truth: [String]) throws {
        let ids = try workshop.deliveredIDs()
        #expect(ids.count == truth.count)
        #expect(Set(ids) == Set(truth))
    }

    @Test func `history before the start arrives once, beside a service, and live progress is not touched`()
        async throws
    {
        try await Workshop.with(Self.options()) { workshop in
            let (from, text) = try Self.prepared(workshop)
            try await workshop.withService { service in
                try await Self.caughtUp(workshop, 2500)
                let before = try await workshop.stream()
                let outcome = try await workshop.run("backfill", "--from", text)
                #expect(outcome.code == 0, "\(outcome.complaints)")
                #expect(outcome.complaints.contains("job 1 is finished: production monitor.events"))
                #expect(outcome.complaints.contains("backfill --cancel 1"))
                #expect(service.said.contains("backfill finished"))
                let truth = workshop.truth(from: from)
                try await eventually("all is delivered") { try workshop.deliveredLines() >= truth.count }
                // Down to the last minute before the start.
                try Self.expectOnce(workshop, truth)
                let after = try await workshop.stream()
                for key in ["checkpoint_sid", "checkpoint_time", "holes"] {
                    #expect("\(before[key] ?? "")" == "\(after[key] ?? "")", "\(key)")
                }
                #expect("\(before["complete_up_to"] ?? "")" <= "\(after["complete_up_to"] ?? "")")
                let backfilled = try workshop.delivered().filter { $0.contains("\"tags\":[\"backfill\"]") }
                #expect(backfilled.count > 10_000)

                // Nothing of it is done again, and the reason is told.
                let again = try await workshop.run("backfill", "--from", text)
                #expect(again.code == 0)
                #expect(again.complaints.contains("an earlier backfill has read all of it"))
                let recent = try await workshop.run("backfill", "--from", "2h")
                #expect(recent.code == 0)
                #expect(recent.complaints.contains("collection began at"))
                #expect(recent.complaints.contains("there is nothing to do"))
                let list = try await workshop.run("backfill", "--list")
                #expect(list.output.contains("finished"))
                #expect(list.output.split(separator: "\n").count == 2)
                try Self.expectOnce(workshop, truth)
            }
        }
    }

    @Test func `with a sink named, that sink alone gets the range again`() async throws {
        try await Workshop.with(Self.options(5000)) { workshop in
            let (from, text) = try Self.prepared(workshop)
            let until = from + 6 * 3_600_000
            try await workshop.withService { _ in
                try await Self.caughtUp(workshop, 500)
                try await eventually("both sinks have it") {
                    let collected = try await workshop.collected()
                    let first = try workshop.deliveredLines()
                    return try first == collected && workshop.idsOfSecondSink().count == collected
                }
                let before = try workshop.deliveredIDs()
                let outcome = try await workshop.run(
                    "backfill", "--from", text, "--to", instant(until), "--sink", "second")
                #expect(outcome.code == 0, "\(outcome.complaints)")
                let truth = workshop.truth(from: from, to: until)
                #expect(truth.count > 100)
                try await eventually("the sink has it") {
                    Set(try workshop.idsOfSecondSink()).isSuperset(of: truth)
                }
                #expect(try workshop.idsOfSecondSink().count == before.count + truth.count)
                #expect(try workshop.deliveredIDs() == before)
            }
        }
    }

    @Test func `killed in the middle of a backfill, the service goes on with it, and each record arrives once`()
        async throws
    {
        try await Workshop.with(Self.options()) { workshop in
            let (from, text) = try Self.prepared(workshop, pages: 50, rate: 40)
            let service = try await workshop.startedService()
            try await Self.caughtUp(workshop, 2500)
            let noted = try await workshop.run("backfill", "--from", text, "--no-wait")
            #expect(noted.code == 0, "\(noted.complaints)")
            try await eventually("some of it is read") { try workshop.deliveredLines() > 4000 }
            service.signal(SIGKILL)
            #expect(await service.outcome().wasKilled)
            #expect(try workshop.deliveredLines() < 14_000)
            let list = try await workshop.run("backfill", "--list")
            #expect(list.code == 0 && list.output.contains(" %"), "\(list.output)")
            try await workshop.withService { _ in
                let truth = workshop.truth(from: from)
                let follow = try await workshop.run("backfill")
                #expect(follow.code == 0, "\(follow.complaints)")
                #expect(follow.complaints.contains("job 1 is finished"))
                try await eventually("all is delivered") { try workshop.deliveredLines() >= truth.count }
                try Self.expectOnce(workshop, truth)
            }
        }
    }

    @Test func `an account that is renamed in the middle of a backfill does not stop it`() async throws {
        try await Workshop.with(Self.options()) { workshop in
            let (from, text) = try Self.prepared(workshop, pages: 50, rate: 40)
            try await workshop.withService { service in
                try await Self.caughtUp(workshop, 2500)
                let noted = try await workshop.run("backfill", "--from", text, "--no-wait")
                #expect(noted.code == 0, "\(noted.complaints)")
                try await eventually("some of it is read") { try workshop.deliveredLines() > 4000 }
                let configuration = try String(contentsOfFile: workshop.configurationPath, encoding: .utf8)
                try Data(configuration.replacing("name = \"production\"", with: "name = \"renamed\"").utf8)
                    .write(to: URL(fileURLWithPath: workshop.configurationPath))
                service.signal(SIGHUP)
                try await eventually("the reload is done") {
                    service.said.contains("the configuration is reloaded")
                }
                #expect(try workshop.deliveredLines() < 14_000)
                let truth = workshop.truth(from: from)
                let follow = try await workshop.run("backfill")
                #expect(follow.code == 0, "\(follow.complaints)")
                #expect(follow.complaints.contains("job 1 is finished"))
                try await eventually("all is delivered") { try workshop.deliveredLines() >= truth.count }
                try Self.expectOnce(workshop, truth)
                #expect(FileManager.default.fileExists(atPath: workshop.outputFolder + "/renamed.jsonl"))
            }
        }
    }

    @Test func `without a service the command does it itself, and goes on when it was killed or interrupted`()
        async throws
    {
        try await Workshop.with(Self.options()) { workshop in
            let (from, text) = try Self.prepared(workshop, pages: 50, rate: 40)
            // Up to the start of collection only: nothing is collected live here.
            let until = (workshop.simulator.twilio.start - 2 * Self.day) / 1000 * 1000
            let arguments = [
                "backfill", "--from", text, "--to", instant(until), "--config", workshop.configurationPath,
            ]
            let first = try workshop.start(arguments)
            try await eventually("some of it is delivered") { try workshop.deliveredLines() > 1000 }
            first.signal(SIGKILL)
            #expect(await first.outcome().wasKilled)

            let second = try workshop.start(arguments)
            let delivered = try workshop.deliveredLines()
            try await eventually("it goes on") { try workshop.deliveredLines() > delivered + 500 }
            second.signal(SIGINT)
            let interrupted = await second.outcome()
            #expect(interrupted.code == 130, "\(interrupted.complaints)")
            #expect(interrupted.complaints.contains("job 1 goes on"))
            #expect(interrupted.complaints.contains("interrupted"))
            #expect(interrupted.complaints.contains("--cancel"))
            #expect(interrupted.complaints.contains("nothing is lost"))

            let third = try await workshop.run("backfill")
            #expect(third.code == 0, "\(third.complaints)")
            #expect(third.complaints.contains("job 1 is finished"))
            try Self.expectOnce(workshop, workshop.truth(from: from, to: until))
            let fourth = try await workshop.run("backfill")
            #expect(fourth.code == 0 && fourth.complaints.contains("no backfill is open"))
        }
    }

    @Test func `a plan names requests, reads and time, and stores nothing`() async throws {
        try await Workshop.with(Self.options()) { workshop in
            let (from, text) = try Self.prepared(workshop)
            func check(_ outcome: Outcome) throws {
                #expect(outcome.code == 0, "\(outcome.complaints)")
                let match = try #require(
                    outcome.output.firstMatch(
                        of: #/in all about (?<requests>[0-9]+) requests and (?<reads>[0-9]+) records/#))
                let truth = workshop.truth(from: from, to: workshop.simulator.twilio.start - Self.day).count
                let reads = try #require(Int(match.reads))
                #expect((truth / 2...truth * 2).contains(reads), "\(reads), really \(truth)")
                let requests = try #require(Int(match.requests))
                #expect((truth / 1000 / 2...truth / 1000 * 3).contains(requests))
                #expect(outcome.output.contains("left out: from "))
                #expect(outcome.output.contains("a minute at the rate limit"))
                let asked = try #require(
                    outcome.complaints.firstMatch(of: #/samples that took (?<asked>[0-9]+) requests/#))
                #expect(try #require(Int(asked.asked)) <= 5)
            }
            try check(try await workshop.run("backfill", "--from", text, "--plan"))
            #expect(!FileManager.default.fileExists(atPath: workshop.folder + "/state"))
            try await workshop.withService { _ in
                try await Self.caughtUp(workshop, 2500)
                let before = try workshop.deliveredLines()
                try check(try await workshop.run("backfill", "--from", text, "--plan"))
                #expect(try await workshop.run("backfill", "--list").output.contains("there are no backfills"))
                #expect(try workshop.deliveredLines() == before)
            }
        }
    }

    @Test func `one that is cancelled stays cancelled, and the next one is carried out`() async throws {
        try await Workshop.with(Self.options()) { workshop in
            let (_, text) = try Self.prepared(workshop, pages: 20, rate: 20)
            try await workshop.withService { _ in
                // Collection itself is slow here.
                try await eventually("something is delivered") { try workshop.deliveredLines() > 20 }
                let long = try workshop.start([
                    "backfill", "--from", text, "--to", "2d", "--sink", "second", "--config",
                    workshop.configurationPath,
                ])
                try await eventually("it is under way") { try workshop.backfilledInSecondSink() > 100 }
                let cancelled = try await workshop.run("backfill", "--cancel", "1")
                #expect(cancelled.code == 0, "\(cancelled.complaints)")
                let outcome = await long.outcome()
                #expect(outcome.code == 75)
                #expect(outcome.complaints.contains("job 1 was cancelled"))
                let hour = instant(workshop.simulator.twilio.start - 3 * Self.day + 3_600_000)
                let next = try await workshop.run(
                    "backfill", "--from", instant(workshop.simulator.twilio.start - 3 * Self.day), "--to", hour,
                    "--sink", "second")
                #expect(next.code == 0, "\(next.complaints)")
                let again = try await workshop.run("backfill", "--cancel", "1")
                #expect(again.code == 64 && again.complaints.contains("has ended already"))
                #expect(try await workshop.run("backfill", "--cancel", "9").code == 64)
            }
        }
    }

    @Test func `interrupting the command does not stop the job in the service`() async throws {
        try await Workshop.with(Self.options()) { workshop in
            let (_, text) = try Self.prepared(workshop, pages: 20, rate: 20)
            try await workshop.withService { _ in
                let command = try workshop.start(
                    ["backfill", "--from", text, "--sink", "second", "--config", workshop.configurationPath])
                try await eventually("it is noted") { command.said.contains("--cancel 1") }
                command.signal(SIGINT)
                let outcome = await command.outcome()
                #expect(outcome.code == 130)
                #expect(outcome.complaints.contains("goes on in the service"))
                let count = try workshop.backfilledInSecondSink()
                try await eventually("it goes on") { try workshop.backfilledInSecondSink() > count + 200 }
                #expect(try await workshop.run("backfill", "--cancel", "1").code == 0)
            }
        }
    }

    @Test func `what cannot be is refused before anything is noted`() async throws {
        try await Workshop.with(Self.options(10)) { workshop in
            _ = try Self.prepared(workshop)
            func refused(_ arguments: String..., with sentence: String) async throws {
                let program = try workshop.start(["backfill"] + arguments + ["--config", workshop.configurationPath])
                let outcome = await program.outcome()
                #expect(outcome.code == 64, "\(arguments)")
                #expect(outcome.complaints.contains(sentence), "\(outcome.complaints)")
            }
            try await refused("--from", "1d", "--to", "2d", with: "does not lie before")
            try await refused("--from", "soon", with: "is no time like")
            try await refused("--from", "2026-02-30", with: "is no time like")
            try await refused("--to", "1d", with: "--from is missing")
            try await refused("--from", "1d", "--list", with: "stand alone")
            try await refused("--from", "1d", "--dataset", "monitor.event", with: "did you mean \"monitor.events\"?")
            for isServed in [false, true] {
                let check = {
                    try await refused("--from", "1d", "--to", "2999-01-01", with: "in the future")
                    try await refused("--from", "1d", "--account", "prodution", with: "did you mean \"production\"?")
                    try await refused("--from", "1d", "--sink", "archiv", with: "did you mean \"archive\"?")
                    try await refused("--from", "1d", "--dataset", "logs", with: "no account collects serverless.logs")
                }
                if isServed { try await workshop.withService { _ in try await check() } } else { try await check() }
            }
            #expect(try await workshop.run("backfill", "--list").output.contains("there are no backfills"))
        }
    }
}
