/// Monitor Events: `/v1/Events`.
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
        let selection = Selection(
            dates: try query.dates(options.eventBounds, options.eventFractions), cap: options.eventsCap,
            capForm: options.capForm, filter: eventFilter(query, account: context.account))
        let stream = eventStreams[context.account]
        let page = try page(query, stream: stream, selection, fault: context.fault)
        return listAnswer(query, page, stream: stream, key: "events", context)
    }

    private func eventFilter(_ query: ListQuery, account: Int) -> ((UInt32) -> Bool)? {
        let events = writer.events
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
