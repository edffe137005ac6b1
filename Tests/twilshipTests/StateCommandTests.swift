import Foundation
import PipelineCore
import Simulating
import Spooling
import Testing

@testable import twilship

/// Commands on what is remembered: `dead-letters`, `replay`, `spool`, `checkpoint`, `explain`.
@Suite(.serialized) struct StateCommandTests {
    private static func options(_ history: Int = 800) -> SimulatorOptions {
        var options = SimulatorOptions()
        options.history = history
        options.requestsPerSecond = 0
        return options
    }

    /// A workshop in which everything was collected and delivered, and no service runs.
    private static func withDelivered(_ body: (Workshop, _ delivered: Int) async throws -> Void) async throws {
        try await Workshop.with(options()) { workshop in
            try workshop.configure(accounts: ["production"], collections: Workshop.eventsOnly)
            let outcome = try await workshop.run("run", "--once")
            #expect(outcome.code == 0, "\(outcome.complaints)")
            let delivered = try workshop.deliveredLines()
            #expect(delivered > 20)
            try await body(workshop, delivered)
        }
    }

    private static func objects(_ text: String) throws -> [[String: Any]] {
        try text.split(separator: "\n").map { line in
            try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        }
    }

    // MARK: - Dead letters

    @Test func `dead letters are listed, shown, asked for again and dropped, with and without a service`() async throws
    {
        try await Self.withDelivered { workshop, _ in
            try await workshop.refuse(4, by: "second", reason: "400 \u{1b}[31mno\u{202e}")
            func look(_ first: Int64) async throws {
                let list = try await workshop.run("dead-letters", "list")
                #expect(list.code == 0, "\(list.complaints)")
                #expect(list.output.contains("400 \\x1b[31mno\\u202e"))
                #expect(!list.output.contains("\u{1b}"))
                let letters = try Self.objects(
                    try await workshop.run("dlq", "list", "--sink", "second", "--json").output)
                let letter = try #require(letters.first)
                #expect(letter["id"] as? Int64 == first)
                #expect(letter["sink"] as? String == "second")
                #expect(letter["reason"] as? String == "400 \u{1b}[31mno\u{202e}")
                #expect(letter["attempts"] as? Int == 1)
                #expect(letter["dataset"] as? String == "monitor.events")
                let id = try #require(letter["record_id"] as? String)
                #expect(try await workshop.run("dead-letters", "list", "--sink", "archive", "--json").output == "")

                let shown = try await workshop.run("dead-letters", "show", "\(first)")
                #expect(shown.code == 0)
                #expect(shown.output.contains("dead letter \(first) of sink second"))
                #expect(shown.output.contains("\n  \"id\": \"\(id)\""))
                let exact = try Self.objects(
                    try await workshop.run("dead-letters", "show", "\(first)", "--json").output)
                let envelope = try #require(exact.first?["envelope"] as? String)
                #expect(try Workshop.ids(envelope) == [id])

                let absent = try await workshop.run("dead-letters", "show", "99")
                #expect(absent.code == 64)
                #expect(absent.complaints.contains("there is no dead letter 99"))
                let partly = try await workshop.run("dead-letters", "drop", "--yes", "\(first)", "99")
                #expect(partly.code == 64)
                let misspelt = try await workshop.run("dead-letters", "replay", "--all", "--sink", "secnod")
                #expect(misspelt.code == 64)
                #expect(misspelt.complaints.contains("did you mean \"second\"?"))
                let unsure = try await workshop.run("dead-letters", "drop", "\(first)")
                #expect(unsure.code == 64)
                #expect(unsure.complaints.contains("--yes"))

                let explained = try await workshop.run("explain", id)
                #expect(explained.code == 0)
                #expect(explained.output.contains("sink second: dead letter \(first), refused"))
                #expect(explained.output.contains("sink archive: delivered"))

                let dropped = try await workshop.run("dead-letters", "drop", "\(first)", "--yes")
                #expect(dropped.code == 0, "\(dropped.complaints)")
                #expect(dropped.complaints.contains("1 dead letters are dropped"))
                let after = try await workshop.run("explain", id)
                #expect(after.output.contains("its dead letter dropped"))
            }
            try await look(1)
            try await workshop.withService { service in
                try await look(2)
                #expect(service.said.contains("command=dead-letters-drop"))
                #expect(service.said.contains("caller.uid=\(getuid())"))
            }
            let status = try await workshop.run("status")
            #expect(status.output.contains("WARNING   sink second has refused 2 records for good"))
            #expect(status.output.contains("twilship dead-letters list --sink second"))
            let again = try await workshop.run("dead-letters", "replay", "3")
            #expect(again.code == 0, "\(again.complaints)")
            #expect(again.complaints.contains("with the next start of the service"))
            let waiting = try Self.objects(try await workshop.run("dead-letters", "list", "--json").output)
            #expect(waiting.map { $0["replay_requested_at"] != nil } == [true, false])
            let all = try await workshop.run("dead-letters", "replay", "--all", "--sink", "second")
            #expect(all.complaints.contains("1 of 2 dead letters"))
            let report = try await workshop.report()
            let sinks = try #require(report["sinks"] as? [[String: Any]])
            let second = try #require(sinks.first { $0["name"] as? String == "second" })
            #expect(second["dead_letters"] as? Int == 2)
            #expect(second["dead_letters_waiting"] as? Int == 2)
            #expect(second["rejected"] as? Int == 4)

            let id = try #require(waiting.first?["record_id"] as? String)
            try await workshop.withService { _ in
                try await eventually("what was asked for is delivered") {
                    try await workshop.run("dead-letters", "list", "--json").output.isEmpty
                }
            }
            let explained = try await workshop.run("explain", id)
            #expect(explained.output.contains("when its dead letter was sent again, at attempt 2; refused before: 400"))
            let copies = try workshop.idsOfSecondSink().count { $0 == id }
            #expect(copies == 2)
        }
    }

