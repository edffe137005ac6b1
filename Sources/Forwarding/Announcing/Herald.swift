import Logging
import Normalising
import PipelineCore
import Spooling

/// Makes records of what twilship has to say of itself, for every sink: what was announced in the spool, streams that
/// fail and work again, and a heartbeat for each account.
///
/// - They take the way of all records, so that a sink that shows none is cut off, and not only quiet.
/// - An announcement waits as long as the spool is full; a heartbeat is left out then. So there is at most one
///   heartbeat of each account and interval, however long sinks are down.
/// - Nothing waits for this: what fails here is tried again with the next round.
package struct Herald: Sendable {
    /// An account that is collected now.
    package struct Account: Sendable {
        package let name: String
        package let sid: String

        package init(name: String, sid: String) {
            self.name = name
            self.sid = sid
        }
    }

    /// How often it looks.
    static let interval: Duration = .seconds(2)
    /// Dead letters and sinks' gaps are gathered for so long, after the first.
    static let gatheringInterval: Duration = .seconds(60)

    let spool: Spool
    let normaliser: Normaliser
    let clock: any PipelineClock
    let board: StatusBoard
    let registry: StreamRegistry
    let pulse: Pulse
    let logger: Logger
    let accounts: @Sendable () -> [Account]
    let heartbeat: @Sendable () -> Heartbeat?

    /// - Parameters:
    ///   - accounts: those that are collected now, subaccounts included.
    ///   - heartbeat: how often each account is told to be alive now; nil is never.
    package init(
        _ surroundings: Ingestor.Surroundings, accounts: @escaping @Sendable () -> [Account],
        heartbeat: @escaping @Sendable () -> Duration?, version: String
    ) {
        spool = surroundings.spool
        normaliser = surroundings.normaliser
        clock = surroundings.clock
        board = surroundings.board
        registry = surroundings.registry
        pulse = surroundings.pulse
        logger = surroundings.logger
        self.accounts = accounts
        self.heartbeat = { heartbeat().map { Heartbeat(interval: $0, version: version) } }
    }

    /// Runs until the task is cancelled.
    package func run() async {
        var round = Round()
        await attempt(&round) { round in
            round.watch = TroubleWatch(announced: try await spool.announcedFailures())
        }
        pulse.begin("announcements")
        defer { pulse.end("announcements") }
        var interval: Duration?
        var heartbeatDue: ContinuousClock.Instant?
        repeat {
            pulse.beat("announcements")
            let heartbeat = heartbeat()
            if heartbeat?.interval != interval {
                interval = heartbeat?.interval
                heartbeatDue = interval.map { clock.monotonicNow + $0 }
            }
            let isDue = heartbeatDue.map { $0 <= clock.monotonicNow } ?? false
            if isDue, let interval { heartbeatDue = clock.monotonicNow + interval }
            await attempt(&round) { round in
                try await tellTroubles(&round)
                try await tellWaiting(&round)
                if isDue, let heartbeat { try await beat(heartbeat, &round) }
            }
        } while (try? await clock.sleep(for: Self.interval)) != nil
    }

    /// Makes records of everything that waits to be told now. Tell what remains at the next start, if this fails.
    package func publish() async {
        var round = Round()
        await attempt(&round) { try await tellWaiting(&$0) }
    }

    /// What is remembered from one round to the next.
    private struct Round {
        var watch = TroubleWatch()
        var gatheredAt: ContinuousClock.Instant?
        var isFailing = false
        var leavesHeartbeatsOut = false
    }

    private func attempt(_ round: inout Round, _ body: (inout Round) async throws -> Void) async {
        do {
            try await body(&round)
            round.isFailing = false
        } catch {
            guard !round.isFailing else { return }
            round.isFailing = true
            logger.warning(
                "twilship's own records cannot be written; they wait, and it is tried again",
                metadata: ["message_id": "\(LogKind.announcementFailed)", "reason": "\(error)"])
        }
    }

    // MARK: - Announcements

    private func tellWaiting(_ round: inout Round) async throws {
        while true {
            let now = clock.monotonicNow
            let ofSinks = round.gatheredAt.map { $0 <= now } ?? true
            let waiting = try await spool.announcements(ofSinks: ofSinks)
            if waiting.contains(where: \.isOfSink) { round.gatheredAt = now + Self.gatheringInterval }
            guard !waiting.isEmpty else { return }
            try await append(waiting)
        }
    }

    private func append(_ announcements: [Announcement]) async throws {
        let collected = clock.wallNow
        var parts: [Spool.OwnRecords] = []
        var rest = announcements[...]
        while let first = rest.first {
            let end =
                rest.firstIndex { $0.account != first.account || $0.accountSID != first.accountSID } ?? rest.endIndex
            var block = EnvelopeBlock()
            for announcement in rest[..<end] {
                normaliser.append(OwnRecord(announcement), collected: collected, to: &block)
            }
            parts.append(Spool.OwnRecords(account: first.account, accountSID: first.accountSID, block: block))
            rest = rest[end...]
        }
        try await spool.append(parts, telling: announcements)
    }

    // MARK: - Streams that fail

    private func tellTroubles(_ round: inout Round) async throws {
        let contents = board.now
        guard round.watch.isWatching || contents.hasFailures else { return }
        let places = WatchedPlace.all(contents, registry.ingestors.map(\.stream), accounts())
        for change in round.watch.changes(places, at: clock.monotonicNow, wall: clock.wallNow) {
            switch change {
            case .fails(let place, let since):
                try await spool.announceFailure(
                    try place.failing(since: since, at: clock.wallNow), of: place.id, since: since)
            case .works(let place, let since):
                try await spool.announceRecovery(try place.recovered(since: since, at: clock.wallNow), of: place.id)
            case .isGone(let id):
                try await spool.announceRecovery(nil, of: id)
            }
            round.watch.wasTold(change)
        }
    }

    // MARK: - Heartbeats

    private func beat(_ heartbeat: Heartbeat, _ round: inout Round) async throws {
        if let lack = try await spool.lackOfRoom() {
            if !round.leavesHeartbeatsOut {
                logger.warning(
                    "heartbeats are left out while the spool is full",
                    metadata: ["message_id": "\(LogKind.heartbeatsLeftOut)", "reason": "\(lack)"])
            }
            round.leavesHeartbeatsOut = true
            return
        }
        round.leavesHeartbeatsOut = false
        let summary = try await spool.stateSummary()
        let accounts = accounts()
        let sinks = heartbeat.sinks(summary, board.now, at: clock.wallNow)
        let beats = try accounts.map {
            try heartbeat.announcement(of: $0, summary, board.now, sinks, at: clock.wallNow)
        }
        guard !beats.isEmpty else { return }
        try await append(beats)
    }
}

extension OwnRecord {
    fileprivate init(_ announcement: Announcement) {
        self.init(
            id: announcement.id, type: announcement.kind.rawValue, action: announcement.kind.action,
            severity: announcement.severity, time: announcement.time, account: announcement.account,
            accountSID: announcement.accountSID, message: announcement.message, facts: announcement.facts)
    }
}

extension StatusBoard.Contents {
    fileprivate var hasFailures: Bool {
        streams.values.contains { $0.failures > 0 } || discoveries.values.contains { $0.failures > 0 }
    }
}
