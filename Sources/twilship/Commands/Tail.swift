import ArgumentParser
import Controlling
import Foundation
import Normalising
import PipelineCore
import Settings
import SystemdSupport

/// Follows records on the terminal.
struct Tail: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Follow records as they come, straight from Twilio.",
        discussion: """
            Nothing is stored, and what the service collects is not touched. Beside a running service the service reads
            them, within its rate limit. Records come with the poll interval of the configuration; those that Twilio
            shows late are marked [late]. Ctrl-C ends it.

            Examples:
              twilship tail --since 10m --level warning
              twilship tail --events --logs --service orders --service 'pay*' --expand
              twilship tail --type 'account*' --json | jq .actor

            Exit codes: 64 wrong usage; 75 the service has stopped; 77 you may not ask the service; 78 the configuration
            is wrong. Trouble at Twilio is told on stderr, and it goes on.
            """)

    @OptionGroup var options: ConfigurationOptions
    @Option(help: "Only this account; may be repeated.") var account: [String] = []
    @Flag(help: "Audit events; with none of --events, --logs and --alerts, all that is collected.") var events = false
    @Flag(help: "Function logs.") var logs = false
    @Flag(help: "Alerts.") var alerts = false
    @Option(
        help: ArgumentHelp("Logs of services whose SID or unique name matches; may be repeated.", valueName: "glob"))
    var service: [String] = []
    @Option(
        help: ArgumentHelp("Logs of environments whose SID or unique name matches; may be repeated.", valueName: "glob")
    )
    var environment: [String] = []
    @Option(
        help: ArgumentHelp("Logs of this function: ZH and 32 hexadecimal digits; may be repeated.", valueName: "sid"))
    var function: [String] = []
    @Option(help: "At least this severe: debug, info, notice, warning, error, critical or alert.") var level: String?
    @Option(help: ArgumentHelp("Records whose type matches, like account*; may be repeated.", valueName: "glob"))
    var type: [String] = []
    @Option(help: ArgumentHelp("Begin this far back.", valueName: "duration")) var since = "0s"
    @Flag(help: "Show each record in several lines: its message as it was printed, and who did what to what.")
    var expand = false
    @Flag(help: "Print each record's envelope, one a line.") var json = false

    func validate() throws {
        if json, expand { throw ValidationError("--json and --expand exclude each other.") }
        _ = try request()
    }

    private func request() throws -> TailRequest {
        var request = TailRequest()
        guard let since = DurationText.duration(since), since <= TailRequest.longestSince else {
            throw ValidationError(
                "--since \(self.since) is not a duration like 30s, 10m or 2h, of 400 days at the most.")
        }
        request.since = since
        request.hasPlaces = !json
        request.accounts = account
        request.datasets =
            (events ? [.monitorEvents] : []) + (logs ? [.serverlessLogs] : []) + (alerts ? [.monitorAlerts] : [])
        (request.services, request.environments, request.types) = (service, environment, type)
        for (option, patterns) in [("--service", service), ("--environment", environment), ("--type", type)] {
            for pattern in patterns where Glob(pattern) == nil {
                throw ValidationError("\(option) \(pattern) is no pattern: * stands for any characters, ? for one.")
            }
        }
        for sid in function where sid.wholeMatch(of: #/ZH[0-9a-f]{32}/#) == nil {
            throw ValidationError("--function \(sid) is no SID of a function: ZH and 32 hexadecimal digits.")
        }
        request.functions = function
        if let level {
            guard let severity = Severity(name: level == "warn" ? "warning" : level.lowercased()) else {
                let names = Severity.allCases.reversed().map(\.name).joined(separator: ", ")
                throw ValidationError("--level \(level) is none of \(names).")
            }
            request.level = severity
        }
        let meansLogs = !service.isEmpty || !environment.isEmpty || !function.isEmpty
        if meansLogs, !request.datasets.isEmpty, !logs {
            throw ValidationError(
                "--service, --environment and --function choose logs; add --logs or leave the others out.")
        }
        if meansLogs, request.datasets.isEmpty { request.datasets = [.serverlessLogs] }
        return request
    }

    func run() async throws {
        let request = try request()
        let (isJSON, isExpanded, hasColour) = (json, expand, Terminal.hasColour)
        let client = CommandClient(options: options) { kind, text in
            guard kind == .answer, !isJSON, let line = TailLine(text) else {
                return Terminal.show(kind, text, isJSON: isJSON)
            }
            Terminal.say(line.shown(colour: hasColour))
            if isExpanded { line.details(colour: hasColour).forEach(Terminal.say) }
        }
        try await client.carryOut(request.control) { settings, logger, voice in
            let lookout = try Lookout.make(settings, logger)
            await lookout.findSubaccounts(voice.spoken)
            let wanted = Set(request.accounts)
            let datasets = request.datasets.isEmpty ? Set(Dataset.allCases) : Set(request.datasets)
            let work = TailWork(
                network: lookout.network,
                normaliser: Normaliser(collector: ProcessInfo.processInfo.hostName, version: Twilship.version),
                interval: lookout.interval,
                streams: {
                    await lookout.streams(of: { wanted.isEmpty || wanted.contains($0) }, datasets, voice.spoken)
                },
                counted: { _, _, _, _, _ in })
            return try await work.run(request, voice)
        }
    }
}
