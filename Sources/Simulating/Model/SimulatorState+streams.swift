/// The streams that an account has from the beginning, whether their places exist yet or not.
extension SimulatorState {
    mutating func addStreams(of account: Int) {
        let nowhere = SIDs.Digits(high: 0, low: 0)
        let digits = SimulatedAccount.digits(account)
        func place(_ kind: SIDs.Tag.Kind) -> LogRecords.Place {
            LogRecords.Place(
                stream: .init(kind: kind, account: account), account: digits, service: nowhere, environment: nowhere,
                build: nowhere, deployment: nowhere, functions: [])
        }
        let life = Life(from: accounts[account].from)
        eventStreams.append(streams.count)
        addStream(.events, place(.event), life: life)
        alertStreams.append(streams.count)
        addStream(.alerts, place(.alert), life: life)
        logStreams.append([:])
        let places = logPlaces(of: account)
        for (index, place) in places.enumerated() {
            let service = accounts[account].services[place.stream.service]
            let environment = service.environments[place.stream.environment]
            logStreams[account][environment.sid] = streams.count
            addStream(
                .logs, place, service: service.sid, environment: environment.sid,
                life: self.life(account, place.stream.service, place.stream.environment),
                share: (index, places.count))
        }
    }

    /// Of every environment that ever has a build.
    private func logPlaces(of account: Int) -> [LogRecords.Place] {
        var places: [LogRecords.Place] = []
        for (number, service) in accounts[account].services.enumerated() {
            let functionTag = SIDs.Tag(kind: .function, account: account, service: number)
            let functions = service.functionPlaces.indices.map { sids.digits(functionTag, UInt64($0)) }
            for (index, environment) in service.environments.enumerated() where environment.buildSID != nil {
                func digits(_ kind: SIDs.Tag.Kind) -> SIDs.Digits { sids.digits(tag(kind), 0) }
                func tag(_ kind: SIDs.Tag.Kind) -> SIDs.Tag {
                    .init(kind: kind, account: account, service: number, environment: index)
                }
                places.append(
                    LogRecords.Place(
                        stream: tag(.log), account: SimulatedAccount.digits(account),
                        service: sids.digits(.init(kind: .service, account: account, service: number), 0),
                        environment: digits(.environment), build: digits(.build), deployment: digits(.deployment),
                        functions: functions))
            }
        }
        return places
    }

    /// - Parameter share: which of how many streams the account's records are spread over.
    private mutating func addStream(
        _ dataset: SimulatedDataset, _ place: LogRecords.Place, service: String? = nil, environment: String? = nil,
        life: Life, share: (Int, of: Int) = (0, 1)
    ) {
        let (index, count) = share
        let (history, rate) =
            dataset == .alerts ? (options.alerts, options.alertRate) : (options.history, options.rate)
        let wholeSeconds =
            switch dataset {
            case .events: true
            case .logs: options.logPrecision == .seconds
            case .alerts: options.alertDates != .milliseconds
            }
        let schedule = Schedule(
            start: start, history: history / count + (index < history % count ? 1 : 0),
            historySpan: options.historySpan.milliseconds, rate: rate / Double(count), lateness: Lateness(options),
            wholeSeconds: wholeSeconds, seed: mixed(options.seed ^ place.stream.packed))
        let liveEnd = options.rateFor.map { start + $0.milliseconds } ?? .max
        streams.append(
            Stream(
                dataset: dataset, place: place, service: service, environment: environment,
                timeline: Timeline(schedule, liveEnd: liveEnd, life: life)))
    }
}
