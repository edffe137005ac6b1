import Forwarding
import Simulating

/// Each schedule gets a few kinds of trouble rather than all of them: what one hides another shows.
extension HostileSchedule {
    init(seed: UInt64) {
        var chance = HostileChance(seed)
        self.seed = seed
        calm = Session.usual
        isSmall = chance.happens(85)
        chooseData(&chance)
        chooseSessions(&chance)
        chooseLateness(&chance)
        chooseServer(&chance)
        choosePlaces(&chance)
        choosePileUps(&chance)
        chooseTrouble(&chance)
        chooseDeeds(&chance)
        deeds.sort { $0.at < $1.at }
        calm.length += rest + work
    }

    /// How long full seconds take to be read: their pages, with their neighbours', in each look at them.
    private var work: Duration {
        let pages = options.pileUps.reduce(0) { $0 + $1.count } / max(1, calm.logs.pageSize)
        let server = options.requestsPerSecond > 0 ? Double(options.requestsPerSecond) : .infinity
        return .seconds(Double(pages * 12) / min(calm.requestsPerSecond, server))
    }

    /// How long the pauses that trouble has made longer can go on when it is over: about as long as the trouble, but
    /// not longer than 300 s of a stream's own behind 300 s of the credential's gate, and time to catch up.
    private var rest: Duration {
        let longest = options.incidents.map { $0.until - $0.from }.max() ?? 0
        return min(.minutes(22), .milliseconds(2 * longest) + (isSmall ? .minutes(3) : .minutes(6)))
    }

    private mutating func chooseData(_ chance: inout HostileChance) {
        options.seed = chance.next() >> 8
        options.faultSeed = chance.next()
        options.accounts = chance.happens(isSmall ? 3 : 25) ? 2 : 1
        hasEvents = chance.happens(60)
        hasAlerts = chance.happens(20)
        hasLogs = chance.happens(50)
        if isSmall {
            let kind = chance.number(0...9)
            (hasEvents, hasAlerts, hasLogs) = (kind < 4, kind == 4, kind > 4)
        }
        if !hasAlerts, !hasLogs { hasEvents = true }
        options.history = chance.happens(50) ? 0 : chance.number(1...(isSmall ? 20 : 120))
        options.historySpan = chance.pick([.minutes(20), .hours(3), .days(2)])
        options.rate = chance.happens(15) ? 0 : 0.01 + chance.share() * chance.share() * 0.6
        if hasAlerts {
            options.alerts = chance.number(0...(isSmall ? 15 : 60))
            options.alertRate = chance.share() * 0.2
        }
        if chance.happens(12) {
            let shapes: [RecordShape] = [
                .allNull, .noSID, .nullSID, .noDate, .nullDate, .badDate, .otherDate, .text, .null, .invalidUTF8, .deep,
            ]
            for _ in 0..<chance.number(1...3) { options.odd[chance.pick(shapes)] = 0.02 + chance.share() * 0.1 }
        }
    }

    // MARK: - Our side

