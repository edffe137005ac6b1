import ArgumentParser
import Controlling
import Foundation
import Glibc
import PipelineCore
import SystemdSupport

/// Shows one record as Twilio has it.
struct Fetch: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Fetch one record by its SID from Twilio.",
        discussion: """
            AE SIDs are events. NO SIDs are alerts, or with --service and --environment a
            function's log lines. Beside a running service it is fetched by the service,
            within its rate limit.

            Examples:
              twilship fetch AE0123456789abcdef0123456789abcdef
              twilship fetch --json NO0123456789abcdef0123456789abcdef --service default --environment production

            Exit codes: 0; 64 wrong usage; 69 not found, and where it was looked for; 75
            try again; 77 the credential is refused, or you may not ask the service; 78
            the configuration is wrong.
            """)

    @OptionGroup var options: ConfigurationOptions
    @Argument(help: "The record's SID: AE or NO and 32 hexadecimal digits.") var sid: String
    @Option(help: "Look in this account only.") var account: String?
    @Option(help: "Of a log line: the service's SID or unique name.") var service: String?
    @Option(help: "Of a log line: the environment's SID or unique name.") var environment: String?
    @Flag(help: "Print the record's bytes as Twilio sent them.") var json = false

    func run() async throws {
        let isExact = json
        let client = CommandClient(options: options) { kind, text in
            switch kind {
            case .answer where !isExact: JSONLayout.lines(text).forEach { Terminal.say($0.terminalSafe) }
            default: Terminal.show(kind, text, isJSON: isExact)
            }
        }
        let request = FetchRequest(sid: sid, account: account, service: service, environment: environment)
        try await client.carryOut(request.control) { settings, logger, voice in
            let lookout = try Lookout.make(settings, logger)
            if account?.contains("/") ?? true { await lookout.findSubaccounts(voice.spoken) }
            let end = try await FetchWork(network: lookout.network, counted: { _, _, _, _, _ in }).run(request, voice)
            await lookout.network.shutdown()
            return end
        }
    }
}
