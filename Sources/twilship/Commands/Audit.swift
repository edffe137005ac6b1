import ArgumentParser
import Controlling
import Foundation
import Glibc
import PipelineCore
import Settings
import SystemdSupport

/// Compares a range with Twilio.
struct Audit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Read a range from Twilio again and prove that nothing of it is missing.",
        discussion: """
            Compares what Twilio has with what was taken, for each stream, and tells what
            became of it at each sink. Nothing is stored. With --repair, what is missing
            is collected for all sinks.

            Beside a running service the service does it, on its rate limit, behind live
            collection. With no service running this command does it itself.

            TIME is 2026-10-01T00:00:00Z, 2026-10-01 (UTC), or an age like 7d.

            Examples:
              twilship audit --from 7d
              twilship audit --from 2026-10-01 --to 2026-11-01 --account production --json
              twilship audit --from 24h --repair

            Exit codes: 0 complete, or made so; 1 not complete; 64 wrong usage; 73, 74 the
            state directory cannot be used; 75 not all could be read; 77 the credential is
            refused, or you may not ask the service; 78 the configuration is wrong.
            """)

    @OptionGroup var options: ConfigurationOptions
    @Option(help: ArgumentHelp("Where the range begins.", valueName: "time")) var from: String
    @Option(help: ArgumentHelp("Where it ends, itself not included; now if left out.", valueName: "time"))
    var to: String?
    @Option(help: "Only this account.") var account: String?
    @Option(help: "Only monitor.events, serverless.logs or monitor.alerts.") var dataset: String?
    @Flag(help: "Collect what is missing.") var repair = false
    @Flag(help: "Answer as JSON.") var json = false

    func validate() throws {
        _ = try request(SystemClock().wallNow)
    }

    private func request(_ now: Timestamp) throws -> AuditRequest {
        let from = try TimeText.instant(self.from, "--from", now)
        let to = try to.map { try TimeText.instant($0, "--to", now) } ?? now
        guard from < to else {
            throw ValidationError("--from \(from.rfc3339) does not lie before --to \(to.rfc3339).")
        }
        return AuditRequest(
            window: Window(from: from, to: to), account: account,
            dataset: try dataset.map { try DatasetText.dataset($0) },
            repairs: repair, json: json)
    }

    func run() async throws {
        let client = CommandClient(options: options, isExact: json)
        let request = try self.request(SystemClock().wallNow)
        let interruption = Interruption(isNoted: nil)
        defer { withExtendedLifetime(interruption) {} }
        try await client.carryOut(request.control) { settings, logger, voice in
            try await BackfillEngine(settings: settings, logger: logger, voice: voice, interruption: interruption)
                .audit(request)
        }
    }
}
