/// Serverless: services, environments and functions for discovery, and an environment's logs.
///
/// Variables and everything else of the API answer 404.
extension SimulatorState {
    /// - Parameter path: what follows `/v1/Services`.
    mutating func serverlessAnswer(
        _ request: SimulatedRequest, _ path: [String], _ context: AnswerContext
    ) throws(ListQuery.Refusal) -> SimulatedResponse {
        let services = accounts[context.account].services.filter { isAlive($0.sid, $0.life) }
        let writer = PlaceWriter(account: accounts[context.account].sid, now: now)
        guard let name = path.first else {
            return try placesList(request, "services", services, context, writer.json)
        }
        guard let service = services.first(where: { $0.sid == name || $0.uniqueName == name }) else {
            return .notFound(request.target)
        }
        let rest = path.dropFirst(2).map { $0 }
        let answer: SimulatedResponse?
        switch path.count > 1 ? path[1] : nil {
        case nil: answer = .json(writer.json(service))
        case "Environments":
            answer = try environmentsAnswer(request, service, rest, context, writer)
        case "Functions":
            let functions = service.functionPlaces.filter { isAlive($0.sid, $0.life) }
            if rest.isEmpty {
                answer = try placesList(request, "functions", functions, context) { writer.json($0, of: service) }
            } else {
                answer =
                    rest.count > 1
                    ? nil : functions.first { $0.sid == rest[0] }.map { .json(writer.json($0, of: service)) }
            }
        default: answer = nil
        }
        return answer ?? .notFound(request.target)
    }

    /// - Parameter path: what follows `Environments`.
    private mutating func environmentsAnswer(
        _ request: SimulatedRequest, _ service: SimulatedService, _ path: [String], _ context: AnswerContext,
        _ writer: PlaceWriter
    ) throws(ListQuery.Refusal) -> SimulatedResponse? {
        let environments = service.environments.filter { isAlive($0.sid, $0.life) }
        guard let sid = path.first else {
            return try placesList(request, "environments", environments, context) { writer.json($0, of: service) }
        }
        guard let environment = environments.first(where: { $0.sid == sid }) else { return nil }
        if path.count == 1 { return .json(writer.json(environment, of: service)) }
        guard path[1] == "Logs", path.count <= 3 else { return nil }
        if path.count == 2 { return try logsList(request, environment, context) }
        return logStreams[context.account][sid].flatMap { single(path[2], $0) }
    }

    private mutating func logsList(
        _ request: SimulatedRequest, _ environment: SimulatedEnvironment, _ context: AnswerContext
    ) throws(ListQuery.Refusal) -> SimulatedResponse {
        let query = try ListQuery(request, filters: ["StartDate", "EndDate", "FunctionSid"])
        let fractions = options.logFractions ?? (options.logPrecision == .seconds ? .ignored : .honoured)
        let day: Int64 = 86_400_000
        let dates = try query.dates(options.logBounds, fractions, missing: now - day)
        guard let stream = logStreams[context.account][environment.sid] else {
            let meta = meta(query, key: "logs", next: nil, previous: nil, context)
            return .json("{\"meta\": \(meta), \"logs\": []}")
        }
        let (place, timeline, logs) = (streams[stream].place, streams[stream].timeline, writer.logs)
        let selection = Selection(
            dates: dates, cap: options.logsCap, capForm: options.capForm,
            filter: query.filter("FunctionSid").map { sid in
                let digits = SIDs.Digits(sid, prefix: "ZH")
                return { digits != nil && logs.function($0, in: place, timeline.choice($0)) == digits }
            }, shuffleSpan: options.shuffleSpan)
        var page = try page(query, stream: stream, selection, fault: context.fault)
        if options.unordered {
            var random = SeededRandom(seed: UInt64(tally.received))
            page.indexes.shuffle(using: &random)
        }
        return listAnswer(query, page, stream: stream, key: "logs", context)
    }

    /// A page of services, environments or functions.
    private mutating func placesList<Place>(
        _ request: SimulatedRequest, _ key: String, _ all: [Place], _ context: AnswerContext,
        _ json: (Place) -> String
    ) throws(ListQuery.Refusal) -> SimulatedResponse {
        let query = try ListQuery(request, filters: [])
        try query.check(context.fault, options)
        let slice = placesSlice(query, count: all.count, context)
        let meta = meta(query, key: key, next: slice.next, previous: slice.previous, context)
        return .json("{\"meta\": \(meta), \"\(key)\": \(JSONText.array(all[slice.rows].map(json)))}")
    }

    /// Which rows of a list of places or accounts a page holds, with the faults that concern lists.
    mutating func placesSlice(
        _ query: ListQuery, count: Int, _ context: AnswerContext
    ) -> (rows: Range<Int>, next: PageToken?, previous: PageToken?) {
        var begin = min(query.offset, count)
        if context.fault == .duplicateRows, begin > 0 { begin -= 1 }
        let end = min(begin + query.pageSize, count)
        let next = end < count ? PageToken(offset: end, pageSize: query.pageSize) : nil
        let previous =
            query.page > 0
            ? PageToken(offset: max(0, query.offset - query.pageSize), pageSize: query.pageSize) : nil
        switch context.fault {
        case .emptyPage: return (begin..<begin, nil, previous)
        case .emptyThenFull where hushes(query): return (begin..<begin, nil, previous)
        case .emptyWithNext:
            return (begin..<begin, PageToken(offset: begin, pageSize: query.pageSize), previous)
        default: return (begin..<end, next, previous)
        }
    }
}
