/// Who may ask for what, and how often.
extension SimulatorState {
    func authorized(
        _ request: SimulatedRequest, for endpoint: SimulatedEndpoint
    ) throws(ListQuery.Refusal) -> SimulatedCredential {
        guard let (user, password) = request.credentials, let credential = credentials[user],
            credential.password == password, accounts[credential.account].from <= now
        else { throw Self.unauthorized }
        switch status(of: credential.account) {
        case .active: break
        case .revoked: throw Self.unauthorized
        case .suspended, .closed: throw options.suspendedStatus == 401 ? Self.unauthorized : Self.forbidden
        }
        switch (endpoint.api, credential.kind) {
        case (.serverless, .restrictedKey):
            throw .init(401, 70051, "Authorization Error: the API key lacks permission twilio/serverless/logs/list")
        case (.core, .restrictedKey), (.core, .standardKey):
            throw accountsRefused
        case (.core, _) where accounts[credential.account].isSubaccount:
            throw accountsRefused
        default: return credential
        }
    }

    private var accountsRefused: ListQuery.Refusal {
        options.accountsRefusal == 20003
            ? Self.unauthorized
            : .init(401, 70051, "Authorization Error: the API key lacks permission twilio/iam/accounts/list")
    }

    /// Whether the rate limit lets a request through.
    mutating func isWithinRate(_ path: [String], _ endpoint: SimulatedEndpoint, account: Int, user: String) -> Bool {
        guard options.requestsPerSecond > 0 else { return true }
        var key = WindowKey(account: account, api: endpoint.api)
        switch options.rateScope {
        case .account: break
        case .environment: key.scope = path.count > 4 && environments.contains(path[4]) ? path[4] : nil
        case .credential: key.scope = user
        }
        var window = windows[key, default: SlidingWindow()]
        let accepts = window.accepts(
            at: now, limit: options.requestsPerSecond, countsRefused: options.countsRefused)
        tally.peakPerSecond = max(tally.peakPerSecond, window.count)
        if !accepts { tally.rateLimited += 1 }
        windows[key] = window
        return accepts
    }

    static let unauthorized = ListQuery.Refusal(401, 20003, "Authenticate")
    static let forbidden = ListQuery.Refusal(403, 20403, "Forbidden")
}
