import ArgumentParser
import Controlling
import Forwarding
import Foundation
import Glibc
import Logging
import PipelineCore
import Settings
import Spooling
import SystemdSupport

/// Carries backfills out with no service running: the same engine, without live collection, until they are finished and
/// delivered.
struct BackfillEngine {
    let settings: ResolvedSettings
    let logger: Logger
    let voice: CommandVoice
    let interruption: Interruption

    /// Makes everything, runs `body` and lets go of the state directory.
    /// - Throws: `CommandRefusal` if the state is in use or cannot be used, or a secret cannot be read.
    static func withAssembly(
        _ settings: ResolvedSettings, _ logger: Logger, _ body: (Assembly) async throws -> ControlEnd
    ) async throws -> ControlEnd {
        let assembly: Assembly
        do {
            assembly = try await Assembly(settings, clock: SystemClock(), logger: logger)
        } catch let error as SpoolError {
            var sentence = "\(error)"
            if case .locked = error {
                sentence += "; its control socket cannot be reached, so nothing could be asked of it: see its journal"
            }
            throw CommandRefusal(exit: Exit.code(for: error).rawValue, sentence: sentence)
        } catch {
            throw CommandRefusal(exit: error is SecretError ? 78 : 70, sentence: "\(error)")
        }
        try StateOwner.become(ownerOf: settings.state.directory)
        let end: ControlEnd
        do {
            end = try await body(assembly)
        } catch {
            try? await assembly.close()
            throw error
        }
        try await assembly.close()
        return end
    }

    /// - Parameter request: nil goes on with what is open.
    func run(_ request: BackfillRequest?) async throws -> ControlEnd {
        try await Self.withAssembly(settings, logger) { assembly in
            await assembly.fleet.run(.enlist)
            let work = BackfillWork(assembly)
            var jobs = try await assembly.spool.backfills(openOnly: true).map(\.id)
            if let request {
                try await Self.announce(request.control(BackfillRequest.command), assembly)
                jobs += try await work.add(request, getuid(), voice).filter { !jobs.contains($0) }
                if !request.waits {
                    try await voice.remark("no service runs; it begins with the next start of the service")
                    return .success
                }
            }
            if jobs.isEmpty {
                if request == nil { try await voice.remark("no backfill is open") }
                return .success
            }
            await carryOut(assembly, jobs, work)
            return try await end(assembly, jobs)
        }
    }

    /// What changes something is told to the sinks, as soon as there is somebody who delivers.
    static func announce(_ request: ControlRequest, _ assembly: Assembly) async throws {
        try await assembly.spool.announceCommand(
            request.command, arguments: request.arguments.mapValues(ControlCommands.text), uid: getuid())
    }

    /// An audit, and what it repairs.
    func audit(_ request: AuditRequest) async throws -> ControlEnd {
        try await Self.withAssembly(settings, logger) { assembly in
            if request.repairs { try await Self.announce(request.control, assembly) }
            await assembly.fleet.run(.enlist)
            return try await AuditWork(assembly).run(request, getuid(), voice) { jobs in
                await carryOut(assembly, jobs, BackfillWork(assembly))
                return try await end(assembly, jobs)
            }
        }
    }

    private func carryOut(_ assembly: Assembly, _ jobs: [Int64], _ work: BackfillWork) async {
        let clock = assembly.network.clock
        let keeper = SpoolKeeper(
            assembly: assembly, notifier: ServiceNotifier(environment: [:]), clock: clock, logger: logger,
            startedAt: clock.wallNow)
        let reading = Task { await assembly.backfiller.run(untilDone: true) }
        interruption.whenItComes {
            reading.cancel()
            assembly.ending.request(.soon)
        }
        let helpers = Task {
            await withDiscardingTaskGroup { group in
                group.addTask { await keeper.run() }
                group.addTask { _ = try? await work.follow(jobs, voice) }
            }
        }
        await withDiscardingTaskGroup { group in
            group.addTask {
                await reading.value
                await assembly.herald.publish()
                // Whoever interrupts does not wait for a sink that fails.
                assembly.ending.request(interruption.hasCome ? .soon : .whenDelivered)
            }
            for dispatcher in assembly.dispatchers { group.addTask { await dispatcher.run() } }
        }
        helpers.cancel()
        await helpers.value
        await keeper.keep()
    }

    private func end(_ assembly: Assembly, _ jobs: [Int64]) async throws -> ControlEnd {
        let status = try await assembly.spool.backfillStatus().filter { jobs.contains($0.job.id) }
        for one in status where !one.job.isOpen { try await voice.remark(BackfillReport.end(one)) }
        var remaining = status.filter(\.job.isOpen).map { "job \($0.job.id) is not finished" }
        remaining += try await assembly.spool.backlogs().sorted { $0.key < $1.key }.filter { $0.value > 0 }.map {
            "\($0.value) records are not delivered to \($0.key)"
                + (assembly.board.now.sinks[$0.key]?.lastError.map { ": \($0)" } ?? "")
        }
        guard !remaining.isEmpty else { return .success }
        return ControlEnd(
            exit: interruption.hasCome ? 130 : 75,
            error: remaining.joined(separator: "; ") + "; start twilship backfill again to go on, nothing is lost")
    }
}
