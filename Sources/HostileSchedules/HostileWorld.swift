import Forwarding
import Foundation
import Glibc
import Logging
import PipelineCore
import PipelineTestKit
import Simulating
import Spooling
import Synchronization

/// Lets a schedule happen over virtual time, on a spool on disk, and holds the end against the promise.
final class HostileWorld: Sendable {
    let schedule: HostileSchedule
    let clock: VirtualClock
    let twilio: SimulatedTwilio
    let transport: HostileTransport
    let receivers: [HostileReceiver]
    private let folder: String
    private let done = Mutex(0)
    /// By job, which streams were known to be gone when it was asked for.
    private let gone = Mutex<[Int64: Set<StreamKey>]>([:])

    init(_ schedule: HostileSchedule) {
        self.schedule = schedule
        clock = VirtualClock(start: HostileSchedule.epoch, seed: schedule.seed)
        twilio = SimulatedTwilio(schedule.options, start: HostileSchedule.epoch)
        transport = HostileTransport(twilio, schedule, clock: clock)
        let (clock, transport) = (clock, transport)
        receivers = schedule.deliveries.receivers.enumerated().map { index, character in
            HostileReceiver(character, seed: schedule.seed &+ UInt64(index), clock: clock) {
                .milliseconds(transport.offset)
            }
        }
        let memory = FileManager.default.fileExists(atPath: "/dev/shm") ? "/dev/shm/" : NSTemporaryDirectory()
        folder = memory + "twilship-hostile-" + UUID().uuidString
    }

    /// - Returns: what was promised and not kept, a paragraph each; empty if all is well.
    func run() async throws -> [String] {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var number = 0
        for session in schedule.sessions {
            try await run(session, in: directory(number), killedInto: directory(number + 1))
            if session.ending == .kill { number += 1 }
            clock.advance(by: session.downtime)
        }
        try await run(schedule.calm, in: directory(number), killedInto: nil)
        let oracle = try await HostileOracle(self, directory(number), openSpool(schedule.calm, directory(number)))
        return oracle.violations()
    }

    func isKnownGone(_ stream: StreamKey, at job: Int64) -> Bool {
        gone.withLock { $0[job]?.contains(stream) ?? false }
    }

    private func directory(_ number: Int) -> StateDirectory { StateDirectory(path: "\(folder)/\(number)") }

    private func openSpool(_ session: HostileSchedule.Session, _ directory: StateDirectory) throws -> Spool {
        let clock = clock
        return try Spool(
            directory: directory,
            options: SpoolOptions(
                maximumBytes: 1 << 30, retain: .days(100), segmentBytes: session.spoolSegmentBytes, reserveBytes: 4096),
            version: "1.0.0", now: { clock.wallNow }, calls: faultyCalls, executor: clock.executor)
    }

