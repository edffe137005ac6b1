/// The endpoints by which a test or a demonstration looks behind the scenes and pulls strings; no credentials.
extension SimulatorState {
    private typealias Mistake = ControlParameters.Mistake

    /// Nil for paths that are Twilio's. The server streams `/truth` itself instead.
    mutating func controlAnswer(_ request: SimulatedRequest) -> SimulatedResponse? {
        guard let path = request.path, let first = path.first, ["truth", "control"].contains(first) else { return nil }
        do {
            return try controlAnswer(path.joined(separator: "/"), request.method, ControlParameters(request))
        } catch {
            return .json("{\"message\": \(JSONText.string(error.message))}\n", status: 400)
        }
    }

    private mutating func controlAnswer(
        _ path: String, _ method: String, _ parameters: ControlParameters
    ) throws(Mistake) -> SimulatedResponse {
        switch (method, path) {
        case ("GET", "truth"):
            let lists = truthLists(try parameters.truthQuery())
            return SimulatedResponse(
                status: 200, headers: [("Content-Type", "text/plain")],
                body: lists.flatMap { $0.lines($0.startIndex..<$0.endIndex) })
        case ("GET", "truth/summary"):
            return .json(summary.json)
        case ("GET", "control/accounts"):
            return .json("{\"start\": \(start), \"accounts\": \(JSONText.array(accounts.map(\.json)))}\n")
        case ("POST", "control/stop-live"):
            stopLive()
            return .json(summary.json)
        case ("POST", "control/storm"): return try storm(parameters)
        case ("POST", "control/late"):
            guard try parameters.duration("delay") > 0 else { throw Mistake(message: "delay must be above 0") }
            return try emit(1, parameters)
        case ("POST", "control/emit"):
            let count = parameters["count"] == nil ? 1 : try parameters.number("count")
            guard (1...Double(SimulatorOptions.Limits.emitted)).contains(count) else {
                throw Mistake(message: "count must be 1 to \(SimulatorOptions.Limits.emitted)")
            }
            return try emit(Int(count), parameters)
        case ("POST", "control/fault"): return try setFault(parameters)
        case ("POST", "control/incident"): return try begin(parameters)
        case ("POST", "control/end-incidents"):
            let count = incidents.count
            incidents = []
            stormEnd = .min
            return .json("{\"ended\": \(count)}\n")
        case ("POST", "control/skew"):
            skew = Int64(try parameters.number("seconds") * 1_000)
            return .json("{\"skew_milliseconds\": \(skew)}\n")
        case ("POST", "control/account"): return try setStatus(parameters)
        case ("POST", "control/life"): return try setLife(parameters)
        default:
            return .json("{\"message\": \"no such control endpoint\"}\n", status: 404)
        }
    }

    private mutating func storm(_ parameters: ControlParameters) throws(Mistake) -> SimulatedResponse {
        stormEnd = now + Int64(try parameters.number("seconds") * 1_000)
        stormRetryAfter =
            parameters["retry-after"] == nil ? nil : .milliseconds(try parameters.duration("retry-after"))
        return .json("{\"until\": \"\(TwilioDate.text(stormEnd, fraction: true))\"}\n")
    }

    private mutating func setFault(_ parameters: ControlParameters) throws(Mistake) -> SimulatedResponse {
        guard let fault = try parameters.choice("name", of: SimulatedFault.self) else {
            throw Mistake(message: "name must be one of \(SimulatedFault.names)")
        }
        guard parameters["rate"] != nil else { throw Mistake(message: "rate must be 0 to 1") }
        let rate = try parameters.share("rate")
        faults.rates[fault] = rate
        return .json("{\"name\": \"\(fault.rawValue)\", \"rate\": \(rate)}\n")
    }

    private mutating func begin(_ parameters: ControlParameters) throws(Mistake) -> SimulatedResponse {
        guard let fault = try parameters.choice("name", of: SimulatedFault.self) else {
            throw Mistake(message: "name must be one of \(SimulatedFault.names)")
        }
        if let account = parameters["account"], accountIndexes[account] == nil {
            throw Mistake(message: "account must be one of ours")
        }
        let from = now + (parameters["in"] == nil ? 0 : try parameters.duration("in"))
        let until = from + (try parameters.duration("for"))
        begin(
            Incident(
                fault, from: from, until: until, share: try parameters.share("share"),
                account: parameters["account"],
                endpoint: try parameters.choice("endpoint", of: SimulatedEndpoint.self),
                retryAfter: parameters["retry-after"] == nil
                    ? nil : .milliseconds(try parameters.duration("retry-after"))))
        return .json(
            """
            {"name": "\(fault.rawValue)", "from": "\(TwilioDate.text(from, fraction: true))", \
            "until": "\(TwilioDate.text(until, fraction: true))"}

            """)
    }

    private mutating func setStatus(_ parameters: ControlParameters) throws(Mistake) -> SimulatedResponse {
        guard let account = accountIndexes[parameters["account"] ?? ""],
            let status = AccountStatus(rawValue: parameters["status"] ?? "")
        else {
            throw Mistake(message: "account must be one of ours, status active, suspended, closed or revoked")
        }
        statuses[account] = status
        return .json("{\"account\": \"\(accounts[account].sid)\", \"status\": \"\(status.rawValue)\"}\n")
    }

    private mutating func setLife(_ parameters: ControlParameters) throws(Mistake) -> SimulatedResponse {
        let places = accounts.lazy.flatMap(\.services).flatMap {
            [$0.sid] + $0.environments.map(\.sid) + $0.functions
        }
        guard let sid = parameters["sid"], places.contains(sid) else {
            throw Mistake(message: "sid must be that of a service, an environment or a function of ours")
        }
        let life = Life(
            from: try parameters.date("from") ?? .min,
            until: parameters["until"] == "now" ? now : try parameters.date("until") ?? .max)
        setLife(sid, life)
        return .json("{\"sid\": \"\(sid)\", \"exists\": \(life.contains(now))}\n")
    }

    private mutating func emit(_ count: Int, _ parameters: ControlParameters) throws(Mistake) -> SimulatedResponse {
        let dataset = try parameters.choice("dataset", of: SimulatedDataset.self) ?? .events
        let account = parameters["account"] ?? accounts[0].sid
        guard let stream = stream(account: account, dataset: dataset, environment: parameters["environment"]) else {
            throw Mistake(message: "account must be one of ours, environment one of its with a build")
        }
        let date = try parameters.date("date")
        let delay = parameters["delay"] == nil ? 0 : try parameters.duration("delay")
        let shape = try parameters.choice("shape", of: RecordShape.self)
        let made = emit(
            count, stream: stream, date: date, delay: delay,
            function: try function(parameters["function"], stream: stream), shape: shape)
        let times = """
            "date": "\(TwilioDate.text(made.date, fraction: true))", \
            "readable_at": "\(TwilioDate.text(made.readableAt, fraction: true))"
            """
        let single = made.sids.count == 1 ? "\"sid\": \"\(made.sids[0])\", " : ""
        return .json("{\(single)\"sids\": \(JSONText.array(made.sids.map(JSONText.string))), \(times)}\n")
    }

    private func function(_ name: String?, stream: Int) throws(Mistake) -> FunctionChoice {
        switch name {
        case nil, "spread": return .spread
        case "none": return .none
        case .some(let sid):
            guard let digits = SIDs.Digits(sid, prefix: "ZH"),
                let index = streams[stream].place.functions.firstIndex(of: digits)
            else { throw Mistake(message: "function must be spread, none or the SID of one of the service's") }
            return .one(index)
        }
    }
}
