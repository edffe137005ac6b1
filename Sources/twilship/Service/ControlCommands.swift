import ArgumentParser
import Controlling
import Forwarding
import Foundation
import Logging
import PipelineCore
import Spooling
import SystemdSupport

/// Carries out commands inside the running service: on its rate budget, and with its secrets.
struct ControlCommands: Sendable {
    let assembly: Assembly
    let logger: Logger

    /// How often `tail` looks whether there are other streams.
    static let registryInterval: Duration = .seconds(5)

    /// Whether the sinks are told of a command: it changes something, or reads from Twilio.
    private static func isTold(_ command: String) -> Bool {
        StateCommands.changesState(command) ?? ![BackfillRequest.list, BackfillRequest.follow].contains(command)
    }

    func carryOut(_ request: ControlRequest, _ peer: ControlPeer, _ answer: ControlAnswer) async -> ControlEnd {
        let arguments = request.arguments.sorted { $0.key < $1.key }.map { "\($0.key)=\(Self.text($0.value))" }
        // Who watches the status asks every two seconds, and nobody wants to read of it.
        let level = request.command == StatusQuestion.name ? Logger.Level.debug : .notice
        logger.log(
            level: level, "carrying out a command",
            metadata: [
                "message_id": "\(LogKind.commandTaken)",
                "command": "\(request.command.terminalSafe)",
                "arguments": "\(arguments.joined(separator: " ").terminalSafe)",
                "caller.uid": "\(peer.uid)", "caller.pid": "\(peer.pid)",
            ])
        do {
            if Self.isTold(request.command) {
                // Before it is done: what cannot be told is not done.
                try await assembly.spool.announceCommand(
                    request.command, arguments: request.arguments.mapValues(Self.text), uid: peer.uid, beside: true)
            }
            return try await carryOut(request, peer.uid, CommandVoice(answer))
        } catch let refusal as CommandRefusal {
            return refusal.end
        } catch is CancellationError {
            return ControlEnd(exit: 75, error: "the service is stopping")
        } catch let error as SpoolError {
            return ControlEnd(exit: Exit.code(for: error).rawValue, error: "\(error)")
        } catch {
            return ControlEnd(exit: 70, error: "\(error)")
        }
    }

    private func carryOut(_ request: ControlRequest, _ uid: UInt32, _ voice: CommandVoice) async throws -> ControlEnd {
        switch request.command {
        case FetchRequest.command: return try await fetch.run(FetchRequest(request), voice)
        case TailRequest.command: return try await tail.run(TailRequest(request), voice)
        case BackfillRequest.command:
            let backfill = try BackfillRequest(request)
            let jobs = try await self.backfill.add(backfill, uid, voice)
            guard backfill.waits, !jobs.isEmpty else { return .success }
            return try await self.backfill.follow(jobs, voice)
        case BackfillRequest.follow:
            let jobs = try await assembly.spool.backfills(openOnly: true).map(\.id)
            guard !jobs.isEmpty else { throw CommandRefusal.usage("no backfill is open; give --from and --to for one") }
            return try await backfill.follow(jobs, voice)
        case BackfillRequest.plan:
            let streams = assembly.registry.ingestors.map(SideStream.init)
            return try await BackfillSampler(network: assembly.network, settings: assembly.settings, counted: counted)
                .run(BackfillRequest(request), streams, voice)
        case AuditRequest.command:
            return try await AuditWork(assembly).run(AuditRequest(request), uid, voice) { jobs in
                try await backfill.follow(jobs, voice)
            }
        case BackfillRequest.list:
            for line in BackfillReport.lines(try await assembly.spool.backfillStatus()) { try await voice.answer(line) }
            return .success
        case BackfillRequest.cancel:
            return try await backfill.cancel(request.arguments["id"]?.integer ?? 0, voice)
        default:
            if let command = try StateCommands.command(request) {
                return try await command.run(StateAccess(assembly, uid: uid), voice)
            }
            throw CommandRefusal(
                exit: 76,
                sentence: "the service, twilship \(Twilship.version), does not know the command "
                    + "\(request.command.terminalSafe); it is of another version than the program that asks")
        }
    }

    private var fetch: FetchWork { FetchWork(network: assembly.network, counted: counted) }

    private var tail: TailWork {
        let registry = assembly.registry
        return TailWork(
            network: assembly.network, normaliser: assembly.surroundings.normaliser, interval: Self.registryInterval,
            streams: { registry.ingestors.map(SideStream.init) }, counted: counted)
    }

    private var backfill: BackfillWork { BackfillWork(assembly) }

    private var counted: RequestCount {
        let spool = assembly.spool
        return { sid, account, dataset, requests, records in
            await spool.count(
                requests: requests, records: records, accountSID: sid, account: account, dataset: dataset)
        }
    }

    static func text(_ value: ControlValue) -> String {
        switch value {
        case .string(let text): text
        case .integer(let number): "\(number)"
        case .number(let number): "\(number)"
        case .boolean(let flag): "\(flag)"
        case .strings(let texts): texts.joined(separator: ",")
        }
    }
}

/// Told of requests made and records read for somebody who looks.
typealias RequestCount =
    @Sendable (
        _ accountSID: String, _ account: String, _ dataset: Dataset, _ requests: Int, _ records: Int
    ) async -> Void
