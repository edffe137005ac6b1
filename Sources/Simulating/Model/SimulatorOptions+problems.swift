extension SimulatorOptions {
    /// What cannot be simulated, one sentence each; empty if all is well.
    package var problems: [String] {
        sizeProblems + shareProblems + timeProblems + planProblems
    }

    private var sizeProblems: [String] {
        let all = max(1, accounts + subaccounts.count)
        return Self.problems([
            ((1...Limits.accounts).contains(accounts), "accounts must be 1 to \(Limits.accounts), not \(accounts)"),
            (
                subaccounts.count <= Limits.accounts,
                "there may be at most \(Limits.accounts) subaccounts, not \(subaccounts.count)"
            ),
            ((0...Limits.places).contains(services), "services must be 0 to \(Limits.places), not \(services)"),
            (
                (0...Limits.places).contains(environments),
                "environments must be 0 to \(Limits.places), not \(environments)"
            ),
            ((0...Limits.places).contains(functions), "functions must be 0 to \(Limits.places), not \(functions)"),
            (
                history >= 0 && history <= Limits.records / (2 * all),
                "history must be at least 0, and at most \(Limits.records) records in all, not \(history) for each "
                    + "account and dataset"
            ),
            (
                alerts >= 0 && alerts <= Limits.records / all,
                "alerts must be at least 0, and at most \(Limits.records) in all, not \(alerts) for each account"
            ),
            (requestsPerSecond >= 0, "requests-per-second must be at least 0, not \(requestsPerSecond)"),
            (
                [eventsCap, logsCap, alertsCap].allSatisfy { ($0 ?? 1) > 0 },
                "a cap must be at least 1; leave it out for none"
            ),
            ((shuffleSpan ?? 1) > 0, "shuffle-span must be at least 1; leave it out for none"),
            (
                (1...Limits.bodyBytes).contains(hugeBodyBytes),
                "huge-body-bytes must be 1 to \(Limits.bodyBytes), not \(hugeBodyBytes)"
            ),
            (
                (1...Limits.unpackedBytes).contains(gzipBombBytes),
                "gzip-bomb-bytes must be 1 to \(Limits.unpackedBytes), not \(gzipBombBytes)"
            ),
            ([401, 403].contains(suspendedStatus), "suspended-status must be 401 or 403, not \(suspendedStatus)"),
            (
                [20003, 70051].contains(accountsRefusal),
                "accounts-refusal must be 20003 or 70051, not \(accountsRefusal)"
            ),
        ])
    }

    private var shareProblems: [String] {
        let most = Limits.liveRecordsPerSecond
        var checks = [
            ((0...most).contains(rate), "rate must be 0 to \(Int(most)) records per second, not \(rate)"),
            ((0...most).contains(alertRate), "alert-rate must be 0 to \(Int(most)) per second, not \(alertRate)"),
            ((0...1).contains(late), "late is a share, 0 to 1, not \(late)"),
            ((0...1).contains(withoutFunction ?? 0), "without-function is a share, 0 to 1"),
            (
                odd.values.allSatisfy { (0...1).contains($0) } && !(odd.values.reduce(0, +) > 1),
                "the shares of odd records are 0 to 1 each and together"
            ),
        ]
        for (fault, rate) in faults.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            checks.append(
                (
                    (0...1).contains(rate),
                    "the rate of fault \(fault.rawValue) is a probability, 0 to 1, not \(rate)"
                ))
        }
        for incident in incidents {
            checks.append(
                (
                    (0...1).contains(incident.share),
                    "the share of incident \(incident.fault.rawValue) is 0 to 1, not \(incident.share)"
                ))
        }
        return Self.problems(checks)
    }

    private var timeProblems: [String] {
        let durations = [
            ("history-span", historySpan), ("retention", retention), ("late-min", lateMin), ("late-max", lateMax),
            ("slow-delay", slowDelay), ("timeout-delay", timeoutDelay), ("date-jump", dateJump),
            ("alert-created-delay", alertCreatedDelay),
        ]
        return Self.problems(
            durations.map { ((.zero...Limits.longest).contains($1), "\($0) must be 0 to 10 years, not \($1)") }
                + [(lateMin <= lateMax, "late-min must not be longer than late-max")])
    }

    private var planProblems: [String] {
        let all = accounts + subaccounts.count
        let crowded = layouts.values.contains { services in
            services.count > Limits.places
                || services.contains { $0.environments.count > Limits.places || $0.functions.count > Limits.places }
        }
        return Self.problems([
            (
                subaccounts.allSatisfy { (0..<accounts).contains($0.parent) },
                "a subaccount's parent must be the index of one of the \(accounts) accounts"
            ),
            (!crowded, "a layout may have \(Limits.places) services, with as many environments and functions each"),
            (
                pileUps.allSatisfy { (0..<all).contains($0.account) && (1...Limits.emitted).contains($0.count) },
                "a pile-up needs the index of one of the \(all) accounts and 1 to \(Limits.emitted) records"
            ),
        ])
    }

    private static func problems(_ checks: [(isFine: Bool, sentence: String)]) -> [String] {
        checks.filter { !$0.isFine }.map(\.sentence)
    }

    /// Bounds that keep memory and start-up time of a test's partner sensible.
    enum Limits {
        /// Main accounts, and subaccounts.
        static let accounts = 1_000
        /// Services, environments of a service, functions of a service.
        static let places = 1_000
        /// History in all; twelve bytes each.
        static let records = 20_000_000
        static let liveRecordsPerSecond = 100_000.0
        /// Records that one control request or pile-up may emit.
        static let emitted = 100_000
        /// Incidents that are remembered; the oldest make way.
        static let incidents = 1_000
        static let bodyBytes = 1_024 * 1_024 * 1_024
        static let unpackedBytes = 64 * 1_024 * 1_024 * 1_024
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
