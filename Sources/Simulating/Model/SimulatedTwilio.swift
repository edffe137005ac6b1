import Synchronization

/// A Twilio without network or clock: requests and the time go in, answers come out.
///
/// - Everything follows from the options, the start and the order of calls; nothing is random.
/// - Time never runs backwards: an earlier `now` counts as the latest one seen.
/// - Safe to call from anywhere; each call holds a lock for as long as a page takes to build.
/// - Every record handed out is remembered, so that `truth` can say what a collector must have found.
package final class SimulatedTwilio: Sendable {
    package let accounts: [SimulatedAccount]
    package let start: Int64
    private let state: Mutex<SimulatorState>

    /// - Parameters:
    ///   - options: Must have no `problems`.
    ///   - start: Where history ends and live records begin, in milliseconds since 1970.
    package init(_ options: SimulatorOptions, start: Int64) {
        precondition(options.problems.isEmpty, options.problems.joined(separator: "; "))
        let sids = SIDs(seed: options.seed)
        let accounts = (0..<options.accounts).map { SimulatedAccount(index: $0, options: options, sids: sids) }
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

    /// Adds records dated now, or at `date`, readable now or after `delay`; returns their SIDs.
    ///
    /// An unknown account or environment adds nothing.
    @discardableResult
    package func emit(
        _ count: Int, account: String, dataset: SimulatedDataset = .events, environment: String? = nil,
        date: Int64? = nil, delay: Duration = .zero, at now: Int64
    ) -> [String] {
        state.withLock { state in
            state.advance(to: now)
            guard let stream = state.stream(account: account, dataset: dataset, environment: environment) else {
                return []
            }
            return state.emit(count, stream: stream, date: date, delay: delay.milliseconds).sids
        }
    }

    /// Refuses everything with 429 for so long.
    package func storm(for duration: Duration, at now: Int64) {
        state.withLock { state in
            state.advance(to: now)
            state.stormEnd = state.now + duration.milliseconds
        }
    }

    package func setFault(_ fault: SimulatedFault, rate: Double) {
        state.withLock { $0.faults.rates[fault] = rate }
    }

    /// Sets how far the `Date` header is from the truth.
    package func skew(by duration: Duration) {
        state.withLock { $0.skew = duration.milliseconds }
    }

    /// Makes no live records from `now` on.
    package func stopLive(at now: Int64) {
        state.withLock { state in
            state.advance(to: now)
            state.stopLive()
        }
    }

    /// Every record readable so far, by account, dataset and environment, oldest first.
    package func truth(
        account: String? = nil, dataset: SimulatedDataset? = nil, at now: Int64
    ) -> [TruthRecord] {
        truthLists(account: account, dataset: dataset, at: now).flatMap { $0 }
    }

    package func summary(at now: Int64) -> TruthSummary {
        state.withLock { state in
            state.advance(to: now)
            return state.summary
        }
    }

    /// One list for each stream, which shares the model's storage until it is read.
    func truthLists(account: String?, dataset: SimulatedDataset?, at now: Int64) -> [TruthList] {
        state.withLock { state in
            state.advance(to: now)
            return state.truthLists(account: account, dataset: dataset)
        }
    }
}
