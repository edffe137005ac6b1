import Foundation
import Simulating
import Testing

@Suite(.serialized) struct OnceTests {
    @Test func `60,000 events are delivered once and in order, again nothing, and then only what is new`() async throws
    {
        var options = SimulatorOptions()
        options.requestsPerSecond = 0
        options.history = 60_000
        try await Workshop.with(options) { workshop in
            try workshop.configure(top: "max_bytes = \"1 GiB\"")
            let first = try await workshop.run("run", "--once")
            #expect(first.code == 0, "\(first.complaints)")
            let truth = workshop.truth()
            #expect(truth.count == 60_000)
            // The truth is sorted by time; so are the files, and by SID within a second.
            let ids = try workshop.deliveredIDs()
            #expect(ids.count == truth.count)
            #expect(Set(truth).subtracting(ids).isEmpty)
            let order = try workshop.delivered().map { line in
                try #require(line.firstMatch(of: /"time":"([^"]+)"/)).1 + "|"
                    + (try #require(line.firstMatch(of: /"id":"([^"]+)"/)).1)
            }
            #expect(zip(order, order.dropFirst()).allSatisfy { $0 < $1 })

            let second = try await workshop.run("run", "--once")
            #expect(second.code == 0, "\(second.complaints)")
            #expect(try workshop.deliveredIDs().count == 60_000)

            let new = workshop.simulator.twilio.emit(25, account: workshop.account.sid, at: SimulatorClock.now())
            let third = try await workshop.run("run", "--once")
            #expect(third.code == 0, "\(third.complaints)")
            #expect(try workshop.deliveredIDs().count == 60_025)
            #expect(Set(try workshop.deliveredIDs().suffix(25)) == Set(new))
        }
    }

    @Test func `a sink that fails until time is up is named, with exit 75, and nothing is lost`() async throws {
        var options = SimulatorOptions()
        options.history = 50
        options.requestsPerSecond = 0
        try await Workshop.with(options) { workshop in
            try workshop.configure()
            // A file where the folder should be.
            try Data().write(to: URL(fileURLWithPath: workshop.outputFolder))
            let outcome = try await workshop.run("run", "--once", "--timeout", "6s")
            #expect(outcome.code == 75)
            #expect(outcome.complaints.contains("sink archive: 50 records not delivered"))
            try FileManager.default.removeItem(atPath: workshop.outputFolder)
            #expect(try await workshop.run("run", "--once").code == 0)
            #expect(Set(try workshop.deliveredIDs()) == Set(workshop.truth()))
        }
    }

    @Test func `a refused credential ends with exit 77 and Twilio's own words`() async throws {
        var options = SimulatorOptions()
        options.history = 50
        try await Workshop.with(options) { workshop in
            try workshop.configure()
            try Data("wrong".utf8).write(to: URL(fileURLWithPath: workshop.folder + "/secret"))
            let outcome = try await workshop.run("run", "--once")
            #expect(outcome.code == 77)
            #expect(outcome.complaints.contains("20003"))
            #expect(!outcome.complaints.contains("wrong"))
        }
    }
}
