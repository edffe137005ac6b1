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

            Exit codes: 64 wrong usage; 75 the service has stopped; 77 you may not ask the service; 78 the configuration
            is wrong. Trouble at Twilio is told on stderr, and it goes on.
            """)

    @OptionGroup var options: ConfigurationOptions
    @Option(help: "Only this account; may be repeated.") var account: [String] = []
    @Flag(help: "Audit events; with none of --events, --logs and --alerts, all that is collected.") var events = false
    @Flag(help: "Function logs.") var logs = false
    @Flag(help: "Alerts.") var alerts = false
    @Option(help: ArgumentHelp("Logs of services whose SID or unique name matches.", valueName: "glob"))
    var service: String?
    @Option(help: ArgumentHelp("Logs of environments whose SID or unique name matches.", valueName: "glob"))
    var environment: String?
    @Option(help: ArgumentHelp("Logs of this function: ZH and 32 hexadecimal digits.", valueName: "sid"))
    var function: String?
    @Option(help: "At least this severe: debug, info, notice, warning, error, critical or alert.") var level: String?
    @Option(help: ArgumentHelp("Records whose type matches, like account*.", valueName: "glob")) var type: String?
    @Option(help: ArgumentHelp("Begin this far back.", valueName: "duration")) var since = "0s"
    @Flag(help: "Print each record's envelope, one a line.") var json = false

    func validate() throws { _ = try request() }

    private func request() throws -> TailRequest {
        var request = TailRequest()
        guard let since = DurationText.duration(since), since <= TailRequest.longestSince else {
            throw ValidationError(
                "--since \(self.since) is not a duration like 30s, 10m or 2h, of 400 days at the most.")
        }
        request.since = since
        request.accounts = account
        request.datasets =
            (events ? [.monitorEvents] : []) + (logs ? [.serverlessLogs] : []) + (alerts ? [.monitorAlerts] : [])
        request.service = service
        request.environment = environment
        for (option, pattern) in [("--service", service), ("--environment", environment), ("--type", type)] {
            if let pattern, Glob(pattern) == nil {
                throw ValidationError("\(option) \(pattern) is no pattern: * stands for any characters, ? for one.")
            }
        }
        if let function, !function.hasPrefix("ZH") || function.utf8.count != 34 {
            throw ValidationError("--function \(function) is no SID of a function: ZH and 32 hexadecimal digits.")
        }
        request.function = function
        request.type = type
        if let level {
            guard let severity = Severity(name: level == "warn" ? "warning" : level.lowercased()) else {
                let names = Severity.allCases.reversed().map(\.name).joined(separator: ", ")
                throw ValidationError("--level \(level) is none of \(names).")
            }
            request.level = severity
        }
        let meansLogs = service != nil || environment != nil || function != nil
        if meansLogs, !request.datasets.isEmpty, !logs {
            throw ValidationError(
                "--service, --environment and --function choose logs; add --logs or leave the others out.")
        }
        if meansLogs { request.datasets = [.serverlessLogs] }
        return request
    }

    func run() async throws {
        let request = try request()
        let (isJSON, hasColour) = (json, Terminal.hasColour)
        let client = CommandClient(options: options) { kind, text in
            switch kind {
            case .answer: Terminal.say(isJSON ? text : TailLine(text)?.shown(colour: hasColour) ?? text.terminalSafe)
            case .remark, .progress: Terminal.complain(text.terminalSafe)
            }
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
