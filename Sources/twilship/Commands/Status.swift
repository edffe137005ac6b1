import ArgumentParser
import Foundation
import Glibc
import PipelineCore
import Settings
import Spooling

/// Shows where every stream and sink stands.
struct Status: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show where every stream and sink stands, worst first.",
        discussion: """
            Works beside a running service and without one. Who may not read the state, but is a member of the service's
            group, has it from the running service.

            --check is for Nagios, Icinga and the like: one line, and how far streams are behind, what waits and what is
            lost as performance data. CRITICAL: no service, one that is silent, a full spool, a sink that is held, a
            credential that is refused, a lag above --max-lag. WARNING: what fails and mends itself, dead letters, catching
            up, gaps of the last day. UNKNOWN: the state or the configuration cannot be read.

            Examples:
              twilship status
              twilship status --watch                  on the wall; q or Ctrl-C ends it
              twilship status --check --max-lag 30m
              twilship status --json | jq .problems

            Exit codes: 0; 64 wrong usage; 73, 74 the state cannot be read; 77 you may not ask the service; 78 the
            configuration is wrong. Of --check: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.
            """)

    @OptionGroup var options: ConfigurationOptions
    @Flag(help: "Answer as JSON.") var json = false
    @Flag(help: "Show every stream and gap, however many there are.") var all = false
    @Flag(help: "Show it anew every two seconds, until q or Ctrl-C.") var watch = false
    @Flag(help: "Answer in one line and an exit code, for monitoring.") var check = false
    @Option(help: ArgumentHelp("With --check: how far streams and sinks may be behind; 15m.", valueName: "duration"))
    var maxLag: String?

    /// On a narrower terminal lines wrap.
    private static let narrowest = 60

    func validate() throws {
        guard [json, watch, check].count(where: \.self) < 2 else {
            throw ValidationError("--json, --watch and --check exclude each other.")
        }
        if check, all { throw ValidationError("--all does not go with --check.") }
        guard let maxLag else { return }
        guard check else { throw ValidationError("--max-lag goes with --check.") }
        guard DurationText.duration(maxLag) != nil else {
            throw ValidationError("--max-lag \(maxLag) is not a duration like 90s, 15m or 2h.")
        }
    }

    func run() async throws {
        if check { throw await runCheck() }
        // A pipe that nobody reads any more ends the program quietly, see `Terminal`.
        signal(SIGPIPE, SIG_IGN)
        let settings = try options.load(resolveSecrets: false)
        let asker = StatusAsker(settings: settings)
        if watch { return try await StatusWatch(asker: asker, all: all).run() }
        do throws(StatusTrouble) {
            let report = try await asker.report()
            guard !json else { return try say(report) }
            var extent = all ? StatusReport.Extent.all : StatusReport.Extent()
            if let size = Terminal.size(of: STDOUT_FILENO) { extent.width = max(Self.narrowest, size.columns) }
            let hasColour = Terminal.hasColour
            for line in report.screen(extent) {
                Terminal.say(hasColour ? Terminal.painted(line.text, line.style) : line.text)
            }
        } catch {
            Terminal.complain("twilship: \(error.sentence)")
            throw ExitCode(error.exit)
        }
    }

    private func say(_ report: StatusReport) throws(StatusTrouble) {
        do {
            Terminal.sayJSON(try Terminal.json(report))
        } catch {
            throw StatusTrouble(exit: Exit.software.rawValue, sentence: "\(error)")
        }
    }

    /// - Returns: the plugin's exit code; also when there is nothing that could be checked.
    private func runCheck() async -> ExitCode {
        let limit = maxLag.flatMap(DurationText.duration) ?? StatusReport.defaultMaximumLag
        let result: StatusCheck
        do {
            let settings = try options.read(resolveSecrets: false)
            let asker = StatusAsker(settings: settings)
            let report = await TimeLimit.within(StatusCheck.patience) { () -> Result<StatusReport, StatusTrouble> in
                do throws(StatusTrouble) { return .success(try await asker.report()) } catch { return .failure(error) }
            }
            switch report {
            case .success(let report): result = StatusCheck(report, maximumLag: limit)
            case .failure(let trouble) where trouble.isServiceMissing:
                result = StatusCheck(critical: "no service runs; its state cannot be read by this user")
            case .failure(let trouble): result = StatusCheck(unknown: trouble.sentence)
            case nil:
                result = StatusCheck(
                    critical:
                        "the service has not answered for \(StatusCheck.patience.components.seconds) s: it may be stuck"
                )
            }
        } catch {
            result = StatusCheck(unknown: "\(error)")
        }
        Terminal.say(result.line)
        return ExitCode(result.state.rawValue)
    }
}
