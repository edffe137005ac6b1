import PipelineCore
import Simulating

/// Whether records left in order within their stream and lane.
struct HostileOrder {
    private struct Line: Hashable {
        let place: HostileOracle.Place
        let lane: Lane
    }

    private let oracle: HostileOracle
    private let known: [String: [TruthRecord]]

    init(_ oracle: HostileOracle, _ known: [String: [TruthRecord]]) {
        self.oracle = oracle
        self.known = known
    }

    func problems() -> [String] {
        var problems: [String] = []
        var last: [Line: HostileOracle.Taken] = [:]
        for record in oracle.taken {
            guard let truth = known[HostileOracle.identity(record.id)]?.first, !record.isUndated else { continue }
            let line = Line(place: HostileOracle.Place(truth), lane: record.lane)
            defer { last[line] = record }
            guard let before = last[line] else { continue }
            let isTogether = before.collected == record.collected
            guard isTogether || (isOrdered && [.live, .catchUp].contains(record.lane)) else { continue }
            let isAfter =
                isTogether
                ? (before.time, before.identity) < (record.time, record.identity) : before.time <= record.time
            if !isAfter, problems.count < 3 {
                problems.append("OUT OF ORDER: \(record) behind \(before) in \(line)")
            }
        }
        return problems
    }

    /// Whether nothing in the schedule makes it right to read the past after the present.
    private var isOrdered: Bool {
        let schedule = oracle.schedule
        let starts = schedule.sessions.map(\.start) + [schedule.calm.start]
        return schedule.longestLead == .zero && schedule.longestLag == .zero
            && !schedule.options.incidents.contains { $0.fault == .outsideWindow || $0.fault == .dateJump }
            && Set(starts).count == 1
    }
}
