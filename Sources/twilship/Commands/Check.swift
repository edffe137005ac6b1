import ArgumentParser
import Foundation
import Glibc
import Logging
import PipelineCore
import Settings
import Sinks
import SystemdSupport

/// Says whether the configuration is right.
struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Report every fault of the configuration, and what it will do.",
        discussion: """
            Faults go to stderr as FILE:LINE:COLUMN: error: SENTENCE, all of them in one
            run.

            With --online each credential and each sink is tried, all at once and for at
            most some 30 seconds: what a credential may read, names, connections,
            certificates and their dates, RELP, tokens. Nothing is written at the other
            ends, unless --send-test is given. The last hour is read, to tell what a day
            will be.

            Secrets are read, too. One that you may not read is no fault: it is named, and was not looked at. Only root
            and the service's user may read credentials of the service.

            Examples:
              twilship check --config trial.toml
              twilship check --online
              twilship check --online --send-test

            Exit codes: 0 the configuration is right, and everything that was tried works;
            69 something does not; 77 only credentials and permissions are refused; 78 the
            configuration is wrong.
            """)

    @OptionGroup var options: ConfigurationOptions
    @Flag(help: "Try each credential and each sink.") var online = false
    @Flag(
        help: """
            With --online: send each syslog, HTTP and journal sink a record of type twilship.test that says that it is \
            one; over syslog of exactly max_message_bytes, which it tells, to see whether the receiver cuts it.
            """)
    var sendTest = false

    func validate() throws {
        if sendTest, !online { throw ValidationError("--send-test goes with --online.") }
    }

    func run() async throws {
        var closed: [ClosedSecret] = []
        let settings = try options.load(resolveSecrets: true, closed: { closed.append($0) })
        let trials = online ? await Trials(settings, sendsTest: sendTest) : nil
        Terminal.say("\(options.config): the configuration is right")
        for account in settings.accounts {
            let datasets = account.collections.filter(\.enabled).map(\.dataset.rawValue).joined(separator: ", ")
            Terminal.say("  account \(account.name) (\(account.accountSID)): \(datasets)")
            for line in BudgetReport(account, environments: trials?.environments[account.name]).lines {
                Terminal.say("    " + line)
            }
            if account.subaccounts == .discover {
                Terminal.say(
                    "    and the same of its subaccounts, looked for every \(DurationText.text(account.subaccountInterval))"
                )
            }
            trials?.accounts[account.name]?.forEach(say)
        }
        for sink in settings.sinks {
            Terminal.say("  sink \(sink.name): \(sink.type.rawValue), format \(sink.format.rawValue)")
            for line in FilterReport(sink.filter).lines { Terminal.say("    " + line) }
            if sink.type == .journal {
                Terminal.say("    journald drops what exceeds its rate limit, 10,000 entries in 30 s unless it is set")
                Terminal.say("    otherwise; the drop-in twilship-journal-sink.conf lifts it, and says how")
            }
            trials?.sinks[sink.name]?.forEach(say)
        }
        for line in metricsLines(settings.metrics) { Terminal.say("  " + line) }
        for line in Self.lines(closed) { Terminal.say("  " + line) }
        Terminal.say("  state in \(settings.state.directory), at most \(ByteSize.text(settings.state.maximumBytes))")
        // Threads that hang in a look-up or a handshake may still be at work, and exit handlers do not wait for them.
        if let trials { _exit(trials.exit.rawValue) }
    }

    /// What could not be looked at, each once, and who can.
    private static func lines(_ closed: [ClosedSecret]) -> [String] {
        guard !closed.isEmpty else { return [] }
        var lines = ["not looked at, since you may not read it; root's twilship check does:"]
        for secret in closed {
            var line = "  \(secret.reference), the secret of \(secret.owner)"
            if case .credential = secret.reference { line += ": \(secret.path)" }
            if lines.last != line { lines.append(line) }
        }
        return lines
    }

    private func metricsLines(_ metrics: MetricsSettings) -> [String] {
        var lines: [String] = []
        if let address = metrics.listen {
            lines.append("metrics at http://\(address)/metrics")
            if !address.isLoopback {
                lines.append(
                    "  warning: others on the network can read them: names of accounts and sinks, and how they do. "
                        + "There is no password; let a firewall see to it, or listen at 127.0.0.1")
            }
        }
        if let path = metrics.textfile { lines.append("metrics in \(path)") }
        return lines
    }

    private func say(_ finding: Finding) {
        Terminal.say("    \(finding.level.mark): \(finding.text.terminalSafe)")
    }
}

/// What trying has shown, by the names of accounts and sinks.
private struct Trials {
    private(set) var accounts: [String: [Finding]] = [:]
    /// How many were found.
    private(set) var environments: [String: Int] = [:]
    private(set) var sinks: [String: [Finding]] = [:]

    init(_ settings: ResolvedSettings, sendsTest: Bool) async {
        let logger = Logger(label: "twilship") { _ in SwiftLogNoOpLogHandler() }
        let clock = SystemClock()
        enum Result: Sendable {
            case account(String, [AccountTrial.Attempt])
            case sink(String, [Finding])
        }
        await withTaskGroup(of: Result.self) { group in
            for account in settings.accounts {
                let trial = AccountTrial(account: account, estimates: true, clock: clock, logger: logger)
                group.addTask { .account(account.name, await trial.run()) }
            }
            for sink in settings.sinks {
                let trial = SinkTrial(sink: sink, sendsTest: sendsTest, clock: clock, logger: logger)
                group.addTask { .sink(sink.name, await trial.run()) }
            }
            for await result in group {
                switch result {
                case .account(let name, let attempts):
                    accounts[name] = attempts.flatMap { [$0.finding] + ($0.estimate.map { [$0] } ?? []) }
                    environments[name] = attempts.compactMap(\.environments).first?.count
                case .sink(let name, let findings): sinks[name] = findings
                }
            }
        }
    }

    var exit: ExitCode {
        let levels = Set([accounts.values, sinks.values].joined().joined().map(\.level))
        if levels.contains(.failure) { return Exit.unavailable }
        return levels.contains(.refusal) ? Exit.permission : .success
    }
}

extension Finding.Level {
    /// As people are told it.
    var mark: String {
        switch self {
        case .fine: "ok"
        case .note: "note"
        case .warning: "warning"
        case .failure: "failed"
        case .refusal: "refused"
        }
    }
}