    private func run(
        _ session: HostileSchedule.Session, in directory: StateDirectory, killedInto image: StateDirectory?
    ) async throws {
        let spool = try openSpool(session, directory)
        let (clock, twilio) = (clock, twilio)
        let service = HostileService(schedule, session, transport, spool: spool, clock: clock)
        try await clock.run {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await service.run(twilio.accounts) }
                group.addTask { [self] in try await deliver(spool) }
                group.addTask { try await self.act(spool, directory) }
                group.addTask { [self] in
                    try await clock.sleep(for: session.length)
                    if session.ending == .kill, let image { try copy(directory, to: image) }
                    throw CancellationError()
                }
                do {
                    for try await _ in group {}
                } catch is CancellationError {}
                group.cancelAll()
            }
        }
        if session.ending == .stop { try await spool.flush() }
        try await spool.close()
    }

    private func deliver(_ spool: Spool) async throws {
        _ = try await spool.attach(receivers.map { ($0.character.name, .oldest) })
        let (clock, board, ending) = (clock, StatusBoard(clock: clock), Ending())
        await withDiscardingTaskGroup { group in
            for receiver in receivers {
                let character = receiver.character
                let dispatcher = Dispatcher(
                    name: character.name, sink: receiver.makeSink(), filter: RecordFilter(),
                    options: Dispatcher.Options(
                        maximumRecords: character.maximumRecords, maximumBytes: 1 << 20, maximumWait: .seconds(1),
                        inFlight: character.inFlight, initialBackoff: .seconds(1), longestBackoff: .seconds(20)),
                    spool: spool, clock: clock, board: board, ending: ending, logger: HostileLog.logger)
                group.addTask { await dispatcher.run() }
            }
        }
    }

    /// Writes and syncs of segments fail while the disk has its troubles.
    private var faultyCalls: FileCalls {
        var calls = FileCalls.system
        let (faults, transport) = (schedule.deliveries.diskFaults, transport)
        guard !faults.isEmpty else { return calls }
        let isFaulty: @Sendable () -> Bool = {
            let now = Duration.milliseconds(transport.offset)
            guard let fault = faults.first(where: { $0.from <= now && now < $0.until }) else { return false }
            errno = fault.isFull ? ENOSPC : EIO
            return true
        }
        let (write, sync) = (calls.write, calls.sync)
        calls.write = { isFaulty() ? -1 : write($0, $1, $2) }
        calls.sync = { isFaulty() ? -1 : sync($0) }
        return calls
    }

    /// What a killed process leaves; nobody writes meanwhile, since all that does takes turns on this executor.
    private func copy(_ directory: StateDirectory, to image: StateDirectory) throws {
        let files = FileManager.default
        try files.copyItem(atPath: directory.path, toPath: image.path)
        // Memory shared by processes does not outlive them.
        try? files.removeItem(atPath: image.databasePath + "-shm")
    }

    // MARK: - Deeds

    private func act(_ spool: Spool, _ directory: StateDirectory) async throws {
        while let next = next() {
            let wait = next.at - .milliseconds(transport.offset)
            if wait > .zero { try await clock.sleep(for: wait) }
            done.withLock { $0 += 1 }
            try await perform(next.deed, spool, directory)
        }
        // A child that ends would end the session.
        while true { try await clock.sleep(for: .days(1)) }
    }

    private func next() -> (at: Duration, deed: HostileSchedule.Deed)? {
        let index = done.withLock { $0 }
        return index < schedule.deeds.count ? schedule.deeds[index] : nil
    }

    private func perform(
        _ deed: HostileSchedule.Deed, _ spool: Spool, _ directory: StateDirectory
    ) async throws {
        switch deed {
        case .skewDate(let skew): twilio.skew(by: skew)
        case .jumpWall(let jump): clock.setWall(clock.wallNow + jump)
        case .hideEnvironment(let index, let length):
            let environments = twilio.accounts.flatMap(\.services).flatMap(\.environments)
            guard environments.indices.contains(index) else { return }
            let life = schedule.life(ofEnvironment: index)
            let now = transport.serverNow
            guard life.contains(now) else { return }
            twilio.setLife(environments[index].sid, Life(from: now + Int64(length.milliseconds), until: life.until))
        case .backfill(let account, let dataset, let from, let to):
            let now = Timestamp(milliseconds: transport.serverNow)
            let window = Window(from: now - from, to: now - to)
            let known = try StateReader(directory).summary(at: clock.wallNow).streams
            let job = try await spool.addBackfill(
                account: "account\(account)", accountSID: twilio.accounts[account].sid,
                dataset: Dataset(rawValue: dataset.rawValue) ?? .twilship, window: window, sink: nil, requestedBy: 0)
            gone.withLock { $0[job.id] = Set(known.filter { $0.retiredAt != nil }.map(\.key)) }
        }
    }
}

extension HostileSchedule {
    /// When an environment was planned to be there, of all in the order of accounts and services.
    func life(ofEnvironment index: Int) -> Life {
        let plans = (0..<options.accounts).flatMap { options.layouts[$0] ?? [] }.flatMap(\.environments)
        return index < plans.count ? plans[index].life : .always
    }
}
