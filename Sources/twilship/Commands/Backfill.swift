import ArgumentParser
import Controlling
import Foundation
import PipelineCore
import Settings
import Spooling
import SystemdSupport

/// Collects a past range beside live collection.
struct Backfill: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Collect a past range beside live collection.",
        discussion: """
            To all sinks, it reads what lies before the start of collection and was not
            read by such a backfill before; the rest is collected anyway. With --sink it
            reads the whole range again, for that sink only.

            Beside a running service the service does it, behind everything else, and goes
            on when this command or the service is stopped and started again. With no
            service running this command does it itself and delivers, and goes on when it
            is started again. Without --from it goes on with what is open.

            TIME is 2026-10-01T00:00:00Z, 2026-10-01 (UTC), or an age like 7d.

            Examples:
              twilship backfill --from 30d --plan
              twilship backfill --from 2026-10-01 --to 2026-10-08 --account production
              twilship backfill --from 7d --sink siem --no-wait
              twilship backfill --list

            Exit codes: 0 done, or noted with --no-wait; 64 wrong usage; 73, 74 the state
            directory cannot be used; 75 something remains; 77 the credential is refused,
            or you may not ask the service; 78 the configuration is wrong.
            """)

    @OptionGroup var options: ConfigurationOptions
    @Option(help: ArgumentHelp("Where the range begins.", valueName: "time")) var from: String?
    @Option(help: ArgumentHelp("Where it ends, itself not included; now if left out.", valueName: "time"))
    var to: String?
    @Option(help: "Only this account.") var account: String?
    @Option(help: "Only monitor.events, serverless.logs or monitor.alerts.") var dataset: String?
    @Option(help: "Send what is read to this sink only, whether it was collected before or not.") var sink: String?
    @Flag(help: "Only estimate requests, time and reads, from a few samples; store nothing.") var plan = false
    @Flag(inversion: .prefixedNo, help: "Report progress until it is done.") var wait = true
    @Flag(help: "List backfills.") var list = false
    @Option(help: ArgumentHelp("Cancel this backfill; may be repeated.", valueName: "id")) var cancel: [Int] = []

    func validate() throws {
        let hasRange = from != nil || to != nil
        if (list || !cancel.isEmpty) && (hasRange || plan || sink != nil || account != nil || dataset != nil) {
            throw ValidationError("--list and --cancel stand alone.")
        }
        if list, !cancel.isEmpty { throw ValidationError("--list and --cancel exclude each other.") }
        if from == nil, to != nil || plan || sink != nil || account != nil || dataset != nil {
            throw ValidationError("--from is missing: where does the range begin?")
        }
        if from != nil { _ = try request(SystemClock().wallNow) }
    }

    private func request(_ now: Timestamp) throws -> BackfillRequest {
        let from = try TimeText.instant(self.from ?? "", "--from", now)
        let to = try to.map { try TimeText.instant($0, "--to", now) } ?? now
        guard from < to else {
            throw ValidationError("--from \(from.rfc3339) does not lie before --to \(to.rfc3339).")
        }
        var request = BackfillRequest(window: Window(from: from, to: to), account: account, sink: sink, waits: wait)
        if let dataset {
            request.dataset = try DatasetText.dataset(dataset)
        }
        return request
    }

    func run() async throws {
        let client = CommandClient(options: options, isExact: false)
        if list { return try await showList(client) }
        if !cancel.isEmpty { return try await cancelJobs(client) }
        if plan {
            let request = try self.request(SystemClock().wallNow)
            return try await client.carryOut(request.control(BackfillRequest.plan)) { settings, logger, voice in
                let lookout = try Lookout.make(settings, logger)
                await lookout.findSubaccounts(voice.spoken)
                let places = try BackfillWork.places(request, lookout.network, settings)
                let accounts = Set(places.map(\.account))
                let streams = await lookout.streams(
                    of: { accounts.contains($0) }, Set(places.map(\.dataset)), voice.spoken)
                let end = try await BackfillSampler(
                    network: lookout.network, settings: settings, counted: { _, _, _, _, _ in }
                ).run(request, streams, voice)
                await lookout.network.shutdown()
                return end
            }
        }
        let request = from == nil ? nil : try self.request(SystemClock().wallNow)
        let control = request?.control(BackfillRequest.command) ?? ControlRequest(BackfillRequest.follow)
        let interruption = Interruption(
            isNoted: wait
                ? "interrupted; a backfill that was noted goes on in the service, or when this command is started again "
                    + "without --from; twilship backfill --list shows it, --cancel ID ends it" : nil)
        defer { withExtendedLifetime(interruption) {} }
        try await client.carryOut(control) { settings, logger, voice in
            // Only a new backfill makes a state where there is none.
            if request == nil { try StateAccess.mustExist(settings) }
            return try await BackfillEngine(
                settings: settings, logger: logger, voice: voice, interruption: interruption
            ).run(
                request)
        }
    }

    private func showList(_ client: CommandClient) async throws {
        try await client.carryOut(ControlRequest(BackfillRequest.list)) { settings, _, voice in
            do {
                let reader = try StateReader(StateDirectory(path: settings.state.directory))
                for line in BackfillReport.lines(try reader.backfillStatus()) { try await voice.answer(line) }
                return .success
            } catch let error as SpoolError {
                return ControlEnd(exit: Exit.code(for: error).rawValue, error: "\(error)")
            }
        }
    }

    private func cancelJobs(_ client: CommandClient) async throws {
        for id in cancel {
            let request = ControlRequest(BackfillRequest.cancel, arguments: ["id": .integer(id)])
            try await client.carryOut(request) { settings, logger, voice in
                try StateAccess.mustExist(settings)
                return try await BackfillEngine.withAssembly(settings, logger) { assembly in
                    try await BackfillEngine.announce(request, assembly)
                    return try await BackfillWork(assembly).cancel(id, voice)
                }
            }
        }
    }
}
