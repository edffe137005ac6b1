/// Serverless: services, environments and functions for discovery, and an environment's logs.
///
/// Variables and everything else of the API answer 404.
extension SimulatorState {
    /// - Parameter path: what follows `/v1/Services`.
    mutating func serverlessAnswer(
        _ request: SimulatedRequest, _ path: [String], _ context: AnswerContext
    ) throws(ListQuery.Refusal) -> SimulatedResponse {
        let services = accounts[context.account].services
        let account = accounts[context.account].sid
        guard let name = path.first else {
            return try placesList(request, "services", services.map { json($0, account: account) }, context)
        }
        guard let service = services.first(where: { $0.sid == name || $0.uniqueName == name }) else {
            return .notFound(request.target)
        }
        func environment() -> SimulatedEnvironment? {
            service.environments.first { $0.sid == path[2] }
        }
        switch (path.count, path.count > 1 ? path[1] : "", path.count > 3 ? path[3] : "") {
        case (1, _, _):
            return .json(json(service, account: account))
        case (2, "Environments", _):
            let all = service.environments.map { json($0, of: service, account: account) }
            return try placesList(request, "environments", all, context)
        case (2, "Functions", _):
            let all = service.functions.indices.map { json(function: $0, of: service, account: account) }
            return try placesList(request, "functions", all, context)
        case (3, "Environments", _):
            guard let environment = environment() else { break }
            return .json(json(environment, of: service, account: account))
        case (4, "Environments", "Logs"):
            guard let environment = environment() else { break }
            return try logsList(request, environment.sid, context)
        case (5, "Environments", "Logs"):
            guard let environment = environment(), let answer = log(path[4], environment.sid, context) else { break }
            return answer
        default: break
        }
        return .notFound(request.target)
    }

    private mutating func logsList(
        _ request: SimulatedRequest, _ environment: String, _ context: AnswerContext
    ) throws(ListQuery.Refusal) -> SimulatedResponse {
        let query = try ListQuery(request, filters: ["StartDate", "EndDate", "FunctionSid"])
        let cut: (Int64) -> Int64 = { [options] in
            options.logPrecision == .seconds ? $0 / 1_000 * 1_000 : $0
        }
        // Exclusive bounds leave out the millisecond named, and the whole second where that is the precision.
        let tick: Int64 = options.logPrecision == .seconds ? 1_000 : 1
        let isInclusive = options.logBounds == .inclusive
        let begin = try query.date("StartDate") ?? now - 86_400_000
        let end = try query.date("EndDate") ?? now
        let from = max(now - options.retention.milliseconds, isInclusive ? cut(begin) : cut(begin) + tick)
        let to = isInclusive ? cut(end) + tick : cut(end)
        guard let stream = logStreams[context.account][environment] else {
            let meta = query.meta(key: "logs", origin: context.origin, next: nil, previous: nil)
            return .json("{\"meta\": \(meta), \"logs\": []}")
        }
        let place = streams[stream].place
        let logs = logs
        var page = try page(
            query, stream: stream, from: from, to: to, cap: options.logsCap,
            filter: query.filter("FunctionSid").map { sid in
                let digits = SIDs.Digits(sid, prefix: "ZH")
                return { digits != nil && logs.function($0, in: place) == digits }
            })
        if options.unordered {
            var random = SeededRandom(seed: UInt64(tally.received))
            page.indexes.shuffle(using: &random)
        }
        if context.fault != .emptyPage { countReads(page, stream: stream) }
        return listAnswer(query, page, stream: stream, key: "logs", context) { number, date, body in
            logs.append(number, date: date, place: place, to: &body)
        }
    }

    private func log(_ sid: String, _ environment: String, _ context: AnswerContext) -> SimulatedResponse? {
        guard let index = logStreams[context.account][environment] else { return nil }
        let stream = streams[index]
        guard let digits = SIDs.Digits(sid, prefix: "NO"), let number = sids.number(of: digits, as: stream.tag),
            let found = stream.timeline.index(of: UInt32(truncatingIfNeeded: number))
        else { return nil }
        var body: [UInt8] = []
        logs.append(
            stream.timeline.numbers[found], date: stream.timeline.dates[found], place: stream.place, to: &body)
        return .json(body)
    }

    /// A page of a list that does not change.
    private func placesList(
        _ request: SimulatedRequest, _ key: String, _ all: [String], _ context: AnswerContext
    ) throws(ListQuery.Refusal) -> SimulatedResponse {
        let query = try ListQuery(request, filters: [])
        let begin = min(query.offset, all.count)
        let end = min(begin + query.pageSize, all.count)
        let isEmpty = context.fault == .emptyPage
        let next = end < all.count && !isEmpty ? PageToken(offset: end, pageSize: query.pageSize) : nil
        let previous =
            query.page > 0 ? PageToken(offset: max(0, begin - query.pageSize), pageSize: query.pageSize) : nil
        let origin = context.fault == .nextElsewhere ? SimulatedFault.elsewhere : context.origin
        let meta = query.meta(key: key, origin: origin, next: next, previous: previous)
        return .json("{\"meta\": \(meta), \"\(key)\": \(JSONText.array(isEmpty ? [] : Array(all[begin..<end])))}")
    }

    private var deployed: String {
        JSONText.string(TwilioDate.text(1_541_880_000_000, fraction: false))
    }

    private func json(_ service: SimulatedService, account: String) -> String {
        let url = "https://serverless.twilio.com/v1/Services/\(service.sid)"
        let links = ["environments", "functions", "assets", "builds"].map { name in
            "\"\(name)\": \"\(url)/\(name.prefix(1).uppercased())\(name.dropFirst())\""
        }
        return """
            {"sid": "\(service.sid)", "account_sid": "\(account)", "friendly_name": "\(service.uniqueName)", \
            "unique_name": "\(service.uniqueName)", "include_credentials": true, "ui_editable": false, \
            "domain_base": "\(service.uniqueName)-1234", "date_created": \(deployed), "date_updated": \(deployed), \
            "url": "\(url)", "links": {\(links.joined(separator: ", "))}}
            """
    }

    private func json(_ environment: SimulatedEnvironment, of service: SimulatedService, account: String) -> String {
        let url = "https://serverless.twilio.com/v1/Services/\(service.sid)/Environments/\(environment.sid)"
        let domain = service.uniqueName + "-1234" + (environment.domainSuffix.map { "-" + $0 } ?? "") + ".twil.io"
        return """
            {"sid": "\(environment.sid)", "account_sid": "\(account)", "service_sid": "\(service.sid)", \
            "build_sid": \(JSONText.string(orNull: environment.buildSID)), \
            "unique_name": "\(environment.uniqueName)", \
            "domain_suffix": \(JSONText.string(orNull: environment.domainSuffix)), "domain_name": "\(domain)", \
            "date_created": \(deployed), "date_updated": \(deployed), "url": "\(url)", \
            "links": {"variables": "\(url)/Variables", "deployments": "\(url)/Deployments", "logs": "\(url)/Logs"}}
            """
    }

    private func json(function index: Int, of service: SimulatedService, account: String) -> String {
        let sid = service.functions[index]
        let url = "https://serverless.twilio.com/v1/Services/\(service.sid)/Functions/\(sid)"
        return """
            {"sid": "\(sid)", "account_sid": "\(account)", "service_sid": "\(service.sid)", \
            "friendly_name": "function-\(index + 1)", "date_created": \(deployed), "date_updated": \(deployed), \
            "url": "\(url)", "links": {"function_versions": "\(url)/Versions"}}
            """
    }
}
