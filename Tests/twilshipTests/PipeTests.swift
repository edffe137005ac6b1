import Foundation
import Simulating
import Testing

/// The real program with a stdout sink, in real pipes.
@Suite(.serialized) struct PipeTests {
    private static func options(history: Int) -> SimulatorOptions {
        var options = SimulatorOptions()
        options.requestsPerSecond = 0
        options.history = history
        return options
    }

    private static func configure(_ workshop: Workshop) throws {
        try workshop.configure(
            sink: """
                [[sink]]
                name = "pipe"
                type = "stdout"

                """)
    }

    /// Runs a line of shell in which `$TWILSHIP` is the program and `$CONFIG` its configuration.
    private static func shell(_ line: String, _ workshop: Workshop) throws -> Program {
        try Program(
            ["-c", "set -o pipefail; " + line],
            environment: ["TWILSHIP": Program.path, "CONFIG": workshop.configurationPath], executable: "/bin/bash")
    }

    @Test func `a pipe gets every record as one line and nothing else, and a slow reader loses none`() async throws {
        try await Workshop.with(Self.options(history: 2_000)) { workshop in
            try Self.configure(workshop)
            let line = #""$TWILSHIP" run --once --config "$CONFIG" | { sleep 1; dd bs=977 status=none; }"#
            let outcome = try await Self.shell(line, workshop).outcome()
            #expect(outcome.code == 0, "\(outcome.complaints)")
            #expect(outcome.complaints.contains("2000 new records collected"))
            let lines = outcome.output.split(separator: "\n").map(String.init)
            let isSame = try lines.filter { !Workshop.isOwn($0) } == workshop.delivered()
            #expect(isSame)
            #expect(lines.count { !Workshop.isOwn($0) } == 2_000)
        }
    }

    @Test func `a reader that leaves ends --once with exit 75, and the next run delivers what it did not get`()
        async throws
    {
        try await Workshop.with(Self.options(history: 2_000)) { workshop in
            try Self.configure(workshop)
            let line = #""$TWILSHIP" run --once --config "$CONFIG" | head -n 3; exit "${PIPESTATUS[0]}""#
            let first = try await Self.shell(line, workshop).outcome()
            #expect(first.code == 75, "\(first.complaints)")
            #expect(first.complaints.contains("sink pipe: "))
            #expect(first.complaints.contains("the reader of standard output is gone"))
            #expect(first.output.split(separator: "\n").count == 3)

            let second = try await workshop.run("run", "--once")
            #expect(second.code == 0, "\(second.complaints)")
            let lines = second.output.split(separator: "\n").map(String.init)
            let ids = try workshop.deliveredIDs()
            #expect(ids.count == 2_000)
            // What the pipe held when its reader left counts as delivered: 64 KiB, and what was written together with it.
            let rest = lines.filter { !Workshop.isOwn($0) }
            #expect(rest.count > 1_800)
            #expect(try Array(workshop.delivered().suffix(rest.count)) == rest)
        }
    }

    @Test func `the service ends with exit 75 when its reader has left`() async throws {
        try await Workshop.with(Self.options(history: 2_000)) { workshop in
            try Self.configure(workshop)
            let line = #""$TWILSHIP" run --config "$CONFIG" | head -n 1; exit "${PIPESTATUS[0]}""#
            let outcome = try await Self.shell(line, workshop).outcome()
            #expect(outcome.code == 75, "\(outcome.complaints)")
            #expect(outcome.complaints.contains("nobody reads standard output any more"))
            #expect(try await workshop.run("run", "--once").code == 0)
            #expect(try Set(workshop.deliveredIDs()) == Set(workshop.truth()))
        }
    }

    @Test func `a service that is stopped while nobody reads the pipe loses nothing and ends in time`() async throws {
        try await Workshop.with(Self.options(history: 2_000)) { workshop in
            try Self.configure(workshop)
            // The pipe's other end is held by a process that never reads.
            let program = try Self.shell(
                #"{ "$TWILSHIP" run --config "$CONFIG" & echo "pid $!" >&2; wait $!; echo "code $?" >&2; } | sleep 30"#,
                workshop)
            try await eventually("everything is in the other sink") { try workshop.deliveredLines() >= 2_000 }
            let pid = try #require(program.said.firstMatch(of: #/pid (\d+)/#)?.1)
            let start = ContinuousClock.now
            kill(try #require(Int32(pid)), SIGTERM)
            try await eventually("it ends") { program.said.contains("code ") }
            #expect(program.said.contains("code 0"))
            #expect(start.duration(to: .now) < .seconds(9))
            program.signal(SIGTERM)
        }
    }
}
