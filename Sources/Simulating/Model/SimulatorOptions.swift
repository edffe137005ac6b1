/// How a simulated Twilio is filled and how it behaves; the defaults follow what is documented of the real one.
///
/// Where nobody says how Twilio behaves, the guess is a setting here.
package struct SimulatorOptions: Sendable {
    package enum RateScope: String, CaseIterable, Sendable { case account, environment }
    /// What happens past a query's cap: a 400 in mid-paging, or a null next page at exactly the cap.
    package enum CapForm: String, CaseIterable, Sendable { case refusal, silent }
    package enum LogBounds: String, CaseIterable, Sendable { case exclusive, inclusive }
    package enum LogPrecision: String, CaseIterable, Sendable { case milliseconds, seconds }
    /// Whether a page token counts rows from the head (new rows shift pages) or names the last row.
    package enum Paging: String, CaseIterable, Sendable { case offset, cursor }

    package var accounts = 1
    package var seed: UInt64 = 1
    /// Records per account and dataset before the start, spread over `historySpan`.
    package var history = 0
    package var historySpan: Duration = .seconds(7 * 86_400)
    /// Older records are not listed any more.
    package var retention: Duration = .seconds(30 * 86_400)
    /// Live records per second, per account and dataset; for `rateFor`, else without end.
    package var rate: Double = 0
    package var rateFor: Duration?
    /// Share of records that become readable late, by up to `lateMax`.
    package var late: Double = 0
    package var lateMax: Duration = .seconds(60)
    package var services = 1
    /// Environments per service; the third, sixth and so on have no build and no logs.
    package var environments = 2
    package var functions = 3

    /// Requests per second that are answered, in any window of a second; 0 lifts the limit.
    package var requestsPerSecond = 5
    package var rateScope: RateScope = .account
    package var retryAfter: Duration?
    package var eventsCap: Int?
    package var logsCap: Int? = 10_000
    package var capForm: CapForm = .refusal
    package var logBounds: LogBounds = .exclusive
    package var logPrecision: LogPrecision = .milliseconds
    package var paging: Paging = .offset
    /// Logs come shuffled within a page.
    package var unordered = false
    /// What next_page_url and its siblings start with, as `http://host:port`; nil takes the request's Host.
    package var nextPageOrigin: String?
    /// Shifts the Date header.
    package var clockSkew: Duration = .zero
    package var faults: [SimulatedFault: Double] = [:]
    package var faultSeed: UInt64 = 1
    package var slowDelay: Duration = .seconds(5)

    /// The server's epoch, in milliseconds since 1970; nil takes the clock. Fix it, and a restart has the same data.
    package var startTime: Int64?
    package var address = "127.0.0.1"
    package var port: UInt16 = 0

    package init() {}

    /// What cannot be simulated, one sentence each; empty if all is well.
    package var problems: [String] {
        var problems: [String] = []
        func require(_ isFine: Bool, _ sentence: String) {
            if !isFine { problems.append(sentence) }
        }
        require((1...Limits.accounts).contains(accounts), "accounts must be 1 to \(Limits.accounts), not \(accounts)")
        require((0...Limits.places).contains(services), "services must be 0 to \(Limits.places), not \(services)")
        require(
            (0...Limits.places).contains(environments),
            "environments must be 0 to \(Limits.places), not \(environments)")
        require((0...Limits.places).contains(functions), "functions must be 0 to \(Limits.places), not \(functions)")
        require(
            history >= 0 && history <= Limits.records / max(1, 2 * accounts),
            "history must be at least 0, and at most \(Limits.records) records in all, not \(history) for each account and dataset"
        )
        require(
            rate >= 0 && rate <= Limits.liveRecordsPerSecond,
            "rate must be 0 to \(Int(Limits.liveRecordsPerSecond)) records per second, not \(rate)")
        require((0...1).contains(late), "late is a share, 0 to 1, not \(late)")
        for (what, duration) in [
            ("history-span", historySpan), ("retention", retention), ("late-max", lateMax), ("slow-delay", slowDelay),
        ] {
            require(
                duration >= .zero && duration <= Limits.longest, "\(what) must be 0 to 10 years, not \(duration)")
        }
        require(requestsPerSecond >= 0, "requests-per-second must be at least 0, not \(requestsPerSecond)")
        require((eventsCap ?? 1) > 0 && (logsCap ?? 1) > 0, "a cap must be at least 1; leave it out for none")
        for (fault, rate) in faults.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            require((0...1).contains(rate), "the rate of fault \(fault.rawValue) is a probability, 0 to 1, not \(rate)")
        }
        return problems
    }

    /// Bounds that keep memory and start-up time of a test's partner sensible.
    enum Limits {
        static let accounts = 1_000
        /// Services, environments of a service, functions of a service.
        static let places = 1_000
        /// History in all; twelve bytes each.
        static let records = 20_000_000
        static let liveRecordsPerSecond = 100_000.0
        /// Records that one control request may emit.
        static let emitted = 100_000
        /// Keeps sums of times far from overflow.
        static let longest: Duration = .seconds(3_650 * 86_400)
    }
}

extension Duration {
    /// Whole milliseconds.
    var milliseconds: Int64 {
        components.seconds * 1_000 + components.attoseconds / 1_000_000_000_000_000
    }
}
