import ArgumentParser

/// What sinks refused for good.
struct DeadLetters: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dead-letters",
        abstract: "List, show, send again or drop what a sink refused for good.",
        discussion: """
            A record that a sink refuses for good is kept as a dead letter, with the other
            end's reason. At most 10,000 and 64 MiB are kept; a sink that would add more
            is held instead.

            Works beside a running service, which then does it, and without one.

            Examples:
              twilship dead-letters list --sink siem
              twilship dead-letters show 17
              twilship dead-letters replay 17 18
              twilship dead-letters replay --all --sink siem
              twilship dead-letters drop --all --sink siem --yes
            """,
        subcommands: [List.self, Show.self, Replay.self, Drop.self], aliases: ["dlq"])

    static let exits = """
        Exit codes: 0 done; 64 wrong usage, or there is none of that number; 73, 74 the state cannot be used; 75 another
        process has it; 77 you may not ask the service; 78 the configuration is wrong.
        """

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List dead letters, oldest first.", discussion: DeadLetters.exits)

        @OptionGroup var options: ConfigurationOptions
        @Option(help: "Only those of this sink.") var sink: String?
        @Flag(help: "Answer as JSON, one dead letter a line.") var json = false

        func run() async throws {
            try await CommandClient(options: options, isExact: json).carryOut(DeadLettersList(sink: sink, json: json))
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show a dead letter with its envelope.", discussion: DeadLetters.exits)

        @OptionGroup var options: ConfigurationOptions
        @Flag(help: "Answer as JSON; `envelope` is the line as a text.") var json = false
        @Argument(help: "Its number.") var id: Int64

        func run() async throws {
            try await CommandClient(options: options, isExact: json).carryOut(DeadLettersShow(id: id, json: json))
        }
    }

    struct Replay: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Send dead letters again, behind live records.",
            discussion: """
                What is accepted is gone from the list; what is refused again stays, with the
                new reason. Correct what made the sink refuse them first.

                \(DeadLetters.exits)
                """)

        @OptionGroup var options: ConfigurationOptions
        @OptionGroup var choice: Choice

        func run() async throws {
            try await CommandClient(options: options, isExact: false).carryOut(
                DeadLettersReplay(choice: choice.deadLetters))
        }
    }

    struct Drop: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Drop dead letters for good: their sink never gets them.",
            discussion: """
                Asks first; where there is no terminal, --yes is needed.

                Exit code 1 if the answer is no. \(DeadLetters.exits)
                """)

        @OptionGroup var options: ConfigurationOptions
        @OptionGroup var choice: Choice
        @Flag(help: "Do not ask.") var yes = false

        func run() async throws {
            let what =
                choice.sink.map { "all dead letters of sink \($0)" }
                ?? "dead letter \(choice.ids.map(String.init).joined(separator: ", "))"
            try Confirmation.ask("Drop \(what) for good?", isGiven: yes)
            try await CommandClient(options: options, isExact: false).carryOut(
                DeadLettersDrop(choice: choice.deadLetters))
        }
    }

    struct Choice: ParsableArguments {
        @Argument(help: ArgumentHelp("Their numbers.", valueName: "id")) var ids: [Int64] = []
        @Flag(help: "All of --sink.") var all = false
        @Option(help: "With --all: whose.") var sink: String?

        func validate() throws {
            if all != (sink != nil) { throw ValidationError("--all and --sink go together.") }
            if ids.isEmpty != all {
                throw ValidationError("Give the numbers of dead letters, or --all --sink NAME.")
            }
        }

        var deadLetters: DeadLetterChoice { DeadLetterChoice(ids: ids, sink: sink) }
    }
}
