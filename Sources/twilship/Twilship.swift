import ArgumentParser
import Glibc
import Settings
import SystemdSupport

/// The program: Twilio's audit events and function logs to a SIEM, without losing one.
@main
struct Twilship: AsyncParsableCommand {
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "twilship",
        abstract: "Brings Twilio's audit events to your SIEM without losing one.",
        discussion: """
            Examples:
              twilship init                        a guided first configuration
              twilship check                       is the configuration right?
              twilship check --online              and do the credentials and sinks work?
              twilship run                         the service
              twilship run --once                  collect and deliver what is there, exit
              twilship status                      where every stream and sink stands
              twilship explain AE0123...           what became of one record
              twilship tail --level warning        follow records as they come
              twilship fetch AE0123...             one record, as Twilio has it
              twilship backfill --from 30d --plan  what would collecting the past cost?
              twilship audit --from 7d             is anything missing?
              twilship dead-letters list           what did a sink refuse, and why?
              twilship replay --sink siem --from 2h    send what is spooled again
              twilship checkpoint list             how far is every stream?
              twilship spool verify                can everything kept be read?
            """,
        version: version,
        subcommands: [
            Init.self, Run.self, Check.self, Status.self, Explain.self, Tail.self, Fetch.self, Backfill.self,
            Audit.self,
            DeadLetters.self, Replay.self, Checkpoint.self, SpoolCommand.self, Config.self,
        ])

    static func main() async {
        // A pipe that nobody reads any more is told by write, see `Terminal`.
        signal(SIGPIPE, SIG_IGN)
        if let word = CommandLine.arguments.dropFirst().first, let sentence = refusal(ofCommand: word) {
            exit(withError: ValidationError(sentence))
        }
        await main(nil)
    }

    /// Why a first word is none; nil if it is one, or an option. The parser says only that it did not expect it.
    static func refusal(ofCommand word: String) -> String? {
        let names = configuration.subcommands.flatMap { [$0._commandName] + $0.configuration.aliases } + ["help"]
        guard !word.hasPrefix("-"), !names.contains(word) else { return nil }
        let meant = Suggestion.phrase(for: word, among: names)
        return "There is no command \(word.terminalSafe)" + (meant.isEmpty ? "." : meant)
    }
}

/// What the program answers with; sysexits.h has the meanings.
enum Exit {
    static let unavailable = ExitCode(69)
    static let software = ExitCode(70)
    static let cannotCreate = ExitCode(73)
    static let io = ExitCode(74)
    static let tryAgain = ExitCode(75)
    static let permission = ExitCode(77)
    static let configuration = ExitCode(78)
}