    private mutating func chooseSessions(_ chance: inout HostileChance) {
        let pageSize = chance.pick([10, 10, 20, 20, 50, 200, 1000])
        // A quiet overlap of fifty records must fit a query, as it does with any cap that was ever seen.
        cap =
            pageSize < 100 && chance.happens(75) ? max(2 * pageSize, chance.number(60...(isSmall ? 120 : 400))) : 10_000
        var plan = CollectionPlan(
            pollInterval: chance.pick([.seconds(5), .seconds(10), .seconds(20), .seconds(30)]),
            overlap: chance.pick([.seconds(60), .seconds(120), .seconds(180)]),
            rereadAfter: chance.pick([[], [.minutes(10)], [.minutes(20)], [.minutes(8), .minutes(25)]]),
            pageSize: pageSize)
        if isSmall {
            plan.overlap = chance.pick([.seconds(20), .seconds(45), .seconds(60), .seconds(90)])
            plan.rereadAfter = chance.pick([[], [], [.minutes(3)], [.minutes(2), .minutes(5)]])
        }
        var session = Session.usual
        session.start = chance.pick([.minutes(5), .minutes(30), .hours(4), .days(3), .days(30)])
        session.discoveryInterval = chance.pick([.seconds(30), .seconds(60), .seconds(120)])
        session.requestsPerSecond = chance.pick([1000, 1000, 4, 2, 1])
        session.burst = chance.happens(20) ? 4 : 1
        session.isScopedToEnvironment = chance.happens(15)
        session.memoryBytes = chance.happens(25) ? chance.pick([1, 4_000, 20_000]) : 16 << 20
        session.spoolSegmentBytes = chance.happens(20) ? 64 << 10 : nil
        let isLimited = chance.happens(6)
        let count = chance.pick([1, 1, 2, 2, 3, 5])
        for _ in 0..<count {
            session.length = chance.span(.seconds(3)...(.seconds((isSmall ? 240 : 1200) / count)))
            session.ending = chance.pick([.stop, .cancel, .kill, .kill])
            session.downtime = chance.pick([.zero, .zero, chance.span(.zero...(.minutes(4)))])
            if chance.happens(4) { session.downtime = chance.pick([.hours(1), .hours(7), .days(2)]) }
            session.maximumReadsPerDay = isLimited && chance.happens(70) ? chance.pick([50, 400, 3000]) : nil
            (session.events, session.logs) = (plan, plan)
            sessions.append(session)
            if chance.happens(20) { plan.pollInterval = chance.pick([.seconds(3), .seconds(15), .seconds(40)]) }
            if chance.happens(12) { plan.overlap = chance.pick([.seconds(30), .seconds(75), .seconds(150)]) }
            if chance.happens(10) { session.start = chance.pick([.minutes(1), .hours(2), .days(10)]) }
            if chance.happens(10) { session.memoryBytes = chance.pick([1, 10_000, 16 << 20]) }
        }
        if chance.happens(2) { sessions[count - 1].downtime = chance.pick([.days(29), .days(31), .days(45)]) }
        chooseCalm(session, plan)
    }

    /// All looks that are due for what happened before come within it: every instant is looked at again at most a
    /// quarter of its age later than it is due, and with a poll if the stream is quiet.
    private mutating func chooseCalm(_ last: Session, _ plan: CollectionPlan) {
        calm = last
        var plan = plan
        plan.pollInterval = max(plan.pollInterval, .seconds(60))
        (calm.events, calm.logs) = (plan, plan)
        calm.maximumReadsPerDay = nil
        calm.downtime = .zero
        calm.ending = .stop
        let age = (plan.rereadAfter + [plan.overlap]).max() ?? plan.overlap
        calm.length = age + age / 4 + plan.pollInterval * 3
    }

    // MARK: - The server

    private mutating func chooseLateness(_ chance: inout HostileChance) {
        let seconds = max(1, calmAt.milliseconds / 1000)
        // Whatever the downtime, not many more than three hundred records for each dataset.
        options.rateFor = min(
            .seconds(seconds), .seconds(Int((isSmall ? 60 : 300) / max(0.001, max(options.rate, options.alertRate)))))
        let plans = plans(.events)
        let overlap = plans.map(\.overlap).min() ?? .zero
        let last = plans.map(\.lastAge).min() ?? .zero
        options.late = chance.happens(30) ? 0 : 0.05 + chance.share() * 0.5
        options.lateShape = chance.pick([.uniform, .exponential, .longTail])
        options.lateMax = chance.happens(60) ? overlap - .seconds(12) : last - .seconds(12)
    }

