/// The endpoints by which a test or a demonstration looks behind the scenes and pulls strings; no credentials.
extension SimulatorState {
    /// A wrong parameter, told to the caller.
    private struct Mistake: Error {
        let message: String
    }

    /// Nil for paths that are Twilio's. The server streams `/truth` itself instead.
    mutating func controlAnswer(_ request: SimulatedRequest) -> SimulatedResponse? {
        guard let path = request.path, let first = path.first, ["truth", "control"].contains(first) else { return nil }
        var parameters: [String: String] = [:]
        for (name, value) in request.query ?? [] { parameters[name] = value }
        do {
            return try controlAnswer(path.joined(separator: "/"), request.method, parameters)
        } catch {
            return .json("{\"message\": \(JSONText.string(error.message))}\n", status: 400)
        }
    }

    private mutating func controlAnswer(
        _ path: String, _ method: String, _ parameters: [String: String]
    ) throws(Mistake) -> SimulatedResponse {
        switch (method, path) {
        case ("GET", "truth"):
            let lists = truthLists(account: parameters["account"], dataset: try dataset(parameters, default: nil))
            return SimulatedResponse(
                status: 200, headers: [("Content-Type", "text/plain")],
                body: lists.flatMap { $0.lines($0.startIndex..<$0.endIndex) })
        case ("GET", "truth/summary"):
            return .json(summary.json)
        case ("GET", "control/accounts"):
            return .json("{\"start\": \(start), \"accounts\": \(JSONText.array(accounts.map(\.json)))}\n")
        case ("POST", "control/storm"):
            stormEnd = now + Int64(try number("seconds", parameters) * 1_000)
            return .json("{\"until\": \"\(TwilioDate.text(stormEnd, fraction: true))\"}\n")
        case ("POST", "control/late"):
            guard try duration("delay", parameters) > 0 else { throw Mistake(message: "delay must be above 0") }
            return try emit(1, parameters)
        case ("POST", "control/emit"):
            let count = parameters["count"] == nil ? 1 : try number("count", parameters)
            guard (1...Double(SimulatorOptions.Limits.emitted)).contains(count) else {
                throw Mistake(message: "count must be 1 to \(SimulatorOptions.Limits.emitted)")
            }
            return try emit(Int(count), parameters)
        case ("POST", "control/fault"):
            let rate = try number("rate", parameters)
            guard let fault = SimulatedFault(rawValue: parameters["name"] ?? ""), (0...1).contains(rate) else {
                let names = SimulatedFault.allCases.map(\.rawValue).joined(separator: ", ")
                throw Mistake(message: "name must be one of \(names), rate 0 to 1")
            }
            faults.rates[fault] = rate
            return .json("{\"name\": \"\(fault.rawValue)\", \"rate\": \(rate)}\n")
        case ("POST", "control/stop-live"):
            stopLive()
            return .json(summary.json)
        case ("POST", "control/skew"):
            skew = Int64(try number("seconds", parameters) * 1_000)
            return .json("{\"skew_milliseconds\": \(skew)}\n")
        case ("POST", "control/account"):
            guard let account = accountIndexes[parameters["account"] ?? ""],
                let status = AccountStatus(rawValue: parameters["status"] ?? "")
            else { throw Mistake(message: "account must be one of ours, status active, suspended or revoked") }
            self.status[account] = status
            return .json("{\"account\": \"\(accounts[account].sid)\", \"status\": \"\(status.rawValue)\"}\n")
        default:
            return .json("{\"message\": \"no such control endpoint\"}\n", status: 404)
        }
    }

    private mutating func emit(_ count: Int, _ parameters: [String: String]) throws(Mistake) -> SimulatedResponse {
        let dataset = try dataset(parameters, default: .events) ?? .events
        let account = parameters["account"] ?? accounts[0].sid
        guard let stream = stream(account: account, dataset: dataset, environment: parameters["environment"]) else {
            throw Mistake(message: "account must be one of ours, environment one of its with a build")
        }
        let date = parameters["date"].map(TwilioDate.milliseconds)
        if case .some(.none) = date { throw Mistake(message: "date must be in RFC 3339") }
        let delay = parameters["delay"] == nil ? 0 : try duration("delay", parameters)
        let made = emit(count, stream: stream, date: date ?? nil, delay: delay)
        let times = """
            "date": "\(TwilioDate.text(made.date, fraction: true))", \
            "readable_at": "\(TwilioDate.text(made.readableAt, fraction: true))"
            """
        let single = made.sids.count == 1 ? "\"sid\": \"\(made.sids[0])\", " : ""
        return .json("{\(single)\"sids\": \(JSONText.array(made.sids.map(JSONText.string))), \(times)}\n")
    }

    private func dataset(
        _ parameters: [String: String], default other: SimulatedDataset?
    ) throws(Mistake) -> SimulatedDataset? {
        guard let name = parameters["dataset"] else { return other }
        guard let dataset = SimulatedDataset(rawValue: name) else {
            throw Mistake(message: "dataset must be monitor.events or serverless.logs")
        }
        return dataset
    }

    private func number(_ name: String, _ parameters: [String: String]) throws(Mistake) -> Double {
        guard let number = parameters[name].flatMap(Double.init), abs(number) < 1e9 else {
            throw Mistake(message: "\(name) must be a number")
        }
        return number
    }

    private func duration(_ name: String, _ parameters: [String: String]) throws(Mistake) -> Int64 {
        guard let text = parameters[name], let duration = Duration(simulator: text),
            duration <= SimulatorOptions.Limits.longest
        else { throw Mistake(message: "\(name) must be a duration such as 500ms, 5s, 10m, 2h or 7d") }
        return duration.milliseconds
    }
}

extension SimulatedAccount {
    /// SIDs, credentials and places, for programs.
    package var json: String {
        let services = services.map { service in
            let environments = service.environments.map {
                """
                {"sid": "\($0.sid)", "unique_name": "\($0.uniqueName)", \
                "build_sid": \(JSONText.string(orNull: $0.buildSID))}
                """
            }
            return """
                {"sid": "\(service.sid)", "unique_name": "\(service.uniqueName)", \
                "functions": \(JSONText.array(service.functions.map(JSONText.string))), \
                "environments": \(JSONText.array(environments))}
                """
        }
        return """
            {"sid": "\(sid)", "auth_token": "\(authToken)", "key_sid": "\(keySID)", "key_secret": "\(keySecret)", \
            "restricted_key_sid": "\(restrictedKeySID)", "restricted_key_secret": "\(restrictedKeySecret)", \
            "services": \(JSONText.array(services))}
            """
    }
}
