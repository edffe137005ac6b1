/// One request from the door to the answer: who asks, how often, what breaks, what is asked.
extension SimulatorState {
    mutating func twilioAnswer(_ request: SimulatedRequest) -> SimulatedResponse {
        let path = request.path ?? []
        let endpoint = SimulatedEndpoint(path)
        tally.received += 1
        tally.endpoints[endpoint, default: 0] += 1
        var dateShift: Int64 = 0
        var response: SimulatedResponse
        do {
            response = try answer(request, path, endpoint, dateShift: &dateShift)
        } catch {
            response = error.response
        }
        response.tellError(as: options.errorForm)
        tally.statuses[response.status, default: 0] += 1
        addHeaders(to: &response, dateShift: dateShift)
        return response
    }

    private mutating func answer(
        _ request: SimulatedRequest, _ path: [String], _ endpoint: SimulatedEndpoint, dateShift: inout Int64
    ) throws(ListQuery.Refusal) -> SimulatedResponse {
        let credential = try authorized(request, for: endpoint)
        if now < stormEnd { return tooMany(stormRetryAfter) }
        let user = request.credentials?.user ?? ""
        guard isWithinRate(path, endpoint, account: credential.account, user: user) else { return tooMany(nil) }

        let met = incidents.filter { $0.concerns(accounts[credential.account].sid, endpoint, at: now) }
        let incident = faults.draw(met)
        let fault = incident?.fault ?? faults.draw()
        switch fault {
        case .unauthorized: throw Self.unauthorized
        case .forbidden: throw Self.forbidden
        case .serverError: throw Self.serverError
        case .unavailable: return .html(Self.cloudFrontError, status: 503)
        case .htmlAnswer: return .html(Self.loginPage, status: 200)
        case .tooMany: return tooMany(incident?.retryAfter)
        case .redirect:
            var response = SimulatedResponse(status: 307, headers: [], body: [])
            response.setHeader("Location", options.elsewhereOrigin + request.target)
            return response
        case .dateJump:
            dateShift = options.dateJump.milliseconds * (mixed(UInt64(tally.received)) & 1 == 0 ? 1 : -1)
        default: break
        }
        guard request.method == "GET" else { return .error(405, code: 20004, "Method not allowed") }
        let context = AnswerContext(account: credential.account, origin: origin(of: request), fault: fault)
        var response: SimulatedResponse
        do {
            response = try route(request, path, context)
        } catch {
            response = error.response
        }
        if let fault { damage(&response, fault) }
        return response
    }

    private mutating func route(
        _ request: SimulatedRequest, _ path: [String], _ context: AnswerContext
    ) throws(ListQuery.Refusal) -> SimulatedResponse {
        let parts = path.dropFirst().map { $0 }
        if path.first == "2010-04-01" { return try accountsAnswer(request, parts, context) }
        guard path.first == "v1", let first = parts.first else { return .notFound(request.target) }
        switch (first, parts.count) {
        case ("Events", 1): return try eventsList(request, context)
        case ("Events", 2):
            return single(parts[1], eventStreams[context.account]) ?? .notFound(request.target)
        case ("Alerts", 1): return try alertsList(request, context)
        case ("Alerts", 2):
            return single(parts[1], alertStreams[context.account]) ?? .notFound(request.target)
        case ("Services", _): return try serverlessAnswer(request, Array(parts.dropFirst()), context)
        default: return .notFound(request.target)
        }
    }

    /// The record with that SID, as its own answer; nil if the stream has none that can be read.
    func single(_ sid: String, _ stream: Int) -> SimulatedResponse? {
        let stream = streams[stream]
        guard let digits = SIDs.Digits(sid, prefix: stream.dataset.sidPrefix),
            let number = sids.number(of: digits, as: stream.tag),
            let index = stream.timeline.index(of: UInt32(truncatingIfNeeded: number))
        else { return nil }
        var body: [UInt8] = []
        writer.append(
            stream.timeline.numbers[index], date: stream.timeline.dates[index], of: stream, isSingle: true, to: &body)
        return .json(body)
    }

    static let serverError = ListQuery.Refusal(500, 20500, "An internal server error has occurred")

    private static let cloudFrontError = """
        <!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01 Transitional//EN" "http://www.w3.org/TR/html4/loose.dtd">
        <HTML><HEAD><TITLE>ERROR: The request could not be satisfied</TITLE></HEAD><BODY>
        <H1>503 ERROR</H1><H2>The request could not be satisfied.</H2>
        </BODY></HTML>
        """
    private static let loginPage = "<!doctype html><title>Sign in</title><p>This network asks you to sign in first."

    /// - Parameter after: nil leaves Retry-After to the options.
    private func tooMany(_ after: Duration?) -> SimulatedResponse {
        var response = SimulatedResponse.error(429, code: 20429, "Too Many Requests")
        if let after = after ?? options.retryAfter {
            let seconds = (after.milliseconds + 999) / 1_000
            let date = TwilioDate.httpDate(now + skew + seconds * 1_000)
            response.setHeader("Retry-After", options.retryAfterForm == .date ? date : "\(seconds)")
        }
        return response
    }

    private func origin(of request: SimulatedRequest) -> String {
        options.nextPageOrigin ?? "http://" + (request.header("host") ?? "localhost")
    }

    private func addHeaders(to response: inout SimulatedResponse, dateShift: Int64) {
        response.setHeader("Date", TwilioDate.httpDate(now + skew + dateShift))
        let id = sids.text("RQ", .init(kind: .request, account: 0), UInt64.max - UInt64(tally.received))
        response.setHeader("Twilio-Request-Id", id)
        response.setHeader("Twilio-Request-Duration", "0.0\(10 + tally.received % 90)")
        response.setHeader("Twilio-Concurrent-Requests", "1")
        response.setHeader("X-Home-Region", "us1")
        response.setHeader("X-Powered-By", "AT-5000")
        if response.status == 401 { response.setHeader("WWW-Authenticate", "Basic realm=\"Twilio API\"") }
    }

    mutating func begin(_ incident: Incident) {
        if incidents.count >= SimulatorOptions.Limits.incidents { incidents.removeFirst() }
        incidents.append(incident)
    }
}

/// What an endpoint needs to know besides the request.
struct AnswerContext {
    let account: Int
    /// What URLs of pages start with.
    let origin: String
    let fault: SimulatedFault?
}
