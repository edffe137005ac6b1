/// The settings that stand for what nobody says of Twilio: each way it could be is a case.
extension SimulatorOptions {
    /// What the rate limit is counted by.
    package enum RateScope: String, CaseIterable, Sendable { case account, environment, credential }
    /// What happens past a query's cap: a 400 in mid-paging, or a null next page at exactly the cap.
    package enum CapForm: String, CaseIterable, Sendable { case refusal, silent }
    /// Whether a record dated exactly StartDate or EndDate belongs to the query.
    package enum Bounds: String, CaseIterable, Sendable {
        case exclusive, inclusive
        case startInclusive = "start-inclusive"
        case endInclusive = "end-inclusive"

        var includesStart: Bool { self == .inclusive || self == .startInclusive }
        var includesEnd: Bool { self == .inclusive || self == .endInclusive }
    }
    package typealias LogBounds = Bounds
    /// What becomes of fractions of a second in StartDate and EndDate: heeded, or cut off.
    package enum Fractions: String, CaseIterable, Sendable { case honoured, ignored }
    package enum LogPrecision: String, CaseIterable, Sendable { case milliseconds, seconds }
    /// How alerts write their dates.
    package enum AlertDates: String, CaseIterable, Sendable { case seconds, milliseconds, rfc2822 }
    /// Whether a page token counts rows from the head (new rows shift pages) or names the last row.
    package enum Paging: String, CaseIterable, Sendable { case offset, cursor }
    /// How delays of late records are spread between `lateMin` and `lateMax`.
    package enum LateShape: String, CaseIterable, Sendable {
        case uniform
        /// Mostly short: an exponential distribution with a tenth of the span as its mean, cut at the end.
        case exponential
        /// Short and, one in ten, close to the longest.
        case longTail = "long-tail"
    }
    /// How Retry-After is written: seconds, or a date (RFC 9110 section 10.2.3).
    package enum RetryAfterForm: String, CaseIterable, Sendable { case seconds, date }
    /// How errors are told: Twilio's body, RFC 9457, a body without a code, or a page of HTML.
    package enum ErrorForm: String, CaseIterable, Sendable { case classic, problem, bare, html }
}