    private mutating func chooseServer(_ chance: inout HostileChance) {
        options.requestsPerSecond = chance.pick([0, 0, 0, 5, 3, 2])
        // Somebody who asks for much more than is allowed gets no whole pass through.
        if options.requestsPerSecond > 0 {
            let most = Double(options.requestsPerSecond) * (chance.happens(30) ? 1.5 : 1)
            for index in sessions.indices {
                sessions[index].requestsPerSecond = min(most, sessions[index].requestsPerSecond)
            }
            calm.requestsPerSecond = min(most, calm.requestsPerSecond)
        }
        options.countsRefused = chance.happens(30)
        options.rateScope = sessions[0].isScopedToEnvironment ? .environment : .account
        options.retryAfter = chance.pick([nil, .seconds(1), .seconds(5)])
        options.retryAfterForm = chance.pick([.seconds, .date])
        options.eventsCap = cap
        options.logsCap = cap
        options.alertsCap = cap
        options.capForm = chance.pick([.refusal, .silent])
        options.alertsCapForm = chance.pick([.refusal, .silent])
        let bounds = SimulatorOptions.Bounds.allCases
        (options.eventBounds, options.alertBounds, options.logBounds) =
            (chance.pick(bounds), chance.pick(bounds), chance.pick(bounds))
        options.eventFractions = chance.pick([.honoured, .ignored])
        options.alertFractions = chance.pick([.honoured, .ignored])
        options.logFractions = chance.pick([nil, .honoured, .ignored])
        options.logPrecision = chance.happens(70) ? .milliseconds : .seconds
        options.alertDates = chance.pick(SimulatorOptions.AlertDates.allCases)
        options.alertCreatedDelay = chance.happens(30) ? .seconds(7) : .zero
        options.paging = chance.pick([.offset, .cursor])
        options.unordered = chance.happens(25)
        options.shuffleSpan = chance.happens(20) ? chance.number(2...60) : nil
        options.withoutFunction = chance.pick([nil, nil, 0, 0.3])
        options.functions = chance.number(1...5)
        options.accountsRefusal = 20003
        options.errorForm = chance.pick(SimulatorOptions.ErrorForm.allCases)
        latency = chance.pick([
            .milliseconds(1)...(.milliseconds(5)), .milliseconds(5)...(.milliseconds(80)),
            .milliseconds(50)...(.milliseconds(900)),
        ])
    }

    private mutating func choosePlaces(_ chance: inout HostileChance) {
        options.services = 0
        guard hasLogs else { return }
        let span = min(calmAt, .minutes(40))
        for account in 0..<options.accounts {
            var services: [ServicePlan] = []
            var left = isSmall ? chance.pick([1, 1, 1, 2]) : chance.pick([1, 1, 2, 2, 3, 6])
            let functions = (0..<options.functions).map { FunctionPlan(friendlyName: "function-\($0)") }
            while left > 0 {
                let count = min(left, chance.number(1...3))
                left -= count
                let environments = (0..<count).map { index in
                    EnvironmentPlan(
                        uniqueName: "environment-\(index)", deployedAt: chance.happens(10) ? nil : .min,
                        life: life(within: span, &chance))
                }
                services.append(
                    ServicePlan(uniqueName: "service-\(left)", environments: environments, functions: functions))
            }
            options.layouts[account] = services
        }
    }

    private func life(within span: Duration, _ chance: inout HostileChance) -> Life {
        guard chance.happens(30) else { return .always }
        let (one, other) = (chance.span(.zero...span), chance.span(.zero...span))
        let from = chance.happens(50) ? Int64.min : Self.epoch + Int64(min(one, other).milliseconds)
        let until = chance.happens(40) ? Int64.max : Self.epoch + Int64(max(one, other).milliseconds)
        return Life(from: from, until: until)
    }

    private mutating func choosePileUps(_ chance: inout HostileChance) {
        guard cap < 1000, chance.happens(45) else { return }
        let places = options.layouts[0]?.flatMap(\.environments).count ?? 0
        for _ in 0..<chance.number(1...3) {
            let dataset: SimulatedDataset = hasLogs && chance.happens(60) ? .logs : hasAlerts ? .alerts : .events
            let span = min(calmAt, .minutes(30))
            var at = Self.epoch + Int64(chance.span(.zero...span).milliseconds)
            if chance.happens(50) { at -= at % 1000 }
            let count = chance.pick([cap / 2, cap - 1, cap, cap + 1, cap + cap / 3, 2 * cap])
            options.pileUps.append(
                PileUp(
                    dataset: dataset, environment: chance.number(0...max(0, places - 1)), at: at, count: count,
                    function: chance.pick([.spread, .spread, .none, .one(0)])))
            if chance.happens(30) {
                // A neighbour in the same or the next second.
                options.pileUps.append(
                    PileUp(
                        dataset: dataset, environment: options.pileUps[options.pileUps.count - 1].environment,
                        at: at + Int64(chance.number(1...1200)), count: cap / 2, function: .spread))
            }
        }
    }

    // MARK: - Trouble

