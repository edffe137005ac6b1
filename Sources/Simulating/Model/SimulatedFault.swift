/// What can go wrong with an answer; each has a probability of its own, and can be an incident.
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
    /// As `emptyPage`, but never twice in a row for the same list.
    case emptyThenFull = "empty-then-full"
    /// An empty page whose next page holds what it should have held.
    case emptyWithNext = "empty-with-next"
    /// A later page begins with the row that the page before ended with.
    case duplicateRows = "duplicate-rows"
    /// next_page_url is the page's own URL.
    case sameNext = "same-next"
    /// A page holds one more record, from outside the dates that were asked for.
    case outsideWindow = "outside-window"
    /// A good page token is refused with 400 21481.
    case tokenRefused = "token-refused"
    /// A 500 that only a smaller PageSize cures: `SimulatorOptions.workingPageSize`.
    case pageTooLarge = "page-too-large"
    /// The answer's Date header is `SimulatorOptions.dateJump` ahead or behind.
    case dateJump = "date-jump"
    /// No answer within `SimulatorOptions.timeoutDelay`.
    case timeout = "timeout"
    /// A 200 with a page of HTML.
    case htmlAnswer = "html-answer"
    /// A good page with `SimulatorOptions.hugeBodyBytes` of padding.
    case hugeBody = "huge-body"
    /// A good page with 100,000 arrays in each other in an unknown field.
    case deepJSON = "deep-json"
    /// A small gzip body that unpacks to `SimulatorOptions.gzipBombBytes`.
    case gzipBomb = "gzip-bomb"
    /// A 403 20403, as for a suspended account.
    case forbidden = "forbidden"

    /// For messages.
    package static let names = allCases.map(\.rawValue).joined(separator: ", ")
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

    /// The first of these incidents that this request meets.
    mutating func draw(_ incidents: [Incident]) -> Incident? {
        for incident in incidents where incident.share >= 1 || unit(random.next()) < incident.share {
            counts[incident.fault, default: 0] += 1
            return incident
        }
        return nil
    }
}
