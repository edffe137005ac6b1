import ArgumentParser
import Foundation
import PipelineCore
import Settings
import Spooling

/// Shows where every stream and sink stands.
struct Status: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show where every stream and sink stands, worst first.",
        discussion: """
            Works beside a running service and without one. Who may not read the state, but is a member of the service's \
            group, has it from the running service.

            Exit codes: 0; 73, 74 the state cannot be read; 77 you may not ask the service.
            """)

    @OptionGroup var options: ConfigurationOptions
    @Flag(help: "Answer as JSON.") var json = false
    @Flag(help: "Show every stream and gap, however many there are.") var all = false

    func run() async throws {
        let settings = try options.load(resolveSecrets: false)
        guard StateAccess.canRead(settings) else {
            return try await CommandClient(options: options, isExact: json)
                .carryOut(StatusQuestion(json: json, all: all))
        }
        let accounts = settings.accounts
        let reader = try options.state()
        let report: StatusReport
        do {
            report = StatusReport(try reader.summary(), accounts, now: SystemClock().wallNow)
        } catch {
            Terminal.complain("twilship: \(error)")
            throw Exit.code(for: error)
        }
        if json {
            Terminal.say(try Terminal.json(report))
        } else {
            report.lines(all: all).forEach(Terminal.say)
        }
    }
}
