/// Monitor Events: `/v1/Events` and `/v1/Events/{Sid}`.
extension SimulatorState {
    mutating func eventsList(
        _ request: SimulatedRequest, _ context: AnswerContext
    ) throws(ListQuery.Refusal) -> SimulatedResponse {
        let narrowing = ["ActorSid", "EventType", "ResourceSid", "SourceIpAddress"]
        let query = try ListQuery(request, filters: Set(narrowing + ["StartDate", "EndDate"]))
        guard narrowing.filter({ query.filter($0) != nil }).count < 2 else {
            throw ListQuery.Refusal(
                400, 400,
                "Invalid combination of AuditEvent filters, no combinations of ResourceSid, IpAddress, ActorSid, "
                    + "and ResourceType are supported.")
        }
        let stream = eventStreams[context.account]
        let schedule = streams[stream].timeline.schedule
        let oldest = now - options.retention.milliseconds
        let from = max(oldest, try query.date("StartDate").map(schedule.date) ?? .min)
        // Inclusive, in whole seconds: up to the last millisecond of the second.
        let to = try query.date("EndDate").map { schedule.date(of: $0) + 1_000 } ?? .max
        let page = try page(
            query, stream: stream, from: from, to: to, cap: options.eventsCap,
            filter: eventFilter(query, account: context.account))
        if context.fault != .emptyPage { countReads(page, stream: stream) }
        let (events, tag) = (events, streams[stream].tag)
        let account = streams[stream].place.account
        return listAnswer(query, page, stream: stream, key: "events", context) { number, date, body in
            events.append(number, date: date, stream: tag, accountSID: account, to: &body)
        }
    }

    mutating func event(_ sid: String, _ context: AnswerContext) -> SimulatedResponse? {
        let stream = streams[eventStreams[context.account]]
        guard let digits = SIDs.Digits(sid, prefix: "AE"), let number = sids.number(of: digits, as: stream.tag),
            let index = stream.timeline.index(of: UInt32(truncatingIfNeeded: number))
        else { return nil }
        var body: [UInt8] = []
        events.append(
            stream.timeline.numbers[index], date: stream.timeline.dates[index], stream: stream.tag,
            accountSID: stream.place.account, to: &body)
        return .json(body)
    }

    private func eventFilter(_ query: ListQuery, account: Int) -> ((UInt32) -> Bool)? {
        let events = events
        let shapes = EventShape.all
        if let type = query.filter("EventType") {
            let wanted = shapes.map { $0.type == type }
            return { wanted[events.facts($0, account: account).shape] }
        }
        if let address = query.filter("SourceIpAddress") {
            let outside = shapes.map { $0.actor == .user || $0.actor == .account }
            return {
                let facts = events.facts($0, account: account)
                return outside[facts.shape] && address == "198.51.100.\(facts.ip)"
            }
        }
        if let sid = query.filter("ActorSid") {
            let accountSID = accounts[account].sid
            return {
                let facts = events.facts($0, account: account)
                return switch shapes[facts.shape].actor {
                case .user: sid == "US" + facts.actor.text
                case .account: sid == accountSID
                case .twilio, .admin: false
                }
            }
        }
        if let sid = query.filter("ResourceSid") {
            let accountSID = accounts[account].sid
            return {
                let facts = events.facts($0, account: account)
                let shape = shapes[facts.shape]
                return switch shape.resourcePrefix {
                case "AC": sid == accountSID
                case "US" where shape.actor == .user: sid == "US" + facts.actor.text
                default: sid == shape.resourcePrefix + facts.resource.text
                }
            }
        }
        return nil
    }
}
