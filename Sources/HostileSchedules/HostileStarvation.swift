import Forwarding
import PipelineCore
import Simulating
import Spooling

/// Whether every stream got its turns while all was well.
///
/// In the calm, with n streams on a rate limit of R requests per second and polls every p:
/// - **At the end** a stream is complete up to at most `lag` (2 s) + its poll interval + the time that one pass waits for
///   its turn. The interval is p, or stretched by the pacer to at most n / (0.6 × 0.25 × R), and never to more than 300 s.
///   Since live polls have 9 of 16 turns, a stream's request waits at most 2n turns. That makes
///   `bound` = 2 s + max(p, min(300 s, n / (0.15 R))) × 1.25 + 2n / R + 20 s for answers and rounding.
/// - **Until then** each answers whole windows again and again: the first one no later than all pauses that trouble left
///   can last (300 s of the stream's own, 300 s of the credential's gate, 60 s of the limiter, one search for new
///   environments), or a search that failed once more, after the calm began; then `bound` apart at the most.
///
/// At the end nothing is left to catch up, and every backfill has ended.
struct HostileStarvation {
    private let oracle: HostileOracle
    private let world: HostileWorld

    init(_ oracle: HostileOracle, _ world: HostileWorld) {
        self.oracle = oracle
        self.world = world
    }

    private var schedule: HostileSchedule { oracle.schedule }
    /// The streams that share a rate limit, at the most.
    private var streams: Int { max(2, oracle.summary.streams.count) }

    private func bound(_ isDeployed: Bool) -> Duration {
        let session = schedule.calm
        var rate = session.requestsPerSecond
        // A server that allows less sets the pace: half of it after a 429, and growing back.
        if schedule.options.requestsPerSecond > 0 { rate = min(rate, Double(schedule.options.requestsPerSecond) / 2) }
        let poll = session.logs.pollInterval
        // Where nothing is deployed, nothing is looked for more often.
        if !isDeployed { return .seconds(300 * 5 / 4 + 22) + .seconds(Double(2 * streams) / rate) }
        let stretched = max(poll, min(.seconds(300), .seconds(Double(streams) / (0.15 * rate))))
        return .seconds(22) + stretched * 1.25 + .seconds(Double(2 * streams) / rate)
    }

    func problems() -> [String] {
        var problems: [String] = []
        if oracle.openBackfills > 0 { problems.append("A BACKFILL NEVER ENDED") }
        for place in expected() {
            guard let stream = oracle.summary.streams.first(where: { HostileOracle.Place($0.key) == place }) else {
                problems.append("NEVER BEGUN: \(place)")
                continue
            }
            let lag = Timestamp(milliseconds: oracle.end) - stream.completeUpTo
            let isDeployed = isDeployed(place)
            let bound = bound(isDeployed)
            if lag > bound {
                problems.append("STARVED AT THE END: \(stream.key) lags by \(lag), more than \(bound)")
            }
            if stream.retiredAt != nil { problems.append("RETIRED, BUT THERE: \(stream.key)") }
            if let gap = longestWait(place, bound), gap.length > gap.allowed {
                problems.append(
                    "STARVED: \(stream.key) had no answer for \(gap.length) until \(gap.until), more than \(gap.allowed)"
                )
            }
        }
        return problems
    }

    /// What is there at the end and has been since the calm began.
    private func expected() -> [HostileOracle.Place] {
        var places: [HostileOracle.Place] = []
        let now = Timestamp(milliseconds: oracle.end)
        for account in world.twilio.accounts {
            func key(_ dataset: Dataset, _ service: String? = nil, _ environment: String? = nil) -> HostileOracle.Place
            {
                HostileOracle.Place(
                    StreamKey(
                        accountSID: account.sid, dataset: dataset, host: "", serviceSID: service,
                        environmentSID: environment))
            }
            if schedule.hasEvents { places.append(key(.monitorEvents)) }
            if schedule.hasAlerts { places.append(key(.monitorAlerts)) }
            guard schedule.hasLogs else { continue }
            for service in account.services {
                for environment in service.environments where oracle.removal(environment.sid) == nil {
                    let index = world.twilio.accounts.flatMap(\.services).flatMap(\.environments)
                        .firstIndex { $0.sid == environment.sid }
                    let life = index.map(schedule.life(ofEnvironment:)) ?? .always
                    let isOld = life.from <= HostileSchedule.epoch + Int64(schedule.calmAt.milliseconds)
                    if life.contains(now.milliseconds), isOld {
                        places.append(key(.serverlessLogs, service.sid, environment.sid))
                    }
                }
            }
        }
        return places
    }

    private func isDeployed(_ place: HostileOracle.Place) -> Bool {
        let all = world.twilio.accounts.flatMap(\.services).flatMap(\.environments)
        return place.environmentSID == nil || all.contains { $0.sid == place.environmentSID && $0.buildSID != nil }
    }

    /// The longest time in the calm without an answer to the stream's list, and what is allowed there.
    private func longestWait(
        _ place: HostileOracle.Place, _ bound: Duration
    ) -> (length: Duration, until: Duration, allowed: Duration)? {
        let calm = schedule.calmAt
        let first = .seconds(720) + schedule.calm.discoveryInterval + bound
        var worst: (length: Duration, until: Duration, allowed: Duration)?
        var last = calm
        var allowed = first
        func note(_ at: Duration) {
            let length = at - last
            if length - allowed > (worst.map { $0.length - $0.allowed } ?? .seconds(-1_000_000)) {
                worst = (length, at, allowed)
            }
            last = at
        }
        for exchange in oracle.exchanges where exchange.status == 200 && exchange.window != nil {
            let at = Duration.milliseconds(exchange.sentAt)
            guard at >= calm, concerns(exchange, place) else { continue }
            note(at)
            // Until pauses and rates that trouble left behind are over.
            allowed = at < calm + first ? first : bound
        }
        note(schedule.end)
        return worst
    }

    private func concerns(_ exchange: HostileTransport.Exchange, _ place: HostileOracle.Place) -> Bool {
        if let environment = place.environmentSID { return exchange.path.contains(environment) }
        // Paths do not name the account; with two of them this sees less.
        return exchange.path.hasSuffix(place.dataset == "monitor.events" ? "/Events" : "/Alerts")
    }
}
