import Foundation
import Simulating
import Testing

@Suite(.serialized) struct KillTests {
    private static let kills = 200
    private static let batch = 50
    private static let events = 50_000

    @Test func `killed 200 times at random moments, each sink has every event, and files have it once`() async throws {
        var options = SimulatorOptions()
        options.requestsPerSecond = 0
        options.history = Self.events
        let http = try TroublesomeReceiver(.http)
        let relp = try TroublesomeReceiver(.relp)
        defer { [http, relp].forEach { $0.stop() } }
        try await Workshop.with(options) { workshop in
            try workshop.configure(
                // Small pages, so that there is work to interrupt for the whole of the test. It starts a little before the
                // oldest event, a week back, so that the first windows are short.
                events: """
                    poll_interval = "1s"
                    reread_after = []
                    start = "605400s"
                    page_size = \(Self.batch)
                    """,
                sink: """
                    rotate_bytes = "1 MiB"
                    keep_files = 1000
                    [sink.batch]
                    max_records = \(Self.batch)

                    [[sink]]
                    name = "hook"
                    type = "http"
                    start = "oldest"
                    url = "http://127.0.0.1:\(http.port)/"
                    compression = "none"
                    timeout = "1s"
                    \(Self.quick)

                    [[sink]]
                    name = "relp"
                    type = "syslog"
                    transport = "relp"
                    start = "oldest"
                    address = "127.0.0.1:\(relp.port)"
                    \(Self.quick)
                    """)
            var random = SystemRandomNumberGenerator()
            for round in 0..<Self.kills {
                let program = try workshop.start(["run", "--config", workshop.configurationPath])
                // The moment is the point of the test: anywhere in what the service does after so many requests, which is
                // the same work on a slow machine and on a fast one.
                let answered = Self.answered(workshop) + Int.random(in: 1...8, using: &random)
                let (takes, lost) = (relp.takes + Int.random(in: 1...40, using: &random), relp.unanswered)
                try await eventually("requests are made") { Self.answered(workshop) >= answered }
                // Where reading is much faster than starting to send, no batch would ever be interrupted.
                if round % 4 == 0 {
                    try await eventually("some of a batch is sent") {
                        relp.takes >= takes || relp.unanswered > lost || Self.answered(workshop) >= answered + 20
                    }
                }
                try await Task.sleep(for: .milliseconds(Int.random(in: 0..<20, using: &random)))
                program.signal(SIGKILL)
                #expect(await program.outcome().wasKilled)
                if round == Self.kills / 2 {
                    // The kills come while there is work: some of it is done, and some is left.
                    let collected = try await workshop.collected()
                    #expect((1..<Self.events).contains(collected))
                    for (name, receiver) in [("http", http), ("relp", relp)] {
                        #expect(!receiver.taken.isEmpty, "\(name) took nothing so far, of \(collected)")
                        #expect(receiver.unanswered > 0, "\(name)")
                    }
                }
            }
            [http, relp].forEach { $0.recover() }
            let rest = try await workshop.run("run", "--until-idle", "3")
            #expect(rest.code == 0, "\(rest.complaints)")

            let truth = Set(workshop.truth())
            let ids = try workshop.deliveredIDs()
            #expect(ids.count == Self.events)
            #expect(truth.subtracting(ids).isEmpty)
            let names = try FileManager.default.contentsOfDirectory(atPath: workshop.outputFolder)
            #expect(names.count { $0.hasSuffix(".gz") } > 20)
            #expect(!names.contains { $0.hasSuffix(".tmp") })

            // What is doubled was on its way at a kill, or when an answer was lost.
            for (receiver, onTheWay) in [(http, 1), (relp, 8)] {
                let taken = receiver.taken
                #expect(Set(taken.keys) == truth)
                let doubled = taken.values.reduce(0) { $0 + $1 - 1 }
                #expect(doubled > 0)
                #expect(doubled <= (Self.kills + receiver.unanswered) * onTheWay * Self.batch)
            }
            #expect(http.problems.isEmpty)
        }
    }

    private static let quick = """
        [sink.batch]
        max_records = \(batch)
        [sink.retry]
        initial = "100ms"
        max = "1s"
        """

    private static func answered(_ workshop: Workshop) -> Int {
        workshop.simulator.twilio.summary(at: SimulatorClock.now()).statuses.values.reduce(0, +)
    }
}
