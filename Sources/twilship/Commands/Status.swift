import ArgumentParser
import Foundation
import PipelineCore
import Spooling

/// Shows where every stream and sink stands.
struct Status: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show where every stream and sink stands, worst first.",
        discussion: "Works beside a running service and without one. Exit codes: 0; 73, 74 the state cannot be read.")

    @OptionGroup var options: ConfigurationOptions
    @Flag(help: "Answer as JSON.") var json = false

    func run() throws {
        let reader = try options.state()
        let report: StatusReport
        do {
            report = StatusReport(try reader.summary(), now: SystemClock().wallNow)
        } catch {
            Terminal.complain("twilship: \(error)")
            throw Exit.code(for: error)
        }
        if json {
            Terminal.say(try Terminal.json(report))
        } else {
            report.lines.forEach(Terminal.say)
        }
    }
}
