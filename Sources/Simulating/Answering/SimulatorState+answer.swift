/// The two APIs that one origin serves here; each has its own rate limit.
enum SimulatedAPI: String {
    case monitor, serverless
}

/// One request from the door to the answer: who asks, how often, what breaks, what is asked.
extension SimulatorState {
    mutating func twilioAnswer(_ request: SimulatedRequest) -> SimulatedResponse {
        tally.received += 1
        var response = answerOrRefusal(request)
        tally.statuses[response.status, default: 0] += 1
        addHeaders(to: &response, for: request)
        return response
    }

    private mutating func answerOrRefusal(_ request: SimulatedRequest) -> SimulatedResponse {
        let path = request.path ?? []
        let api: SimulatedAPI = path.count > 1 && path[1] == "Services" ? .serverless : .monitor
        let account: Int
        switch authorized(request, for: api) {
        case .failure(let refusal): return refusal.response
        case .success(let index): account = index
        }
        let environment = path.count > 4 && path[3] == "Environments" ? path[4] : nil
        let key = WindowKey(
            account: account, api: api, environment: options.rateScope == .environment ? environment : nil)
        if now < stormEnd { return tooMany() }
        if options.requestsPerSecond > 0,
            !windows[key, default: SlidingWindow()].accepts(at: now, limit: options.requestsPerSecond)
        {
            return tooMany()
        }
        let fault = faults.draw()
        switch fault {
        case .unauthorized: return Self.unauthorized.response
        case .serverError: return .error(500, code: 20500, "An internal server error has occurred")
        case .unavailable: return Self.cloudFrontError
        case .tooMany: return tooMany()
        case .redirect:
            var response = SimulatedResponse(status: 307, headers: [], body: [])
            response.setHeader("Location", SimulatedFault.elsewhere + request.target)
            return response
        default: break
        }
        guard request.method == "GET" else { return .error(405, code: 20004, "Method not allowed") }
        let context = AnswerContext(account: account, origin: origin(of: request), fault: fault)
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
        guard path.first == "v1", let first = parts.first else { return .notFound(request.target) }
        switch (first, parts.count) {
        case ("Events", 1): return try eventsList(request, context)
        case ("Events", 2): return event(parts[1], context) ?? .notFound(request.target)
        case ("Services", _): return try serverlessAnswer(request, Array(parts.dropFirst()), context)
        default: return .notFound(request.target)
        }
    }

    private func authorized(
        _ request: SimulatedRequest, for api: SimulatedAPI
    ) -> Result<Int, ListQuery.Refusal> {
        guard let (user, password) = request.credentials, let credential = credentials[user],
            credential.password == password, status[credential.account] != .revoked
        else { return .failure(Self.unauthorized) }
        if status[credential.account] == .suspended { return .failure(.init(403, 20403, "Forbidden")) }
        if credential.isRestricted, api == .serverless {
            return .failure(
                .init(401, 70051, "Authorization Error: the API key lacks permission twilio/serverless/logs/list"))
        }
        return .success(credential.account)
    }

    private static let unauthorized = ListQuery.Refusal(401, 20003, "Authenticate")

    private static let cloudFrontError = SimulatedResponse(
        status: 503, headers: [("Content-Type", "text/html"), ("Server", "CloudFront")],
        body: Array(
            """
            <!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01 Transitional//EN" "http://www.w3.org/TR/html4/loose.dtd">
            <HTML><HEAD><TITLE>ERROR: The request could not be satisfied</TITLE></HEAD><BODY>
            <H1>503 ERROR</H1><H2>The request could not be satisfied.</H2>
            </BODY></HTML>
            """.utf8))

    private func tooMany() -> SimulatedResponse {
        var response = SimulatedResponse.error(429, code: 20429, "Too Many Requests")
        if let after = options.retryAfter {
            response.setHeader("Retry-After", "\((after.milliseconds + 999) / 1_000)")
        }
        return response
    }

    private func origin(of request: SimulatedRequest) -> String {
        options.nextPageOrigin ?? "http://" + (request.header("host") ?? "localhost")
    }

    private func addHeaders(to response: inout SimulatedResponse, for request: SimulatedRequest) {
        response.setHeader("Date", TwilioDate.httpDate(now + skew))
        let id = sids.text("RQ", .init(kind: .request, account: 0), UInt64.max - UInt64(tally.received))
        response.setHeader("Twilio-Request-Id", id)
        response.setHeader("Twilio-Request-Duration", "0.0\(10 + tally.received % 90)")
        response.setHeader("Twilio-Concurrent-Requests", "1")
        response.setHeader("X-Home-Region", "us1")
        response.setHeader("X-Powered-By", "AT-5000")
        if response.status == 401 { response.setHeader("WWW-Authenticate", "Basic realm=\"Twilio API\"") }
    }
}

/// What an endpoint needs to know besides the request.
struct AnswerContext {
    let account: Int
    /// What URLs of pages start with.
    let origin: String
    let fault: SimulatedFault?
}
