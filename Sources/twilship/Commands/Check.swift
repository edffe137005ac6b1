import ArgumentParser
import Settings

/// Says whether the configuration is right.
struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Report every fault of the configuration, and what it will do.",
        discussion: """
            Faults go to stderr as FILE:LINE:COLUMN: error: SENTENCE, all of them in one run.

            Exit codes: 0 the configuration is right; 78 it is not.
            """)

    @OptionGroup var options: ConfigurationOptions

    func run() throws {
        let settings = try options.load(resolveSecrets: true)
        Terminal.say("\(options.config): the configuration is right")
        for account in settings.accounts {
            let datasets = account.collections.filter(\.enabled).map(\.dataset.rawValue).joined(separator: ", ")
            Terminal.say("  account \(account.name) (\(account.accountSID)): \(datasets)")
            for line in BudgetReport(account).lines { Terminal.say("    " + line) }
            if account.subaccounts == .discover {
                Terminal.say(
                    "    and the same of its subaccounts, looked for every \(DurationText.text(account.subaccountInterval))"
                )
            }
        }
        for sink in settings.sinks {
            Terminal.say("  sink \(sink.name): \(sink.type.rawValue), format \(sink.format.rawValue)")
            for line in FilterReport(sink.filter).lines { Terminal.say("    " + line) }
            if sink.type == .journal {
                Terminal.say("    journald drops what exceeds its rate limit, 10,000 entries in 30 s unless it is set")
                Terminal.say("    otherwise; the drop-in twilship-journal-sink.conf lifts it, and says how")
            }
        }
        Terminal.say("  state in \(settings.state.directory), at most \(ByteSize.text(settings.state.maximumBytes))")
    }
}
