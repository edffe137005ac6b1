/// All that changes in a simulated Twilio; `SimulatedTwilio` guards it with a lock.
struct SimulatorState: Sendable {
    /// One list that can be asked for: an account's events, or an environment's logs.
    struct Stream: Sendable {
        let dataset: SimulatedDataset
        let place: LogRecords.Place
        var timeline: Timeline

        /// The tag its records' SIDs are made from.
        var tag: SIDs.Tag { place.stream }
    }

    enum AccountStatus: String {
        case active, suspended, revoked
    }

    struct WindowKey: Hashable {
        var account: Int
        var api: SimulatedAPI
        var environment: String?
    }

    let options: SimulatorOptions
    let accounts: [SimulatedAccount]
    let start: Int64
    let sids: SIDs
    let events: EventRecords
    let logs: LogRecords
    let credentials: [String: SimulatedCredential]
    let accountIndexes: [String: Int]
    /// Events stream and, by environment SID, logs streams of each account.
    private(set) var eventStreams: [Int] = []
    private(set) var logStreams: [[String: Int]] = []
    var streams: [Stream] = []

    var now: Int64
    var stormEnd = Int64.min
    var skew: Int64
    var faults: FaultPlan
    var status: [AccountStatus]
    var windows: [WindowKey: SlidingWindow] = [:]
    var tally = Tally()

    init(options: SimulatorOptions, start: Int64, accounts: [SimulatedAccount], sids: SIDs) {
        self.options = options
        self.accounts = accounts
        self.start = start
        self.sids = sids
        events = EventRecords(sids: sids, seed: options.seed)
        logs = LogRecords(sids: sids, seed: options.seed, fraction: options.logPrecision == .milliseconds)
        credentials = SimulatedCredential.all(of: accounts)
        accountIndexes = Dictionary(uniqueKeysWithValues: accounts.enumerated().map { ($1.sid, $0) })
        now = start
        skew = options.clockSkew.milliseconds
        faults = FaultPlan(rates: options.faults, seed: options.faultSeed)
        status = accounts.map { _ in .active }
        for account in accounts.indices { addStreams(of: account) }
    }

    /// Issues what is due; an earlier time than before changes nothing.
    mutating func advance(to time: Int64) {
        now = max(now, time)
        for stream in streams.indices { streams[stream].timeline.advance(to: now) }
    }

    mutating func stopLive() {
        for stream in streams.indices { streams[stream].timeline.stopLive(at: now) }
    }

    /// The stream of an account's events, or of an environment's logs (the first with a build if none is named).
    func stream(account sid: String, dataset: SimulatedDataset, environment: String? = nil) -> Int? {
        guard let account = accountIndexes[sid] else { return nil }
        switch dataset {
        case .events: return eventStreams[account]
        case .logs:
            guard let environment else { return logStreams[account].values.min() }
            return logStreams[account][environment]
        }
    }

    mutating func emit(_ count: Int, stream: Int, date: Int64?, delay: Int64) -> (
        sids: [String], date: Int64, readableAt: Int64
    ) {
        let date = streams[stream].timeline.schedule.date(of: date ?? now)
        let prefix = streams[stream].dataset == .events ? "AE" : "NO"
        let made = (0..<count).map { _ in
            let number = streams[stream].timeline.emit(date: date, readableAt: now + delay, isLate: delay > 0)
            return sids.text(prefix, streams[stream].tag, UInt64(number))
        }
        streams[stream].timeline.advance(to: now)
        return (made, date, now + delay)
    }

    private mutating func addStreams(of account: Int) {
        let digits = SimulatedAccount.digits(account)
        let nowhere = SIDs.Digits(high: 0, low: 0)
        eventStreams.append(streams.count)
        addStream(
            .events,
            LogRecords.Place(
                stream: .init(kind: .event, account: account), account: digits, service: nowhere,
                environment: nowhere, build: nowhere, deployment: nowhere, functions: []),
            share: (0, 1))

        var places: [(environment: String, place: LogRecords.Place)] = []
        for (number, service) in accounts[account].services.enumerated() {
            for (index, environment) in service.environments.enumerated() where environment.buildSID != nil {
                func tag(_ kind: SIDs.Tag.Kind) -> SIDs.Tag {
                    .init(kind: kind, account: account, service: number, environment: index)
                }
                let serviceTag = SIDs.Tag(kind: .service, account: account, service: number)
                let functionTag = SIDs.Tag(kind: .function, account: account, service: number)
                places.append(
                    (
                        environment.sid,
                        LogRecords.Place(
                            stream: tag(.log), account: digits, service: sids.digits(serviceTag, 0),
                            environment: sids.digits(tag(.environment), 0), build: sids.digits(tag(.build), 0),
                            deployment: sids.digits(tag(.deployment), 0),
                            functions: service.functions.indices.map { sids.digits(functionTag, UInt64($0)) })
                    ))
            }
        }
        logStreams.append([:])
        for (index, (environment, place)) in places.enumerated() {
            logStreams[account][environment] = streams.count
            addStream(.logs, place, share: (index, places.count))
        }
    }

    /// - Parameter share: which of how many streams the account's records are spread over.
    private mutating func addStream(_ dataset: SimulatedDataset, _ place: LogRecords.Place, share: (Int, of: Int)) {
        let (index, count) = share
        let schedule = Schedule(
            start: start, history: options.history / count + (index < options.history % count ? 1 : 0),
            historySpan: options.historySpan.milliseconds, rate: options.rate / Double(count), late: options.late,
            lateMax: options.lateMax.milliseconds,
            wholeSeconds: dataset == .events || options.logPrecision == .seconds,
            seed: mixed(options.seed ^ place.stream.packed))
        let liveEnd = options.rateFor.map { start + $0.milliseconds } ?? .max
        streams.append(Stream(dataset: dataset, place: place, timeline: Timeline(schedule, liveEnd: liveEnd)))
    }
}
