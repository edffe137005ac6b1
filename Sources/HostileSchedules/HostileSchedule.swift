import Forwarding
import Simulating

/// Everything that a hostile world does to a collector and the collector's operator to it, made from a seed alone.
///
/// Instants are spans since the world's beginning, by the server's true clock.
struct HostileSchedule: Sendable {
    /// How a session of the service ends.
    enum Ending: String, Sendable {
        /// Everything is cancelled, then flushed.
        case stop
        /// Everything is cancelled; what waits for the next commit is lost.
        case cancel
        /// The next session goes on with what the disk held at that instant.
        case kill
    }

    /// One run of the service, with the configuration of that day.
    struct Session: Sendable {
        var length: Duration
        var ending: Ending
        /// How long nothing runs afterwards.
        var downtime: Duration
        var events: CollectionPlan
        var logs: CollectionPlan
        /// How far back a stream begins that was never seen.
        var start: Duration
        var discoveryInterval: Duration
        var requestsPerSecond: Double
        var burst: Int
        var isScopedToEnvironment: Bool
        var memoryBytes: Int
        var maximumReadsPerDay: Int?
        var spoolSegmentBytes: Int64?
    }

    /// What is done to the world at an instant.
    enum Deed: Sendable, Equatable {
        /// The `Date` header is so far from the truth from now on.
        case skewDate(Duration)
        /// The collector's own wall clock jumps.
        case jumpWall(Duration)
        /// An environment is not there for so long, then it is again; an index over all environments.
        case hideEnvironment(Int, Duration)
        /// Somebody asks for a backfill of a dataset, from and to before now.
        case backfill(account: Int, dataset: SimulatedDataset, from: Duration, to: Duration)
    }

    let seed: UInt64
    /// One or two streams, few records and minutes: most are, so that there can be many.
    var isSmall = true
    var options = SimulatorOptions()
    var hasEvents = true
    var hasAlerts = false
    var hasLogs = false
    /// Of all queries, for the sources as for the server.
    var cap = 10_000
    var sessions: [Session] = []
    var deeds: [(at: Duration, deed: Deed)] = []
    /// When first pages or later ones are answered as if there were nothing, though never twice in a row for one
    /// instant of a list; and which share of them.
    var falseEmpties: (from: Duration, to: Duration, share: Double)?
    var latency: ClosedRange<Duration> = .milliseconds(5)...(.milliseconds(60))
    /// The last session, in which all is well.
    var calm: Session
    var deliveries: HostileDeliveries { HostileDeliveries(seed: seed, calm: calmAt) }

    /// Milliseconds since 1970 at the world's beginning.
    static let epoch: Int64 = 1_780_000_000_000

    /// When the calm begins.
    var calmAt: Duration { sessions.reduce(.zero) { $0 + $1.length + $1.downtime } }
    var end: Duration { calmAt + calm.length }

    /// How far the server's `Date` is ahead of the truth at the most, and behind.
    var longestLead: Duration { skews.max() ?? .zero }
    var longestLag: Duration { .zero - (skews.min() ?? .zero) }
    private var skews: [Duration] {
        (options.incidents.contains { $0.fault == .dateJump } ? [options.dateJump, .zero - options.dateJump] : [.zero])
            + deeds.compactMap { if case .skewDate(let skew) = $0.deed { skew } else { nil } }
    }

    /// The plans that a dataset's streams are read by.
    func plans(_ dataset: SimulatedDataset) -> [CollectionPlan] {
        (sessions + [calm]).map { dataset == .logs ? $0.logs : $0.events }
    }
}

extension HostileSchedule: CustomStringConvertible {
    var description: String {
        let kinds = [hasEvents ? "events" : nil, hasAlerts ? "alerts" : nil, hasLogs ? "logs" : nil].compactMap(\.self)
        var lines = [
            "\(options.accounts) account(s) with \(kinds.joined(separator: ", ")); history \(options.history) in "
                + "\(options.historySpan), rate \(options.rate) for \(options.rateFor ?? .zero), alerts "
                + "\(options.alerts)/\(options.alertRate); late \(options.late) of \(options.lateMin)...\(options.lateMax) "
                + "\(options.lateShape); cap \(cap) \(options.capForm)/\(options.alertsCapForm), "
                + "retention \(options.retention), errors \(options.errorForm)",
            "bounds \(options.eventBounds)/\(options.alertBounds)/\(options.logBounds), fractions "
                + "\(options.eventFractions)/\(options.alertFractions)/\(options.logFractions.map { "\($0)" } ?? "-"), "
                + "paging \(options.paging), log precision \(options.logPrecision), alert dates \(options.alertDates), "
                + "shuffle \(options.shuffleSpan ?? 0) \(options.unordered), server limit \(options.requestsPerSecond) by "
                + "\(options.rateScope), odd \(options.odd.sorted { $0.key.rawValue < $1.key.rawValue }), false empties "
                + "\(falseEmpties.map { "\($0)" } ?? "none"), latency \(latency)",
        ]
        for pileUp in options.pileUps {
            lines.append(
                "pile-up of \(pileUp.count) \(pileUp.dataset) account \(pileUp.account) environment "
                    + "\(pileUp.environment) at \(offset(pileUp.at)) \(pileUp.function)")
        }
        for incident in options.incidents {
            lines.append(
                "\(incident.fault) \(offset(incident.from))...\(offset(incident.until)) share \(incident.share) "
                    + "\(incident.endpoint.map { "\($0)" } ?? "everywhere") retry-after "
                    + "\(incident.retryAfter.map { "\($0)" } ?? "-")")
        }
        for (account, services) in options.layouts.sorted(by: { $0.key < $1.key }) {
            for service in services {
                let lives = service.environments.map {
                    ($0.deployedAt == nil ? "empty " : "")
                        + "\($0.life.from == .min ? "-" : "\(offset($0.life.from))")...\($0.life.until == .max ? "-" : "\(offset($0.life.until))")"
                }
                lines.append("account \(account) service with environments \(lives)")
            }
        }
        for (at, deed) in deeds { lines.append("\(at): \(deed)") }
        for session in sessions + [calm] {
            let plan = session.events
            lines.append(
                "session of \(session.length), \(session.ending), then nothing for \(session.downtime): poll "
                    + "\(plan.pollInterval), overlap \(plan.overlap), again \(plan.rereadAfter), page \(plan.pageSize), "
                    + "start \(session.start), search \(session.discoveryInterval), \(session.requestsPerSecond)/s burst "
                    + "\(session.burst)\(session.isScopedToEnvironment ? " by environment" : ""), memory "
                    + "\(session.memoryBytes), reads a day \(session.maximumReadsPerDay ?? 0)")
        }
        return (lines + ["\(deliveries)"]).joined(separator: "\n")
    }

    private func offset(_ time: Int64) -> Duration { .milliseconds(time &- Self.epoch) }
}
