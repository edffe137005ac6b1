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

    /// Runs until the task is cancelled.
    func run() async {
        var rhythm = ReportRhythm()
        while (try? await clock.sleep(for: Self.interval)) != nil {
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
        notifier.status(RuntimeReport.line(assembly.board.now))
    }

    private func removeExpired() async {
        do {
            try await assembly.spool.removeExpired()
        } catch {
            logger.error("delivered records cannot be removed; it is tried again", metadata: ["reason": "\(error)"])
        }
    }

    private func save(_ body: (Spool) async throws -> Void) async {
        do {
            try await body(assembly.spool)
        } catch {
            logger.error("the state cannot be saved; it is tried again", metadata: ["reason": "\(error)"])
        }
    }
}
