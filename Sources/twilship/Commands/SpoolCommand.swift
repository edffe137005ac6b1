import ArgumentParser
import Glibc
import PipelineCore

/// Looks into the spool.
struct SpoolCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "spool",
        abstract: "List, check and export what is spooled.",
        discussion: """
            Works beside a running service and without one, and changes nothing.

            Examples:
              twilship spool list
              twilship spool verify
              twilship spool export --from 1d --account production > records.ndjson
            """,
        subcommands: [List.self, Verify.self, Export.self])

    static let exits = """
        73, 74 the state cannot be read; 77 you may not ask the service; 78 the configuration is wrong.
        """

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the files of the spool, and which sinks hold them.",
            discussion: """
                A file is given up once every sink has all of it and [state] retain is over,
                or room is needed.

                Exit codes: 0; \(SpoolCommand.exits)
                """)

        @OptionGroup var options: ConfigurationOptions
        @Flag(help: "Answer as JSON, one file a line.") var json = false

        func run() async throws {
            try await CommandClient(options: options, isExact: json).carryOut(SpoolList(json: json))
        }
    }

    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Read everything that is spooled and check it.",
            discussion: """
                Damaged parts are listed with file and byte. Tells how far it is on stderr.

                Exit codes: 0 all is intact; 1 something is damaged; \(SpoolCommand.exits)
                """)

        @OptionGroup var options: ConfigurationOptions
        @Flag(help: "List damaged parts as JSON, one a line.") var json = false

        func run() async throws {
            try await CommandClient(options: options, isExact: json).carryOut(SpoolVerify(json: json))
        }
    }

    struct Export: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Write spooled records as NDJSON: one envelope a line, in the order of collection.",
            discussion: """
                Delivered records are among them for as long as they are spooled. --from and
                --to go by when records were collected. TIME is \(TimeText.forms).

                Exit codes: 0; 64 wrong usage; 74 something could not be read, and it is told;
                \(SpoolCommand.exits)
                """)

        @OptionGroup var options: ConfigurationOptions
        @Option(help: ArgumentHelp("Collected from here on.", valueName: "time")) var from: String?
        @Option(help: ArgumentHelp("Collected before this.", valueName: "time")) var to: String?
        @Option(help: "Only of this account: its name or SID.") var account: String?
        @Option(help: "Only monitor.events, serverless.logs, monitor.alerts or twilship.") var dataset: String?

        func validate() throws { _ = try request() }

        private func request() throws -> SpoolExport {
            let now = SystemClock().wallNow
            return SpoolExport(
                from: try from.map { try TimeText.instant($0, "--from", now) },
                to: try to.map { try TimeText.instant($0, "--to", now) }, account: account,
                dataset: try dataset.map { try DatasetText.dataset($0, own: true) })
        }

        func run() async throws {
            // Where the records themselves run over the terminal, a bar is in their way.
            let isInTheWay = isatty(STDOUT_FILENO) == 1
            let client = CommandClient(options: options) { kind, text in
                if kind == .progress, isInTheWay { return }
                Terminal.show(kind, text, isJSON: true)
            }
            try await client.carryOut(try request())
        }
    }
}
