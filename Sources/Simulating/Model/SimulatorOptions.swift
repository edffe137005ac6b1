/// How a simulated Twilio is filled and how it behaves; the defaults follow what is documented of the real one.
///
/// Where nobody says how Twilio behaves, the guess is a setting here. Times are milliseconds since 1970.
package struct SimulatorOptions: Sendable {
    package var accounts = 1
    package var subaccounts: [SubaccountPlan] = []
    package var seed: UInt64 = 1
    /// Events and logs per account before the start, each spread over `historySpan`.
    package var history = 0
    package var historySpan: Duration = .seconds(7 * 86_400)
    /// Older records are not listed any more.
    package var retention: Duration = .seconds(30 * 86_400)
    /// Live events and logs per second, each per account; for `rateFor`, else without end.
    package var rate: Double = 0
    package var rateFor: Duration?
    /// Alerts per account before the start, and live ones per second.
    package var alerts = 0
    package var alertRate: Double = 0
    /// Share of records that become readable late, by `lateMin` to `lateMax`.
    package var late: Double = 0
    package var lateMin: Duration = .zero
    package var lateMax: Duration = .seconds(60)
    package var lateShape: LateShape = .uniform
    /// Share of the scheduled records that have a hostile shape.
    package var odd: [RecordShape: Double] = [:]
    package var pileUps: [PileUp] = []
    package var services = 1
    /// Environments per service; the third, sixth and so on have no build and no logs.
    package var environments = 2
    package var functions = 3
    /// Services of the account at that index, instead of the numbered ones. Subaccounts count on behind the accounts.
    package var layouts: [Int: [ServicePlan]] = [:]
    /// Share of log lines without function_sid; nil: one kind of line in eighteen.
    package var withoutFunction: Double?

    /// Requests per second that are answered, in any window of a second; 0 lifts the limit.
    package var requestsPerSecond = 5
    package var rateScope: RateScope = .account
    /// Whether refused requests fill the window too.
    package var countsRefused = false
    package var retryAfter: Duration?
    package var retryAfterForm: RetryAfterForm = .seconds
    package var eventsCap: Int?
    package var logsCap: Int? = 10_000
    package var alertsCap: Int? = 10_000
    package var capForm: CapForm = .refusal
    package var alertsCapForm: CapForm = .refusal
    package var eventBounds: Bounds = .inclusive
    package var logBounds: Bounds = .exclusive
    package var alertBounds: Bounds = .inclusive
    package var eventFractions: Fractions = .ignored
    /// Nil: honoured where dates have milliseconds.
    package var logFractions: Fractions?
    package var alertFractions: Fractions = .ignored
    package var logPrecision: LogPrecision = .milliseconds
    package var alertDates: AlertDates = .seconds
    /// How long after date_generated, by which alerts are listed, date_created is.
    package var alertCreatedDelay: Duration = .zero
    package var paging: Paging = .offset
    /// Logs come shuffled within a page, differently with each answer.
    package var unordered = false
    /// Logs come shuffled in blocks of so many rows, counted from the newest and the same in each answer.
    package var shuffleSpan: Int?
    /// What next_page_url and its siblings start with, as `http://host:port`; nil takes the request's Host.
    package var nextPageOrigin: String?
    /// Shifts the Date header.
    package var clockSkew: Duration = .zero
    /// The code of the 401 that a key without permission for the accounts list meets: 70051 or 20003.
    package var accountsRefusal = 70051
    /// What requests of a suspended or closed account meet: 403 20403, or 401 20003.
    package var suspendedStatus = 403
    package var errorForm: ErrorForm = .classic

    package var faults: [SimulatedFault: Double] = [:]
    package var faultSeed: UInt64 = 1
    package var incidents: [Incident] = []
    package var slowDelay: Duration = .seconds(5)
    /// How long a connection is held that gets no answer.
    package var timeoutDelay: Duration = .seconds(600)
    /// The largest PageSize that `pageTooLarge` leaves alone.
    package var workingPageSize = 100
    package var dateJump: Duration = .seconds(5 * 3_600)
    package var hugeBodyBytes = 64 * 1_024 * 1_024
    package var gzipBombBytes = 1_024 * 1_024 * 1_024
    /// Where `nextElsewhere` and `redirect` lead, as `http://host:port`.
    package var elsewhereOrigin = "http://elsewhere.invalid"

    /// The server's epoch; nil takes the clock. Fix it, and a restart has the same data.
    package var startTime: Int64?
    package var address = "127.0.0.1"
    package var port: UInt16 = 0

    package init() {}
}
