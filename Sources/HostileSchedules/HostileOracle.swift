import Forwarding
import PipelineCore
import PipelineTestKit
import Simulating
import Spooling

/// What is promised, held against what is in the spool at the end of a schedule.
///
/// **A record is owed** if it lies at or after its stream's start, or in the window of a backfill that ended and that was
/// asked for when the stream was not known to be gone (what is known to be gone nobody can want read), and became
/// readable *in time*: not later than its stream's last look (the age `max(overlap, rereadAfter)`), less what the
/// server's `Date` was ahead of the truth and ten seconds for its rounding, while its environment was there. An owed
/// record is in the spool exactly once, or lies in a recorded gap of its stream.
///
/// Not owed, since nobody could know of it, is a record
/// - of an environment that was gone before a search that succeeded had listed it, or that became readable when its
///   environment was gone;
/// - that became readable later than the last look, by the shortest plan that was ever in force: after it nobody looks;
/// - of an environment that is gone, if it came later than the overlap and before the look at its age: `Retirement`
///   records as lost what was not read for the first time, and the overlap;
/// - for which every look since it became readable was answered with an empty page; the transport never does that twice
///   in a row for one instant, so this means there was only one look.
///
/// What must not be:
/// - a record in the spool that the server did not have, or twice the same one, whatever the schedule;
/// - a gap for which there is no reason: a second as full as a query lists, an environment that is gone, or was when a
///   backfill was to read it, or time that is older than Twilio keeps records.
///
/// Within a stream and lane, records that were appended together are in the order of (time, identity), undated ones
/// first; and over all appends live and caught-up ones are in the order of time, unless the server's clock lied, answers
/// had records that were not asked for, or the configuration moved the start back.
struct HostileOracle {
    struct Taken {
        let sequence: Int64
        let id: String
        let lane: Lane
        let time: Int64
        let collected: Int64
        /// Of an undated record, the time is that of the append.
        var isUndated: Bool { time == collected }
        let identity: RecordIdentity
    }

    let schedule: HostileSchedule
    let end: Int64
    let summary: StateSummary
    let truth: [TruthRecord]
    let taken: [Taken]
    let exchanges: [HostileTransport.Exchange]
    let openBackfills: Int
    private let backfilled: [BackfillJob]
    private let deliveries: [HostileReceipts]
    private let world: HostileWorld

    init(_ world: HostileWorld, _ directory: StateDirectory, _ spool: Spool) async throws {
        self.world = world
        schedule = world.schedule
        end = world.transport.serverNow
        let jobs = try await spool.backfills(openOnly: false)
        openBackfills = jobs.count { $0.isOpen }
        backfilled = jobs.filter { $0.finishedAt != nil }
        taken = try await spool.read(after: 0, maximumRecords: .max, maximumBytes: .max).map { record in
            Taken(
                sequence: record.sequence, id: record.id, lane: record.origin.lane,
                time: record.entry.time.milliseconds, collected: Self.collected(record.line),
                identity: record.entry.identity)
        }
        let spooled = try await spool.read(after: 0, maximumRecords: .max, maximumBytes: .max)
        let backlogs = try await spool.backlogs()
        var deliveries: [HostileReceipts] = []
        for receiver in world.receivers {
            deliveries.append(
                HostileReceipts(
                    receiver: receiver, spooled: spooled,
                    deadLetters: try await spool.deadLetters(sink: receiver.character.name, limit: .max),
                    backlog: backlogs[receiver.character.name] ?? 0, sessions: schedule.sessions.count + 1))
        }
        self.deliveries = deliveries
        try await spool.close()
        summary = try StateReader(directory).summary(at: world.clock.wallNow)
        truth = world.twilio.truth(at: end)
        exchanges = world.transport.exchanges
    }

    /// The time of the append, as the envelope has it.
    private static func collected(_ line: ArraySlice<UInt8>) -> Int64 {
        guard let found = line.firstRange(of: Array("\"collected\":\"".utf8)) else { return 0 }
        return Timestamp(rfc3339: line[found.upperBound...].prefix(24))?.milliseconds ?? 0
    }