    private mutating func chooseTrouble(_ chance: inout HostileChance) {
        let span = min(calmAt, .hours(8))
        var faults: [SimulatedFault] = [
            .unauthorized, .serverError, .unavailable, .tooMany, .truncated, .reset, .malformedJSON, .contentType,
            .nextElsewhere, .redirect, .emptyWithNext, .duplicateRows, .sameNext, .tokenRefused, .htmlAnswer, .timeout,
            .forbidden, .slow, .outsideWindow, .deepJSON,
        ]
        if options.odd.isEmpty { faults.append(.invalidUTF8) }
        let pages = sessions[0].events.pageSize
        if pages > 100 { faults += [.pageTooLarge, .pageTooLarge] }
        for _ in 0..<chance.pick([0, 0, 1, 1, 2, 3, 6]) {
            let from = Self.epoch + Int64(chance.span(.zero...span).milliseconds)
            let length = chance.pick([
                chance.span(.seconds(2)...(.seconds(40))), chance.span(.seconds(10)...(.minutes(isSmall ? 2 : 10))),
                isSmall ? .seconds(30) : .hours(1),
            ])
            let until = min(from + Int64(length.milliseconds), Self.epoch + Int64(calmAt.milliseconds))
            options.incidents.append(
                Incident(
                    chance.pick(faults), from: from, until: max(from, until),
                    share: chance.pick([1, 1, 0.5, 0.1]),
                    endpoint: chance.pick([nil, nil, nil, .events, .logs, .services]),
                    retryAfter: chance.pick([nil, nil, .seconds(10), .seconds(100)])))
        }
        if chance.happens(20) {
            let from = chance.span(.zero...span)
            falseEmpties = (from, from + chance.span(.seconds(20)...(.minutes(15))), chance.pick([0.2, 0.6, 1]))
        }
        if chance.happens(8) {
            let last = (sessions + [calm]).map(\.events.lastAge).min() ?? .zero
            options.dateJump = chance.pick([.seconds(4), .seconds(12), last / 4])
            options.incidents.append(
                Incident(
                    .dateJump, from: Self.epoch, until: Self.epoch + Int64(span.milliseconds), share: 0.3))
        }
    }

    private mutating func chooseDeeds(_ chance: inout HostileChance) {
        let span = min(calmAt, .minutes(40))
        func instant() -> Duration { chance.span(.zero...span) }
        if chance.happens(10) {
            let least = (sessions + [calm]).map(\.events.overlap).min() ?? .zero
            let skew = chance.pick([.seconds(3), .seconds(20), least / 4, .zero - .seconds(8), .zero - .minutes(20)])
            let at = instant()
            deeds.append((at, .skewDate(skew)))
            deeds.append((at + chance.span(.seconds(10)...(.minutes(6))), .skewDate(.zero)))
        }
        if chance.happens(10) {
            let jump = chance.pick([.seconds(90), .hours(30), .zero - .seconds(30), .zero - .days(3)])
            deeds.append((instant(), .jumpWall(jump)))
        }
        if hasLogs, chance.happens(15) {
            deeds.append((instant(), .hideEnvironment(chance.number(0...5), chance.span(.seconds(5)...(.minutes(6))))))
        }
        if chance.happens(12) {
            let dataset: SimulatedDataset = hasEvents ? .events : hasLogs ? .logs : .alerts
            let from = chance.pick([Duration.minutes(45), .hours(5), .days(4)])
            deeds.append(
                (instant(), .backfill(account: 0, dataset: dataset, from: from, to: chance.span(.zero...from / 2))))
        }
        // What is wrong is mended before the calm.
        for index in deeds.indices where deeds[index].at > calmAt { deeds[index].at = calmAt }
    }
}

extension HostileSchedule.Session {
    static let usual: HostileSchedule.Session = {
        let plan = CollectionPlan(pollInterval: .seconds(30), overlap: .seconds(120), rereadAfter: [], pageSize: 50)
        return HostileSchedule.Session(
            length: .minutes(5), ending: .stop, downtime: .zero, events: plan, logs: plan, start: .hours(1),
            discoveryInterval: .seconds(60), requestsPerSecond: 4, burst: 1, isScopedToEnvironment: false,
            memoryBytes: 16 << 20)
    }()
}

extension CollectionPlan {
    /// The age at which an instant is looked at for the last time.
    var lastAge: Duration { max(overlap, rereadAfter.max() ?? .zero) }
}