    // MARK: - Replay

    @Test func `a replay says what is still spooled, and is listed and cancelled`() async throws {
        try await Self.withDelivered { workshop, delivered in
            let ids = Set(try workshop.deliveredIDs())
            let noted = try await workshop.run("replay", "--sink", "archive", "--from", "30d")
            #expect(noted.code == 0, "\(noted.complaints)")
            #expect(noted.complaints.contains("the spool holds \(delivered) records, the oldest collected"))
            #expect(noted.complaints.contains("backfill --sink archive"))
            #expect(noted.complaints.contains("replay 1: \(delivered) spooled records"))
            let report = try await workshop.report()
            let sinks = try #require(report["sinks"] as? [[String: Any]])
            let archive = try #require(sinks.first { $0["name"] as? String == "archive" })
            #expect(archive["replay_depth"] as? Int == delivered)
            let status = try await workshop.run("status")
            #expect(status.output.contains("sink archive: \(delivered) records to be replayed"))

            let sid = try #require(try workshop.deliveredIDs().last)
            let explained = try await workshop.run("explain", sid)
            #expect(explained.output.contains("is to be sent again by replay 1"))

            let list = try Self.objects(try await workshop.run("replay", "--list", "--json").output)
            #expect(list.first?["state"] as? String == "open")
            #expect(list.first?["remaining"] as? Int == delivered)
            #expect(list.first?["requested_by"] as? Int == Int(getuid()))
            #expect(try await workshop.run("replay", "--cancel", "1").code == 0)
            let twice = try await workshop.run("replay", "--cancel", "1")
            #expect(twice.code == 64)
            #expect(twice.complaints.contains("has ended already"))
            let table = try await workshop.run("replay", "--list").output
            #expect(table.contains("cancelled"))

            let none = try await workshop.run("replay", "--sink", "archive", "--from", "30d", "--to", "20d")
            #expect(none.code == 69)
            #expect(none.complaints.contains("the spool holds no record collected from"))
            #expect(try await workshop.run("replay", "--sink", "nobody", "--from", "1h").code == 64)
            #expect(try await workshop.run("replay", "--sink", "archive").code == 64)
            #expect(try await workshop.run("replay", "--list", "--cancel", "1").code == 64)

            try await workshop.withService { service in
                let beside = try await workshop.run("replay", "--sink", "archive", "--from", "30d")
                #expect(beside.code == 0, "\(beside.complaints)")
                #expect(beside.complaints.contains("behind live ones"))
                let jobs = try Self.objects(try await workshop.run("replay", "--list", "--json").output)
                #expect(jobs.count == 2)
                #expect(service.said.contains("command=replay"))
                try await eventually("all of it is delivered once more") {
                    try workshop.deliveredIDs().count { ids.contains($0) } >= 2 * delivered
                }
                try await eventually("it is finished") {
                    try await workshop.run("replay", "--list").output.contains("finished")
                }
            }
        }
    }

    // MARK: - Spool

