import Forwarding
import Foundation
import Logging
import PipelineCore
import Settings
import Spooling
import Synchronization

/// Announces that the service begins and ends.
final class LifeAnnouncer: Sendable {
    private let spool: Spool
    private let settings: ResolvedSettings
    private let configurationPath: String
    private let clock: any PipelineClock
    private let logger: Logger
    private let startedAt: Timestamp
    private let reason = Mutex("asked to")

    init(_ assembly: Assembly, configurationPath: String, clock: any PipelineClock, logger: Logger) {
        spool = assembly.spool
        settings = assembly.settings
        self.configurationPath = configurationPath
        self.clock = clock
        self.logger = logger
        startedAt = clock.wallNow
    }

    /// Facts of `twilship.started`.
    private struct StartFacts: Encodable {
        let version: String
        let configuration: String
        let processId: Int32
        let accounts: Int
        let sinks: Int
        /// How the service before has ended: `stopped`, `died`, or `none` for the first.
        let previous: Spool.PreviousRun
    }

    /// Facts of `twilship.stopped`.
    private struct StopFacts: Encodable {
        let version: String
        let processId: Int32
        /// `asked to` by a signal, or `idle` with --until-idle.
        let reason: String
        /// Whether it ends in order. A service that dies tells nothing; the next start does.
        let clean: Bool
        let startedAt: Timestamp
    }

    /// What ends the service is that nothing happens.
    func isIdle() { reason.withLock { $0 = "idle" } }

    func started() async {
        await tell {
            try await spool.announceStart { previous in
                let facts = StartFacts(
                    version: Twilship.version, configuration: configurationPath.bounded, processId: getpid(),
                    accounts: settings.accounts.count, sinks: settings.sinks.count, previous: previous)
                return try Announcement(
                    .started, .notice,
                    message: "twilship \(Twilship.version) has started with \(configurationPath.bounded)"
                        + (previous == .died ? "; the one before did not stop in order" : ""),
                    facts: facts, at: clock.wallNow)
            }
        }
    }

    func stopped() async {
        let reason = reason.withLock { $0 }
        await tell {
            let facts = StopFacts(
                version: Twilship.version, processId: getpid(), reason: reason, clean: true, startedAt: startedAt)
            try await spool.announceStop(
                try Announcement(
                    .stopped, .notice, message: "twilship \(Twilship.version) stops: \(reason)", facts: facts,
                    at: clock.wallNow))
        }
    }

    private func tell(_ body: () async throws -> Void) async {
        do {
            try await body()
        } catch {
            logger.warning(
                "a start or stop cannot be told to the sinks",
                metadata: ["message_id": "\(LogKind.announcementFailed)", "reason": "\(error)"])
        }
    }
}