    func violations() -> [String] {
        let streams = Dictionary(
            uniqueKeysWithValues: summary.streams.map { (Place($0.key), $0) })
        var byIdentity: [String: [TruthRecord]] = [:]
        for record in truth { byIdentity[record.identity, default: []].append(record) }
        var counts: [String: Int] = [:]
        var foreign: [Taken] = []
        for record in taken {
            let identity = Self.identity(record.id)
            counts[identity, default: 0] += 1
            if byIdentity[identity] == nil { foreign.append(record) }
        }
        var problems: [String] = []
        for record in foreign.prefix(3) { problems.append("IN THE SPOOL, BUT NEVER AT TWILIO: \(record)") }
        for (identity, records) in byIdentity.sorted(by: { $0.key < $1.key }) {
            let count = counts[identity] ?? 0
            if count > records.count {
                problems.append(
                    "TAKEN \(count) TIMES instead of \(records.count): "
                        + describe(records[0], streams[Place(records[0])])
                        + "; as \(taken.filter { Self.identity($0.id) == identity })")
            }
            // Of equal ones, which of them was taken nobody knows.
            guard count == 0, let record = records.first(where: { isOwed($0, streams[Place($0)]) }) else { continue }
            problems.append("LOST: " + describe(record, streams[Place(record)]))
        }
        problems += HostileGaps(self).problems()
        problems += HostileOrder(self, byIdentity).problems()
        // While the disk fails nothing is collected, and what is due then comes later.
        if schedule.deliveries.diskFaults.isEmpty { problems += HostileStarvation(self, world).problems() }
        for delivery in deliveries { problems += delivery.problems() }
        return problems
    }

    /// The number that tells equal records without a SID apart is no part of it.
    static func identity(_ id: String) -> String {
        id.hasPrefix("sha256:") ? String(id.prefix(7 + 64)) : id
    }

    /// What tells streams apart, of the truth and of the state.
    struct Place: Hashable {
        let accountSID: String
        let dataset: String
        let environmentSID: String?

        init(_ key: StreamKey) {
            (accountSID, dataset, environmentSID) = (key.accountSID, key.dataset.rawValue, key.environmentSID)
        }

        init(_ record: TruthRecord) {
            (accountSID, dataset, environmentSID) = (record.account, record.dataset.rawValue, record.environment)
        }
    }

    // MARK: - What is owed

    private func isOwed(_ record: TruthRecord, _ stream: StateSummary.Stream?) -> Bool {
        guard let stream else { return record.dataset != .logs && wasCollected(record.dataset) }
        let date = Timestamp(milliseconds: record.date)
        let isInBackfill = backfilled.contains {
            $0.accountSID == record.account && $0.dataset == stream.key.dataset
                && $0.window.from <= date.rounded(downTo: .seconds(1)) - .seconds(1)
                && date.rounded(downTo: .seconds(1)) + .seconds(1) < $0.window.to
                && !world.isKnownGone(stream.key, at: $0.id)
        }
        guard date >= stream.start || isInBackfill else { return false }
        let plans = schedule.plans(record.dataset)
        let lateness = Duration.milliseconds(record.readableAt - record.date)
        let last = plans.map(\.lastAge).min() ?? .zero
        if lateness > max(.seconds(1), last - schedule.longestLead - .seconds(10)) { return false }
        // What happened at the very end of the calm may be on its way.
        let inTime = schedule.calm.logs.pollInterval * 6 + .minutes(6) + schedule.longestLag
        if record.readableAt > end - Int64(inTime.milliseconds) { return false }
        if let removed = removal(record.environment) {
            if record.readableAt >= removed { return false }
            let overlap = plans.map(\.overlap).min() ?? .zero
            if lateness > max(.seconds(1), overlap - schedule.longestLead - .seconds(10)) { return false }
        }
        if summary.gaps.contains(where: { $0.key == stream.key && $0.window.contains(date) }) { return false }
        return !wasHidden(record)
    }

