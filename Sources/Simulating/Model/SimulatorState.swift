/// All that changes in a simulated Twilio; `SimulatedTwilio` guards it with a lock.
struct SimulatorState: Sendable {
    /// One list that can be asked for: an account's events or alerts, or an environment's logs.
    struct Stream: Sendable {
        let dataset: SimulatedDataset
        let place: LogRecords.Place
        /// SIDs; nil but for logs.
        var service: String?
        var environment: String?
        var timeline: Timeline

        /// The tag its records' SIDs are made from.
        var tag: SIDs.Tag { place.stream }
    }

    struct WindowKey: Hashable {
        var account: Int
        var api: SimulatedAPI
        /// An environment or a user name, where the limit is counted by them.
        var scope: String?
    }

    /// One page of one list.
    struct Look: Hashable {
        var path: String
        var offset: Int
    }

    let options: SimulatorOptions
    let accounts: [SimulatedAccount]
    let start: Int64
    let writer: RecordWriter
    let credentials: [String: SimulatedCredential]
    let accountIndexes: [String: Int]
    /// SIDs of all environments, with a build or without.
    let environments: Set<String>
    /// Events and alerts streams and, by environment SID, logs streams of each account.
    var eventStreams: [Int] = []
    var alertStreams: [Int] = []
    var logStreams: [[String: Int]] = []
    var streams: [Stream] = []

    var now: Int64
    /// No stream has anything to do before.
    var nextDue = Int64.min
    /// Pile-ups to come, soonest last.
    private(set) var pileUps: [PileUp]
    var stormEnd = Int64.min
    var stormRetryAfter: Duration?
    var skew: Int64
    var faults: FaultPlan
    var incidents: [Incident]
    /// Set on demand; they take the plans' place.
    var statuses: [Int: AccountStatus] = [:]
    var lives: [String: Life] = [:]
    var windows: [WindowKey: SlidingWindow] = [:]
    /// Looks that met an empty page and are due a full one.
    var hushed: Set<Look> = []
    var tally = Tally()

    var sids: SIDs { writer.sids }

    init(options: SimulatorOptions, start: Int64, accounts: [SimulatedAccount], sids: SIDs) {
        self.options = options
        self.accounts = accounts
        self.start = start
        writer = RecordWriter(sids: sids, options: options)
        credentials = SimulatedCredential.all(of: accounts)
        accountIndexes = Dictionary(uniqueKeysWithValues: accounts.enumerated().map { ($1.sid, $0) })
        environments = Set(accounts.flatMap(\.services).flatMap(\.environments).map(\.sid))
        now = start
        skew = options.clockSkew.milliseconds
        faults = FaultPlan(rates: options.faults, seed: options.faultSeed)
        incidents = options.incidents
        pileUps = options.pileUps.sorted { $0.at > $1.at }
        for account in accounts.indices { addStreams(of: account) }
        advance(to: start)
    }

    /// Issues what is due; an earlier time than before changes nothing.
    mutating func advance(to time: Int64) {
        now = max(now, time)
        while let pileUp = pileUps.last, pileUp.at <= now {
            pileUps.removeLast()
            emit(pileUp)
        }
        guard now >= nextDue else { return }
        nextDue = .max
        for stream in streams.indices {
            streams[stream].timeline.advance(to: now)
            nextDue = min(nextDue, streams[stream].timeline.nextDue)
        }
    }

    mutating func stopLive() {
        for stream in streams.indices { streams[stream].timeline.stopLive(at: now) }
    }

    /// The stream of an account's events or alerts, or of an environment's logs (the first with a build if none is
    /// named).
    func stream(account sid: String, dataset: SimulatedDataset, environment: String? = nil) -> Int? {
        guard let account = accountIndexes[sid] else { return nil }
        switch dataset {
        case .events: return eventStreams[account]
        case .alerts: return alertStreams[account]
        case .logs:
            guard let environment else { return logStreams[account].values.min() }
            return logStreams[account][environment]
        }
    }

    /// - Parameters: `date` nil is now; `delay` in milliseconds.
    mutating func emit(
        _ count: Int, stream: Int, date: Int64?, delay: Int64, function: FunctionChoice = .spread,
        shape: RecordShape? = nil
    ) -> (sids: [String], date: Int64, readableAt: Int64) {
        let date = streams[stream].timeline.schedule.date(of: date ?? now)
        let record = Timeline.Emitted(date: date, readableAt: now + delay, choice: function, shape: shape)
        let numbers = streams[stream].timeline.emit(count, record, isLate: delay > 0, now: now)
        nextDue = min(nextDue, now + delay)
        return (numbers.map { writer.sid($0, of: streams[stream]) }, date, now + delay)
    }

    private mutating func emit(_ pileUp: PileUp) {
        let stream: Int?
        switch pileUp.dataset {
        case .events: stream = eventStreams[pileUp.account]
        case .alerts: stream = alertStreams[pileUp.account]
        case .logs:
            let all = logStreams[pileUp.account].values.sorted()
            stream = all.indices.contains(pileUp.environment) ? all[pileUp.environment] : nil
        }
        guard let stream else { return }
        let date = streams[stream].timeline.schedule.date(of: pileUp.at)
        _ = streams[stream].timeline.emit(
            pileUp.count,
            Timeline.Emitted(date: date, readableAt: pileUp.at, choice: pileUp.function, shape: nil), isLate: false,
            now: now)
    }
}
