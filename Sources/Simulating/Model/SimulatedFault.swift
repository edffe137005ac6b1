/// What can go wrong with an answer; each has a probability of its own.
package enum SimulatedFault: String, CaseIterable, Sendable {
    /// A 401 although the credential is good.
    case unauthorized = "unauthorized"
    case serverError = "server-error"
    /// A 503 with CloudFront's HTML.
    case unavailable = "unavailable-html"
    case tooMany = "too-many-requests"
    /// The connection ends before the announced length is reached.
    case truncated = "truncated"
    case slow = "slow"
    case reset = "reset"
    /// An empty page without a next one although records exist.
    case emptyPage = "empty-page"
    case malformedJSON = "malformed-json"
    /// Bytes that are not UTF-8 inside the first record's text.
    case invalidUTF8 = "invalid-utf8"
    /// The right body, called text/html.
    case contentType = "content-type"
    /// A next_page_url on another host.
    case nextElsewhere = "next-elsewhere"
    /// A 307 to another host.
    case redirect = "redirect"

    /// The host that `nextElsewhere` and `redirect` point to; nobody may send it anything.
    static let elsewhere = "http://elsewhere.invalid"
}

/// Which fault an answer gets: at most one, drawn in a fixed order from a seeded sequence.
struct FaultPlan: Sendable {
    var rates: [SimulatedFault: Double]
    private(set) var counts: [SimulatedFault: Int] = [:]
    private var random: SeededRandom

    init(rates: [SimulatedFault: Double], seed: UInt64) {
        self.rates = rates
        random = SeededRandom(seed: seed)
    }

    mutating func draw() -> SimulatedFault? {
        for fault in SimulatedFault.allCases {
            guard let rate = rates[fault], rate > 0, unit(random.next()) < rate else { continue }
            counts[fault, default: 0] += 1
            return fault
        }
        return nil
    }
}