    private func wasCollected(_ dataset: SimulatedDataset) -> Bool {
        switch dataset {
        case .events: schedule.hasEvents
        case .alerts: schedule.hasAlerts
        case .logs: schedule.hasLogs
        }
    }

    /// When an environment that is gone at the end was removed.
    func removal(_ environment: String?) -> Int64? {
        guard let environment else { return nil }
        let all = world.twilio.accounts.flatMap(\.services).flatMap(\.environments)
        guard let index = all.firstIndex(where: { $0.sid == environment }) else { return nil }
        let until = schedule.life(ofEnvironment: index).until
        return until <= end ? until : nil
    }

    /// Whether every look at it was answered falsely.
    private func wasHidden(_ record: TruthRecord) -> Bool {
        guard schedule.falseEmpties != nil else { return false }
        let looks = self.looks(at: record, from: record.readableAt)
        let untrue = looks.count { $0.isFalse }
        return untrue > 0 && untrue >= looks.count { $0.isFirstPage && $0.status == 200 }
    }

    private func looks(at record: TruthRecord, from time: Int64) -> [HostileTransport.Exchange] {
        exchanges.filter { exchange in
            Int64(exchange.sentAt) + HostileSchedule.epoch >= time && concerns(exchange, record)
        }
    }

    private func concerns(_ exchange: HostileTransport.Exchange, _ record: TruthRecord) -> Bool {
        guard let window = exchange.window, window.contains(record.date) else { return false }
        switch record.dataset {
        case .events: return exchange.path.hasSuffix("/Events")
        case .alerts: return exchange.path.hasSuffix("/Alerts")
        case .logs: return record.environment.map { exchange.path.contains($0) } ?? false
        }
    }

    /// Whether a gap is what a backfill left of an environment that was hidden for a while before.
    func isLeftByBackfill(_ gap: StateSummary.Gap) -> Bool {
        guard let stream = summary.streams.first(where: { $0.key == gap.key }), gap.window.to <= stream.start,
            backfilled.contains(where: {
                $0.accountSID == gap.key.accountSID && $0.dataset == gap.key.dataset
                    && $0.window.from - .seconds(1) < gap.window.from && gap.window.to <= $0.window.to
            })
        else { return false }
        let all = world.twilio.accounts.flatMap(\.services).flatMap(\.environments)
        return schedule.deeds.contains { at, deed in
            guard case .hideEnvironment(let index, _) = deed, all.indices.contains(index) else { return false }
            return all[index].sid == gap.key.environmentSID
                && HostileSchedule.epoch + Int64(at.milliseconds) < gap.found.milliseconds
        }
    }

    // MARK: - In words

    func seconds(_ time: Int64) -> String { "\(Double(time - HostileSchedule.epoch) / 1000)s" }

    private func describe(_ record: TruthRecord, _ stream: StateSummary.Stream?) -> String {
        var text =
            "\(record.sid) (\(record.identity.prefix(16))) dated \(seconds(record.date)), readable at "
            + "\(seconds(record.readableAt)), of \(record.account) \(record.dataset) \(record.environment ?? "")"
        guard let stream else { return text + ", a stream that was never begun" }
        let near = stream.coverage.intervals.filter {
            $0.window.from.milliseconds - 120_000 < record.date && record.date < $0.window.to.milliseconds + 120_000
        }
        text +=
            "; stream since \(seconds(stream.start.milliseconds)), complete up to "
            + "\(seconds(stream.completeUpTo.milliseconds)); coverage around it:"
        for interval in near.prefix(8) {
            text +=
                " [\(seconds(interval.window.from.milliseconds)), \(seconds(interval.window.to.milliseconds))) "
                + "\(interval.state) at \(seconds(interval.readAt.milliseconds));"
        }
        let gaps = summary.gaps.filter { $0.key == stream.key }
        for gap in gaps.prefix(3) {
            text += " gap [\(seconds(gap.window.from.milliseconds)), \(seconds(gap.window.to.milliseconds)));"
        }
        let looks = looks(at: record, from: .min)
        text += " \(looks.count) requests for it:"
        for look in looks.suffix(14) { text += "\n    \(look)" }
        return text
    }
}
