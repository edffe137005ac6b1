import ArgumentParser
import PipelineCore

/// How far streams are, and having them read again.
struct Checkpoint: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List how far streams are, or have them read again.",
        discussion: """
            Examples:
              twilship checkpoint list
              twilship checkpoint set --account production 2026-10-01T08:00:00Z
              twilship checkpoint set --account production --dataset events --forget 6h
              twilship checkpoint reset --account staging
            """,
        subcommands: [List.self, Set.self, Reset.self])

    static let exits = """
        Exit codes: 0 done; 1 the answer was no; 64 wrong usage, or it would send records twice; 73, 74 the state cannot be
        used; 75 another process has it; 77 you may not ask the service; 78 the configuration is wrong.
        """

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the last record and the completeness of every stream.",
            discussion: "Exit codes: 0; 64 wrong usage; \(SpoolCommand.exits)")

        @OptionGroup var options: ConfigurationOptions
        @Option(help: "Only this account: its name or SID.") var account: String?
        @OptionGroup var streams: Streams
        @Flag(help: "Answer as JSON, one stream a line.") var json = false

        func run() async throws {
            try await CommandClient(options: options, isExact: json).carryOut(
                CheckpointList(choice: try streams.choice(account), json: json))
        }
    }

    struct Set: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Have streams read again from TIME on.",
            discussion: """
                What was collected is recognised and not sent again; with --forget it is sent
                to all sinks again. Without --forget, TIME can lie as far back as records are
                remembered one by one: `checkpoint list --json` says from when. A running
                service goes on with the new place at once; without one it is done at its next
                start.

                Asks first; where there is no terminal, --yes is needed. TIME is
                \(TimeText.forms).

                \(Checkpoint.exits)
                """)

        @OptionGroup var options: ConfigurationOptions
        @Option(help: "The account: its name or SID.") var account: String
        @OptionGroup var streams: Streams
        @Flag(help: "Forget what was collected since TIME, so that it is sent again.") var forget = false
        @Flag(help: "Do not ask.") var yes = false
        @Argument(help: "Where to begin.") var time: String

        func validate() throws {
            _ = try TimeText.instant(time, "TIME", SystemClock().wallNow)
            _ = try streams.choice(account)
        }

        func run() async throws {
            let time = try TimeText.instant(time, "TIME", SystemClock().wallNow)
            try await Checkpoint.carryOut(
                CheckpointSet(choice: try streams.choice(account), time: time, forgets: forget, isTrial: false),
                options,
                isGiven: yes)
        }
    }

    struct Reset: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Forget all that streams have collected, and collect it again from their start on.",
            discussion: """
                At most 28 days back; everything is sent to all sinks again. Asks first; where
                there is no terminal, --yes is needed.

                \(Checkpoint.exits)
                """)

        @OptionGroup var options: ConfigurationOptions
        @Option(help: "The account: its name or SID.") var account: String
        @OptionGroup var streams: Streams
        @Flag(help: "Do not ask.") var yes = false

        func validate() throws { _ = try streams.choice(account) }

        func run() async throws {
            try await Checkpoint.carryOut(
                CheckpointSet(choice: try streams.choice(account), time: nil, forgets: true, isTrial: false), options,
                isGiven: yes)
        }
    }

    /// Tells what would be done, asks, and does it.
    private static func carryOut(
        _ command: CheckpointSet, _ options: ConfigurationOptions, isGiven: Bool
    ) async throws {
        let client = CommandClient(options: options, isExact: false)
        if !isGiven {
            var trial = command
            trial.isTrial = true
            try await client.carryOut(trial)
        }
        try Confirmation.ask("Do that?", isGiven: isGiven)
        try await client.carryOut(command)
    }

    struct Streams: ParsableArguments {
        @Option(help: "Only monitor.events, serverless.logs or monitor.alerts.") var dataset: String?
        @Option(help: "Only function logs of this service: SID or unique name.") var service: String?
        @Option(help: "Only function logs of this environment: SID or unique name.") var environment: String?

        /// - Throws: `ValidationError`.
        func choice(_ account: String?) throws -> StreamChoice {
            StreamChoice(
                account: account, dataset: try dataset.map { try DatasetText.dataset($0) }, service: service,
                environment: environment)
        }
    }
}
