import Foundation
import Simulating
import Testing

@Suite(.serialized) struct AuditTests {
    private static func options(_ history: Int = 2000) -> SimulatorOptions {
        var options = SimulatorOptions()
        options.history = history
        options.requestsPerSecond = 0
        return options
    }

    private static let all = Workshop.eventsOnly.replacing("start = \"24h\"", with: "start = \"20d\"")

    private static func report(_ outcome: Outcome) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
    }

    /// Takes one record out of what is remembered, by hand.
    /// - Returns: the digits of its SID.
    private static func forget(_ workshop: Workshop) throws -> String {
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
        process.arguments = [
            "-c",
            """
            import sqlite3, sys
            base = sqlite3.connect(sys.argv[1])
            row = base.execute("SELECT id, identities FROM ledger WHERE count > 3 ORDER BY from_ms DESC").fetchone()
            base.execute("UPDATE ledger SET count = count - 1, identities = ? WHERE id = ?", (row[1][16:], row[0]))
            base.commit()
            print(row[1][:16].hex())
            """,
            workshop.folder + "/state/state.sqlite",
        ]
        process.standardOutput = pipe
        try process.run()
        let said = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return said.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    @Test func `a clean range is complete, beside a service and without one`() async throws {
        try await Workshop.with(Self.options()) { workshop in
            try workshop.configure(accounts: ["production"], collections: Self.all)
            let check = {
                let outcome = try await workshop.run("audit", "--from", "8d")
                #expect(outcome.code == 0, "\(outcome.output)\(outcome.complaints)")
                #expect(outcome.output.contains("complete: everything"))
                #expect(outcome.output.contains("the same"))
                let json = try await workshop.run("audit", "--from", "8d", "--json")
                let report = try Self.report(json)
                #expect(report["complete"] as? Bool == true)
                let stream = try #require((report["streams"] as? [[String: Any]])?.first)
                #expect(stream["at_twilio"] as? Int == 2000)
                #expect(stream["taken"] as? Int == 2000)
                #expect(stream["digest_at_twilio"] as? String == stream["digest_taken"] as? String)
                let sinks = try #require(report["sinks"] as? [[String: Any]])
                #expect(sinks.map { $0["sink"] as? String } == ["archive", "second"])
                #expect(sinks.allSatisfy { $0["settled"] as? Int == 2000 && $0["waiting"] as? Int == 0 })
            }
            try await workshop.withService { _ in
                try await eventually("all is delivered") {
                    let second = try workshop.idsOfSecondSink()
                    return try workshop.deliveredLines() == 2000 && second.count == 2000
                }
                // What is being looked at again is read in a moment.
                try await eventually("it is complete") { try await workshop.run("audit", "--from", "8d").code == 0 }
                try await check()
            }
            try await check()
            #expect(try workshop.deliveredLines() == 2000)
        }
    }

    @Test(arguments: [true, false])
    func `a record that is missing is found and collected`(besideService: Bool) async throws {
        try await Workshop.with(Self.options()) { workshop in
            try workshop.configure(accounts: ["production"], collections: Self.all)
            #expect(try await workshop.run("run", "--once").code == 0)
            let digits = try Self.forget(workshop)
            let sid = "AE" + digits
            let body = {
                let found = try await workshop.run("audit", "--from", "8d")
                #expect(found.code == 1, "\(found.output)\(found.complaints)")
                #expect(found.output.contains(sid))
                #expect(found.output.contains("not complete: 1 record is missing"))
                let repaired = try await workshop.run("audit", "--from", "8d", "--repair")
                #expect(repaired.code == 0, "\(repaired.output)\(repaired.complaints)")
                #expect(repaired.complaints.contains("all records that were missing are collected"))
                try await eventually("it is delivered") { try workshop.deliveredIDs().count { $0 == sid } == 2 }
                let again = try await workshop.run("audit", "--from", "8d")
                #expect(again.code == 0, "\(again.output)\(again.complaints)")
            }
            if besideService {
                try await workshop.withService { _ in try await body() }
                let told = try workshop.announced().filter { $0.type == "twilship.operator" }
                #expect(told.map(\.raw.command) == ["audit", "audit", "audit"])
            } else {
                try await body()
            }
            // Nothing but that record came once more.
            #expect(try workshop.deliveredIDs().count == 2001)
        }
    }

    @Test func `what a sink has not got, and what Twilio does not answer, is not complete`() async throws {
        try await Workshop.with(Self.options(300)) { workshop in
            try workshop.configure(accounts: ["production"], collections: Self.all)
            // Where the sink's folder should be, there is a file.
            try Data().write(to: URL(fileURLWithPath: workshop.outputFolder))
            let once = try await workshop.run("run", "--once", "--timeout", "5s")
            #expect(once.code == 75)
            let waiting = try await workshop.run("audit", "--from", "8d", "--json")
            #expect(waiting.code == 1)
            let sinks = try #require(try Self.report(waiting)["sinks"] as? [[String: Any]])
            #expect(sinks.first { $0["sink"] as? String == "archive" }?["waiting"] as? Int == 300)
            workshop.simulator.twilio.setFault(.unauthorized, rate: 1)
            let refused = try await workshop.run("audit", "--from", "8d")
            #expect(refused.code == 77, "\(refused.output)\(refused.complaints)")
        }
    }

    @Test func `what cannot be is refused`() async throws {
        try await Workshop.with(Self.options(10)) { workshop in
            try workshop.configure(accounts: ["production"], collections: Self.all)
            #expect(try await workshop.run("audit", "--from", "1d", "--to", "2d").code == 64)
            #expect(try await workshop.run("audit").code == 64)
            #expect(try await workshop.run("audit", "--from", "1d", "--dataset", "log").code == 64)
            let unknown = try await workshop.run("audit", "--from", "1d", "--account", "prodution")
            #expect(unknown.code == 64 && unknown.complaints.contains("did you mean \"production\"?"))
        }
    }
}