    @Test func `the spool is listed, checked and exported, with and without a service`() async throws {
        try await Self.withDelivered { workshop, delivered in
            let ids = Set(try workshop.deliveredIDs())
            func look() async throws {
                let list = try Self.objects(try await workshop.run("spool", "list", "--json").output)
                #expect(list.compactMap { $0["records"] as? Int }.reduce(0, +) >= delivered)
                #expect(list.allSatisfy { ($0["held_by"] as? [String])?.isEmpty == true })
                let table = try await workshop.run("spool", "list")
                #expect(table.output.contains("COLLECTED FROM"))
                let verified = try await workshop.run("spool", "verify")
                #expect(verified.code == 0, "\(verified.complaints)")
                #expect(verified.complaints.contains("are intact"))
                let exported = try await workshop.run("spool", "export", "--account", "production")
                #expect(exported.code == 0, "\(exported.complaints)")
                #expect(ids.isSubset(of: try Workshop.ids(exported.output)))
                #expect(try await workshop.run("spool", "export", "--dataset", "logs").output == "")
                #expect(try await workshop.run("spool", "export", "--to", "1d").output == "")
                #expect(try await workshop.run("spool", "export", "--dataset", "nonsense").code == 64)
            }
            try await look()
            try await workshop.withService { _ in try await look() }

            // Damage in the middle of the first part.
            let path = workshop.folder + "/state/spool/0000000001.seg"
            let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
            try file.seek(toOffset: 2000)
            try file.write(contentsOf: Data([0x00]))
            try file.close()
            let damaged = try await workshop.run("spool", "verify")
            #expect(damaged.code == 1)
            #expect(damaged.output.contains("\(path): damaged at byte 0, "))
            #expect(damaged.complaints.contains("cannot be read"))
            let report = try Self.objects(try await workshop.run("spool", "verify", "--json").output)
            #expect(report.map { $0["offset"] as? Int } == [0])
            let rest = try await workshop.run("spool", "export")
            #expect(rest.code == 74)
            let lost = ids.subtracting(try Workshop.ids(rest.output))
            #expect(!lost.isEmpty)
            let explained = try await workshop.run("explain", try #require(lost.first))
            #expect(explained.code == 0, "\(explained.complaints)")
            #expect(explained.output.contains("cannot be read: \(path), byte 0"))
        }
    }

    @Test func `an export that nobody reads to its end is quiet`() async throws {
        try await Self.withDelivered { workshop, _ in
            let program = try Program(
                [
                    "-c",
                    "'\(Program.path)' spool export --config '\(workshop.configurationPath)' | head -n 1; "
                        + "echo ${PIPESTATUS[0]}",
                ], environment: [:], executable: "/bin/bash")
            let outcome = await program.outcome()
            #expect(outcome.complaints == "")
            #expect(outcome.output.hasSuffix("}\n0\n"))
        }
    }

    // MARK: - Checkpoint

    @Test func `a place set back is read again without sending anything twice, or all of it with --forget`()
        async throws
    {
        try await Self.withDelivered { workshop, delivered in
            func once() async throws -> Int {
                let outcome = try await workshop.run("run", "--once")
                #expect(outcome.code == 0, "\(outcome.complaints)")
                return try workshop.deliveredLines()
            }
            let before = try await once()
            let readBefore = try #require(try await workshop.stream()["records_read_today"] as? Int)

            let unsure = try await workshop.run("checkpoint", "set", "--account", "production", "20h")
            #expect(unsure.code == 64)
            #expect(unsure.complaints.contains("read again from"))
            #expect(unsure.complaints.contains("--yes"))
            let list = try Self.objects(try await workshop.run("checkpoint", "list", "--json").output)
            let place = try #require(list.first)
            #expect(place["remembered_from"] == nil)
            #expect(place["account"] as? String == "production")

            let set = try await workshop.run("checkpoint", "set", "--account", "production", "--yes", "20h")
            #expect(set.code == 0, "\(set.complaints)")
            let behind = try #require(try await workshop.stream()["lag_seconds"] as? Double)
            #expect(behind > 19 * 3600)
            #expect(try await once() == before)
            let readAfter = try #require(try await workshop.stream()["records_read_today"] as? Int)
            #expect(readAfter > readBefore + 20)

            let from = (workshop.simulator.twilio.start - 20 * 3_600_000) / 1000 * 1000
            let recent = workshop.truth(from: from, to: workshop.simulator.twilio.start).count
            #expect(recent > 20)
            let forget = try await workshop.run(
                "checkpoint", "set", "--account", "production", "--dataset", "events", "--forget", "--yes",
                instant(from))
            #expect(forget.code == 0, "\(forget.complaints)")
            #expect(forget.complaints.contains("records are forgotten and sent again"))
            let again = try await once()
            #expect(again >= before + recent)
            let ids = try workshop.deliveredIDs()
            #expect(Set(ids).count < ids.count)

            let reset = try await workshop.run("checkpoint", "reset", "--account", "production", "--yes")
            #expect(reset.code == 0, "\(reset.complaints)")
            #expect(try await once() >= again + delivered)
        }
    }

    @Test func `a running service takes up a stream whose place is set back`() async throws {
        try await Self.withDelivered { workshop, _ in
            try await workshop.withService { service in
                try await eventually("the service has read") {
                    try await workshop.stream()["state"] as? String == "waiting"
                }
                let before = try workshop.deliveredLines()
                let from = (workshop.simulator.twilio.start - 20 * 3_600_000) / 1000 * 1000
                let recent = workshop.truth(from: from, to: workshop.simulator.twilio.start).count
                let set = try await workshop.run(
                    "checkpoint", "set", "--account", "production", "--forget", "--yes", instant(from))
                #expect(set.code == 0, "\(set.complaints)")
                #expect(!set.complaints.contains("next start"))
                try await eventually("it is sent again") { try workshop.deliveredLines() >= before + recent }
                #expect(service.said.contains("command=checkpoint-set"))
                // New records come as before.
                let status = try await workshop.stream()
                #expect(status["failures"] as? Int == 0)
                try await eventually("it has caught up") {
                    (try await workshop.stream()["lag_seconds"] as? Double ?? .infinity) < 60
                }
            }
        }
    }

    @Test func `a place that cannot be set is refused, and says why`() async throws {
        try await Self.withDelivered { workshop, _ in
            for (arguments, words) in [
                (["set", "--account", "nobody", "1h"], "there is no account \"nobody\""),
                (["set", "--account", "production", "60d"], "more than 28 days ago"),
                (["set", "--account", "production", "2100-01-01"], "lies in the future"),
                (["set", "--account", "production", "--service", "ZS1", "1h"], "there is no such stream"),
                (["set", "--account", "production", "yesterday"], "is no time like"),
                (["reset"], "--account"),
            ] {
                let outcome = try await workshop.start(
                    ["checkpoint"] + arguments + ["--yes", "--config", workshop.configurationPath]
                ).outcome()
                #expect(outcome.code == 64)
                #expect(outcome.complaints.contains(words), "\(outcome.complaints)")
            }
        }
    }

    // MARK: - Without a state

    @Test func `where there is no state, commands say so and make none`() async throws {
        try await Workshop.with(Self.options()) { workshop in
            try workshop.configure(accounts: ["production"], collections: Workshop.eventsOnly)
            for arguments in [
                ["dead-letters", "list"], ["dead-letters", "replay", "1"], ["replay", "--list"],
                ["replay", "--sink", "archive", "--from", "1h"], ["spool", "list"], ["spool", "verify"],
                ["spool", "export"], ["checkpoint", "list"],
                ["checkpoint", "reset", "--account", "production", "--yes"],
                ["explain", "AE" + String(repeating: "0", count: 32)], ["backfill"], ["backfill", "--cancel", "1"],
            ] {
                let outcome = try await workshop.start(
                    arguments + ["--config", workshop.configurationPath]
                ).outcome()
                #expect(outcome.code == 73, "\(arguments): \(outcome.complaints)")
                #expect(outcome.complaints.contains("there is no state there yet"))
            }
            #expect(!FileManager.default.fileExists(atPath: workshop.folder + "/state"))
        }
    }

    @Test func `what is no id of a record is wrong usage`() async throws {
        for id in ["garbage", "AE12", "sha256:12", "sha256:" + String(repeating: "g", count: 64)] {
            let outcome = try await Program(["explain", id], environment: [:]).outcome()
            #expect(outcome.code == 64)
            #expect(outcome.complaints.contains("32 hexadecimal digits"))
        }
    }
}

extension Workshop {
    /// Makes the oldest spooled records dead letters of a sink, while no service runs.
    func refuse(_ count: Int, by sink: String, reason: String) async throws {
        let spool = try Spool(
            directory: StateDirectory(path: folder + "/state"),
            options: SpoolOptions(maximumBytes: 1 << 30, retain: .seconds(86_400)), version: Twilship.version,
            now: { SystemClock().wallNow })
        let job = try #require(
            try await spool.addReplay(
                sink: sink, from: Timestamp(milliseconds: 0), to: SystemClock().wallNow + .seconds(60), requestedBy: 0))
        let resend = try #require(
            try await spool.nextResend(of: sink, maximumRecords: count, maximumBytes: .max))
        try await spool.settle(
            resend, of: sink, verdicts: resend.records.map { _ in .rejected(reason: reason) }, filtered: [], state: [:])
        _ = try await spool.cancelReplay(job.id)
        try await spool.close()
    }

    /// `status --json`.
    fileprivate func report() async throws -> [String: Any] {
        let text = try await run("status", "--json").output
        return try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }
}
