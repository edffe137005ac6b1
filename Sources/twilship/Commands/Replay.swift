import ArgumentParser
import PipelineCore

/// Sends spooled records to a sink again.
struct Replay: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Send what is spooled to a sink again, behind live records.",
        discussion: """
            Delivered records stay in the spool for [state] retain, unless room is needed. What has left it is not sent: the
            command says from when on there is something, and backfill --sink reads older records from Twilio. Records go
            by when they were collected, not by their own dates, and are tagged `replay`.

            Beside a running service it is done by the service, and this command tells how far it is; interrupting it does
            not stop the replay. Without a service it is noted, and done when the service starts.

            TIME is \(TimeText.forms).

            Examples:
              twilship replay --sink siem --from 2h
              twilship replay --sink siem --from 2026-10-01T08:00:00Z --to 2026-10-01T09:00:00Z
              twilship replay --list

            Exit codes: 0 done, or noted; 64 wrong usage; 69 nothing of it is spooled; 73, 74 the state cannot be used; 75
            it was cancelled, or another process has the state; 77 you may not ask the service; 78 the configuration is wrong.
            """)

    @OptionGroup var options: ConfigurationOptions
    @Option(help: "The sink that gets them.") var sink: String?
    @Option(help: ArgumentHelp("Collected from here on.", valueName: "time")) var from: String?
    @Option(help: ArgumentHelp("Collected before this; now if left out.", valueName: "time")) var to: String?
    @Flag(inversion: .prefixedNo, help: "Tell how far it is until it is done.") var wait = true
    @Flag(help: "List replays and how far they are.") var list = false
    @Option(help: ArgumentHelp("Cancel this replay.", valueName: "id")) var cancel: Int64?
    @Flag(help: "With --list: answer as JSON, one replay a line.") var json = false

    func validate() throws {
        let hasRange = sink != nil || from != nil || to != nil
        if (list ? 1 : 0) + (cancel == nil ? 0 : 1) + (hasRange ? 1 : 0) > 1 {
            throw ValidationError("--list, --cancel and a range exclude each other.")
        }
        if json, !list { throw ValidationError("--json goes with --list.") }
        if !list, cancel == nil { _ = try request(SystemClock().wallNow) }
    }

    private func request(_ now: Timestamp) throws -> ReplayAdd {
        guard let sink, let from else {
            throw ValidationError("--sink and --from are needed, or --list, or --cancel.")
        }
        let window = Window(
            from: try TimeText.instant(from, "--from", now),
            to: try to.map { try TimeText.instant($0, "--to", now) } ?? now + .milliseconds(1))
        guard window.from < window.to else {
            throw ValidationError("--from \(window.from.rfc3339) does not lie before --to \(window.to.rfc3339).")
        }
        return ReplayAdd(sink: sink, window: window, waits: wait)
    }

    func run() async throws {
        let client = CommandClient(options: options, isExact: json)
        if list { return try await client.carryOut(ReplayList(json: json)) }
        if let cancel { return try await client.carryOut(ReplayCancel(id: cancel)) }
        let interruption = Interruption(
            isNoted: wait
                ? "interrupted; a replay that was noted goes on in the service; twilship replay --list tells how far it is, "
                    + "--cancel ID ends it" : nil)
        defer { withExtendedLifetime(interruption) {} }
        try await client.carryOut(try request(SystemClock().wallNow))
    }
}
