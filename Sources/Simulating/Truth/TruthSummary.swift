/// What was issued, what was asked and what was given, in numbers.
package struct TruthSummary: Sendable {
    package struct Dataset: Sendable {
        package var account: String
        package var dataset: SimulatedDataset
        package var issued = 0
        package var readable = 0
        package var late = 0
    }

    package var datasets: [Dataset] = []
    /// Issued, not yet readable.
    package var pending = 0
    /// Nothing more will be issued or become readable unless it is asked for.
    package var isFinal = true
    /// Answers by status; control requests do not count.
    package var statuses: [Int: Int] = [:]
    /// Requests by what they asked for, refused ones too.
    package var endpoints: [SimulatedEndpoint: Int] = [:]
    /// Requests that the rate limit refused; storms and faults are not among them.
    package var rateLimited = 0
    /// The most requests within a second that one window of the rate limit saw, refused ones too.
    package var peakPerSecond = 0
    package var faults: [SimulatedFault: Int] = [:]
    /// Records handed out in lists, each as often as it was.
    package var reads = 0
    package var mostReads = 0

    package var issued: Int { datasets.reduce(0) { $0 + $1.issued } }
    package var readable: Int { datasets.reduce(0) { $0 + $1.readable } }
    package var late: Int { datasets.reduce(0) { $0 + $1.late } }
    package var requests: Int { statuses.values.reduce(0, +) }
    /// All answers with 429.
    package var tooManyRequests: Int { statuses[429] ?? 0 }
    package var meanReads: Double { readable == 0 ? 0 : Double(reads) / Double(readable) }

    var json: String {
        let requests = statuses.sorted { $0.key < $1.key }.map { "\"\($0.key)\": \($0.value)" }
        let asked = endpoints.sorted { $0.key.rawValue < $1.key.rawValue }.map { "\"\($0.key.rawValue)\": \($0.value)" }
        let drawn = faults.sorted { $0.key.rawValue < $1.key.rawValue }.map { "\"\($0.key.rawValue)\": \($0.value)" }
        let rows = datasets.map {
            """
            {"account": "\($0.account)", "dataset": "\($0.dataset.rawValue)", "issued": \($0.issued), \
            "readable": \($0.readable), "late": \($0.late)}
            """
        }
        return """
            {"issued": \(issued), "readable": \(readable), "pending": \(pending), "late": \(late), \
            "final": \(isFinal), "requests": {\(requests.joined(separator: ", "))}, \
            "endpoints": {\(asked.joined(separator: ", "))}, "reads": \(reads), \
            "reads_per_record": {"mean": \(meanReads), "max": \(mostReads)}, \
            "too_many_requests": \(tooManyRequests), "rate_limited": \(rateLimited), \
            "peak_per_second": \(peakPerSecond), "faults": {\(drawn.joined(separator: ", "))}, \
            "datasets": \(JSONText.array(rows))}

            """
    }
}

/// What was asked and answered so far.
struct Tally: Sendable {
    var received = 0
    var statuses: [Int: Int] = [:]
    var endpoints: [SimulatedEndpoint: Int] = [:]
    var rateLimited = 0
    var peakPerSecond = 0
    var reads = 0
}

extension SimulatorState {
    var summary: TruthSummary {
        var summary = TruthSummary()
        let kinds = SimulatedDataset.allCases
        for account in accounts {
            for dataset in kinds { summary.datasets.append(.init(account: account.sid, dataset: dataset)) }
        }
        for stream in streams {
            let row = stream.tag.account * kinds.count + (kinds.firstIndex(of: stream.dataset) ?? 0)
            summary.datasets[row].issued += stream.timeline.issued
            summary.datasets[row].readable += stream.timeline.dates.count
            summary.datasets[row].late += stream.timeline.lateIssued
            summary.pending += stream.timeline.pendingCount
            summary.isFinal = summary.isFinal && !stream.timeline.isLive && stream.timeline.pendingCount == 0
            summary.mostReads = max(summary.mostReads, stream.timeline.mostReads)
        }
        summary.isFinal = summary.isFinal && pileUps.isEmpty
        summary.statuses = tally.statuses
        summary.endpoints = tally.endpoints
        summary.rateLimited = tally.rateLimited
        summary.peakPerSecond = tally.peakPerSecond
        summary.faults = faults.counts
        summary.reads = tally.reads
        return summary
    }
}
