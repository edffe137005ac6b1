import Forwarding
import Foundation
import Logging
import PipelineCore
import Spooling
import SystemdSupport

/// What is to be done on the spool every few seconds: commit progress without records, give room back, tell `status`
/// and the service manager how things stand.
struct SpoolKeeper: Sendable {
    static let interval: Duration = .seconds(2)
    let assembly: Assembly
    let notifier: ServiceNotifier
    let clock: any PipelineClock
    let logger: Logger
    let startedAt: Timestamp
    private let troubles = Recurrences()

    init(
        assembly: Assembly, notifier: ServiceNotifier, clock: any PipelineClock, logger: Logger, startedAt: Timestamp
    ) {
        self.assembly = assembly
        self.notifier = notifier
        self.clock = clock
        self.logger = logger
        self.startedAt = startedAt
    }

    /// Runs until the task is cancelled.
    func run() async {
        var rhythm = ReportRhythm()
        var gaveBackAt = clock.monotonicNow
        assembly.pulse.begin("spool keeper")
        defer { assembly.pulse.end("spool keeper") }
        while (try? await clock.sleep(for: Self.interval)) != nil {
            assembly.pulse.beat("spool keeper")
            if gaveBackAt.duration(to: clock.monotonicNow) >= FreedMemory.interval {
                FreedMemory.giveBack()
                gaveBackAt = clock.monotonicNow
            }
            switch rhythm.next(assembly.board.now, at: clock.monotonicNow) {
            case .rest: continue
            case .tidy: await tidy()
            case .report: await keep()
            }
        }
    }

    /// Commits progress without records, and gives room back.
    private func tidy() async {
        await removeExpired()
        await save { try await $0.flush() }
    }

    /// The same, and tells how things stand; once more, when everything else has stopped.
    func keep() async {
        await removeExpired()
        // Commits all progress with it.
        await save { spool in
            try await spool.saveRuntime(try RuntimeReport(assembly, startedAt: startedAt, now: clock.wallNow).json())
        }
        let backlogs = try? await assembly.spool.backlogs()
        notifier.status(StatusLine.text(assembly.board.now, backlogs: backlogs))
    }

    private func removeExpired() async {
        await attempt("delivered records cannot be removed; it is tried again") {
            try await assembly.spool.removeExpired()
        }
    }

    private func save(_ body: (Spool) async throws -> Void) async {
        await attempt("the state cannot be saved; it is tried again") { try await body(assembly.spool) }
    }

    private func attempt(_ trouble: String, _ body: () async throws -> Void) async {
        do {
            try await body()
            if let lasted = troubles.ended(trouble, at: clock.monotonicNow) {
                logger.notice(
                    "the state can be written again",
                    metadata: [
                        "message_id": "\(LogKind.stateSavedAgain)", "trouble": "\(trouble)", "lasted": "\(lasted)",
                    ])
            }
        } catch {
            let (isTold, folded) = troubles.came(trouble, at: clock.monotonicNow)
            guard isTold else { return }
            var metadata: Logger.Metadata = ["message_id": "\(LogKind.stateNotSaved)", "reason": "\(error)"]
            metadata["repeated"] = folded.map { "\($0)" }
            logger.error("\(trouble)", metadata: metadata)
        }
    }
}
