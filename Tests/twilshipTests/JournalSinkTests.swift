import Foundation
import Simulating
import Testing

/// The real program and a real journald, in a view of the file system of their own.
@Suite(.serialized) struct JournalSinkTests {
    private static let isPossible =
        getuid() == 0 && FileManager.default.isExecutableFile(atPath: "/lib/systemd/systemd-journald")
        && FileManager.default.isExecutableFile(atPath: "/usr/bin/unshare")

    /// Arguments: twilship, its configuration, where to put the journal.
    private static let script = """
        set -eu
        mount -t tmpfs tmpfs /run
        mount -t tmpfs tmpfs /var/log
        mkdir -p /run/systemd/journal /run/log/journal /run/lock
        # Nobody listens there yet.
        "$1" run --once --timeout 8s --config "$2" >&2 && exit 1
        /lib/systemd/systemd-journald & journald=$!
        trap 'kill $journald; wait' EXIT
        while [ ! -S /run/systemd/journal/socket ]; do sleep 0.05; done
        "$1" run --once --config "$2" >&2
        journalctl --sync
        journalctl -D /run/log/journal --all -o json SYSLOG_IDENTIFIER=twilship-record > "$3"
        journalctl -D /run/log/journal -o cat "TWILSHIP_ID=$(sed -n 1p "$4")" >&2
        """

    @Test(.enabled(if: isPossible, "needs root, util-linux and the Debian package systemd"))
    func `records wait for journald, and each is an entry that its fields find`() async throws {
        var options = SimulatorOptions()
        options.requestsPerSecond = 0
        options.history = 300
        try await Workshop.with(options) { workshop in
            try workshop.configure(
                sink: """
                    [[sink]]
                    name = "journal"
                    type = "journal"
                    [sink.retry]
                    initial = "100ms"
                    max = "200ms"

                    """)
            let (entries, wanted) = (workshop.folder + "/entries", workshop.folder + "/wanted")
            try Data((try #require(workshop.truth().first) + "\n").utf8).write(to: URL(filePath: wanted))
            let script = workshop.folder + "/script"
            try Data(Self.script.utf8).write(to: URL(filePath: script))
            let outcome = try await Program(
                ["--mount", "bash", script, Program.path, workshop.configurationPath, entries, wanted],
                environment: [:], executable: "/usr/bin/unshare"
            ).outcome()
            #expect(outcome.code == 0, "\(outcome.complaints)")
            #expect(outcome.complaints.contains("no journald listens at /run/systemd/journal/socket"))

            let lines = try String(contentsOfFile: entries, encoding: .utf8).split(separator: "\n")
            let fields = try lines.map {
                try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
            }.filter { $0["TWILSHIP_DATASET"] as? String == "monitor.events" }
            let ids = fields.compactMap { $0["TWILSHIP_ID"] as? String }
            #expect(ids == (try workshop.deliveredIDs()))
            #expect(fields.compactMap { $0["TWILSHIP_RECORD"] as? String } == (try workshop.delivered()))
            for entry in fields {
                let line = try #require(entry["TWILSHIP_RECORD"] as? String)
                let record = try #require(
                    try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
                #expect(entry["TWILSHIP_TYPE"] as? String == record["type"] as? String)
                #expect(entry["TWILSHIP_SEVERITY"] as? String == record["severity"] as? String)
                #expect(entry["SYSLOG_TIMESTAMP"] as? String == record["time"] as? String)
                #expect(entry["MESSAGE"] as? String == record["message"] as? String)
            }
        }
    }

    @Test func `check reminds of journald's rate limit and what lifts it`() async throws {
        try await Workshop.with(SimulatorOptions()) { workshop in
            try workshop.configure(sink: "[[sink]]\nname = \"journal\"\ntype = \"journal\"\n")
            let outcome = try await workshop.run("check")
            #expect(outcome.code == 0, "\(outcome.complaints)")
            #expect(outcome.output.contains("twilship-journal-sink.conf"))
        }
    }
}
