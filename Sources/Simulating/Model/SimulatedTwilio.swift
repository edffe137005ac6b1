import Synchronization

/// A Twilio without network or clock: requests and the time go in, answers come out.
///
/// - Everything follows from the options, the start and the order of calls; nothing is random.
/// - Time never runs backwards: an earlier `now` counts as the latest one seen.
/// - Safe to call from anywhere; each call holds a lock for as long as a page takes to build.
/// - Every record handed out is remembered, so that `truth` can say what a collector must have found.
package final class SimulatedTwilio: Sendable {
    /// The main accounts, then the subaccounts, whether they exist yet or not.
    package let accounts: [SimulatedAccount]
    package let start: Int64
    private let state: Mutex<SimulatorState>

    /// - Parameters:
    ///   - options: Must have no `problems`.
    ///   - start: Where history ends and live records begin, in milliseconds since 1970.
    package init(_ options: SimulatorOptions, start: Int64) {
        precondition(options.problems.isEmpty, options.problems.joined(separator: "; "))
        let sids = SIDs(seed: options.seed)
        let all = options.accounts + options.subaccounts.count
        let accounts = (0..<all).map { SimulatedAccount(index: $0, options: options, sids: sids) }
        self.accounts = accounts
        self.start = start
        state = Mutex(SimulatorState(options: options, start: start, accounts: accounts, sids: sids))
    }

    /// Answers Twilio's paths, and `/truth` and `/control`.
    package func answer(_ request: SimulatedRequest, at now: Int64) -> SimulatedResponse {
        state.withLock { state in
            state.advance(to: now)
            if let answer = state.controlAnswer(request) { return answer }
            return state.twilioAnswer(request)
        }
    }

    /// Adds records dated now, or at `date`, readable now or after `delay`; returns the SIDs they are made from.
    ///
    /// An unknown account or environment adds nothing.
    @discardableResult
    package func emit(
        _ count: Int, account: String, dataset: SimulatedDataset = .events, environment: String? = nil,
        date: Int64? = nil, delay: Duration = .zero, function: FunctionChoice = .spread, shape: RecordShape? = nil,
        at now: Int64
    ) -> [String] {
        state.withLock { state in
            state.advance(to: now)
            guard let stream = state.stream(account: account, dataset: dataset, environment: environment) else {
                return []
            }
            return state.emit(
                count, stream: stream, date: date, delay: delay.milliseconds, function: function, shape: shape
            ).sids
        }
    }

    /// Refuses everything with 429 for so long.
    ///
    /// - Parameter retryAfter: what Retry-After says; nil leaves it to the options.
    package func storm(for duration: Duration, retryAfter: Duration? = nil, at now: Int64) {
        state.withLock { state in
            state.advance(to: now)
            state.stormEnd = state.now + duration.milliseconds
            state.stormRetryAfter = retryAfter
        }
    }

    package func setFault(_ fault: SimulatedFault, rate: Double) {
        state.withLock { $0.faults.rates[fault] = rate }
    }

    /// Lets an incident happen, beside those of the options.
    package func begin(_ incident: Incident) {
        state.withLock { $0.begin(incident) }
    }

    /// Ends all incidents and the storm, whether they were planned or not.
    package func endIncidents() {
        state.withLock { state in
            state.incidents = []
            state.stormEnd = .min
        }
    }

    /// Sets how far the `Date` header is from the truth.
    package func skew(by duration: Duration) {
        state.withLock { $0.skew = duration.milliseconds }
    }

    /// Gives an account a status from now on, whatever was planned; an unknown one is left alone.
    package func setStatus(account sid: String, _ status: AccountStatus) {
        state.withLock { state in
            guard let account = state.accountIndexes[sid] else { return }
            state.statuses[account] = status
        }
    }

    /// Sets when a service, environment or function exists, whatever was planned.
    package func setLife(_ sid: String, _ life: Life) {
        state.withLock { $0.setLife(sid, life) }
    }

    /// Makes no live records from `now` on.
    package func stopLive(at now: Int64) {
        state.withLock { state in
            state.advance(to: now)
            state.stopLive()
        }
    }

    /// Every record that has become readable so far, by account, dataset and environment, oldest first.
    ///
    /// Also those that are not any more: see `readable`.
    package func truth(
        account: String? = nil, dataset: SimulatedDataset? = nil, service: String? = nil, environment: String? = nil,
        at now: Int64
    ) -> [TruthRecord] {
        let wanted = TruthQuery(account: account, dataset: dataset, service: service, environment: environment)
        return truthLists(wanted, at: now).flatMap { $0 }
    }

    /// The records that lists give at this instant: not older than the retention, of places that are there.
    package func readable(
        account: String? = nil, dataset: SimulatedDataset? = nil, service: String? = nil, environment: String? = nil,
        at now: Int64
    ) -> [TruthRecord] {
        let wanted = TruthQuery(
            account: account, dataset: dataset, service: service, environment: environment, isCurrent: true)
        return truthLists(wanted, at: now).flatMap { $0 }
    }

    package func summary(at now: Int64) -> TruthSummary {
        state.withLock { state in
            state.advance(to: now)
            return state.summary
        }
    }

    /// One list for each stream, which shares the model's storage until it is read.
    func truthLists(_ query: TruthQuery, at now: Int64) -> [TruthList] {
        state.withLock { state in
            state.advance(to: now)
            return state.truthLists(query)
        }
    }
}
