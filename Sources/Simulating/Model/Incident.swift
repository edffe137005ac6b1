/// A fault for a time: an outage of hours, a storm of 429s, an account whose clock lies.
package struct Incident: Sendable {
    package var fault: SimulatedFault
    /// Milliseconds since 1970; `until` is the first moment without it.
    package var from: Int64
    package var until: Int64
    /// Which share of the requests meets it, 0 to 1.
    package var share: Double
    /// The SID of the only account that meets it; nil: all do.
    package var account: String?
    /// Nil: all of them.
    package var endpoint: SimulatedEndpoint?
    /// For `tooMany`: what Retry-After says; nil leaves it to the options.
    package var retryAfter: Duration?

    package init(
        _ fault: SimulatedFault, from: Int64 = .min, until: Int64 = .max, share: Double = 1, account: String? = nil,
        endpoint: SimulatedEndpoint? = nil, retryAfter: Duration? = nil
    ) {
        self.fault = fault
        self.from = from
        self.until = until
        self.share = share
        self.account = account
        self.endpoint = endpoint
        self.retryAfter = retryAfter
    }

    func concerns(_ account: String, _ endpoint: SimulatedEndpoint, at now: Int64) -> Bool {
        now >= from && now < until && (self.account == nil || self.account == account)
            && (self.endpoint == nil || self.endpoint == endpoint)
    }
}
