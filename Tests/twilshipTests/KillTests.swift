import Foundation
import Simulating
import Testing

@Suite(.serialized) struct KillTests {
    @Test func `killed 100 times at random moments, the files hold each event once and no torn line`() async throws {
        var options = SimulatorOptions()
        options.requestsPerSecond = 0
        options.history = 100_000
        try await Workshop.with(options) { workshop in
            try workshop.configure(
                // Small pages, so that there is work to interrupt for the whole of the test. It starts a little before the
                // oldest event, a week back, so that the first windows are short.
                events: """
                    poll_interval = "1s"
                    reread_after = []
                    start = "605400s"
                    page_size = 200
                    """,
                sink: "rotate_bytes = \"2 MiB\"\nkeep_files = 1000\n[sink.batch]\nmax_records = 200")
            var random = SystemRandomNumberGenerator()
            for round in 0..<100 {
                let program = try workshop.start(["run", "--config", workshop.configurationPath])
                // The moment is the point of the test: anywhere in what the service does after so many requests, which is
                // the same work on a slow machine and on a fast one.
                let answered = Self.answered(workshop) + Int.random(in: 1...8, using: &random)
                try await eventually("requests are made") { Self.answered(workshop) >= answered }
                try await Task.sleep(for: .milliseconds(Int.random(in: 0..<20, using: &random)))
                program.signal(SIGKILL)
                #expect(await program.outcome().wasKilled)
                if round == 49 {
                    // The kills come while there is work: some of it is done, and some is left.
                    let collected = try await workshop.collected()
                    #expect((1..<100_000).contains(collected))
                }
            }
            let rest = try await workshop.run("run", "--until-idle", "3")
            #expect(rest.code == 0, "\(rest.complaints)")
            let ids = try workshop.deliveredIDs()
            #expect(ids.count == 100_000)
            #expect(Set(workshop.truth()).subtracting(ids).isEmpty)
            let names = try FileManager.default.contentsOfDirectory(atPath: workshop.outputFolder)
            #expect(names.count { $0.hasSuffix(".gz") } > 20)
            #expect(!names.contains { $0.hasSuffix(".tmp") })
        }
    }

    private static func answered(_ workshop: Workshop) -> Int {
        workshop.simulator.twilio.summary(at: SimulatorClock.now()).statuses.values.reduce(0, +)
    }
}
