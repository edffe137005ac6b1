import Forwarding
import PipelineCore
import Simulating
import Spooling

/// Whether each recorded gap has a reason.
struct HostileGaps {
    private let oracle: HostileOracle

    init(_ oracle: HostileOracle) {
        self.oracle = oracle
    }

    func problems() -> [String] {
        oracle.summary.gaps.filter { !hasReason($0) }.map { gap in
            "A GAP WITHOUT REASON: \(gap.key) [\(oracle.seconds(gap.window.from.milliseconds)), "
                + "\(oracle.seconds(gap.window.to.milliseconds))) found \(oracle.seconds(gap.found.milliseconds)) "
                + "\(gap.reason)"
        }
    }

    private func hasReason(_ gap: StateSummary.Gap) -> Bool {
        if oracle.removal(gap.key.environmentSID) != nil { return true }
        if oracle.isLeftByBackfill(gap) { return true }
        if gap.window.length <= .seconds(1) { return isFull(gap) }
        // Older than Twilio keeps records when it was found.
        return gap.window.to <= gap.found - .days(30) + .hours(31)
    }

    /// Whether the second and its neighbours hold as many records as a query lists: the last page may be one that the
    /// server refuses for being too far in.
    private func isFull(_ gap: StateSummary.Gap) -> Bool {
        let place = HostileOracle.Place(gap.key)
        let (from, to) = (gap.window.from.milliseconds - 1000, gap.window.to.milliseconds + 1000)
        let count = oracle.truth.count { record in
            (from..<to).contains(record.date) && HostileOracle.Place(record) == place
        }
        let page = oracle.schedule.sessions[0].events.pageSize
        return count >= oracle.schedule.cap / page * page
    }
}
