import Foundation
import PipelineCore
import Spooling

/// Backfills in words.
enum BackfillReport {
    /// How far jobs are, in one line.
    /// - Parameter first: how far they were `elapsed` ago.
    static func progress(
        _ status: [StateSummary.BackfillStatus], since first: [StateSummary.BackfillStatus], _ elapsed: Duration
    ) -> String {
        let percent = mean(status)
        let requests = status.reduce(0) { $0 + $1.requests }
        let records = status.reduce(0) { $0 + $1.records }
        let taken = status.reduce(0) { $0 + $1.taken }
        var parts = [
            String(format: "%.1f %%", percent), "\(requests) requests", "\(records) records read", "\(taken) new",
        ]
        let seconds = max(0.001, elapsed.inSeconds)
        if seconds > 2 {
            let before = first.reduce(0) { $0 + $1.records }
            parts.append(String(format: "%.0f records/s", Double(records - before) / seconds))
        }
        let gained = percent - mean(first)
        if percent >= 99.95 {
            parts.append("what was empty is looked at once more")
        } else if seconds > 2, gained > 0.1 {
            parts.append("about \(Duration.seconds(seconds * (100 - percent) / gained).forPeople) left")
        }
        return parts.joined(separator: ", ")
    }

    private static func mean(_ status: [StateSummary.BackfillStatus]) -> Double {
        status.isEmpty ? 0 : status.reduce(0) { $0 + $1.percentDone } / Double(status.count)
    }

    static func end(_ status: StateSummary.BackfillStatus) -> String {
        let job = status.job
        let how = job.cancelledAt != nil ? "was cancelled" : "is finished"
        return "job \(job.id) \(how): \(job.account) \(job.dataset.rawValue), \(counts(status))"
    }

    private static func counts(_ status: StateSummary.BackfillStatus) -> String {
        "\(status.requests) requests, \(status.records) records read, "
            + (status.job.sink.map { "\(status.taken) for sink \($0)" } ?? "\(status.taken) new")
    }

    /// `backfill --list`: a table, the youngest job last.
    static func lines(_ all: [StateSummary.BackfillStatus]) -> [String] {
        guard !all.isEmpty else { return ["there are no backfills"] }
        let rows = all.map { status in
            let job = status.job
            let state =
                job.cancelledAt != nil
                ? "cancelled" : job.finishedAt != nil ? "finished" : String(format: "%.1f %%", status.percentDone)
            return [
                "\(job.id)", state, job.account, job.dataset.rawValue, job.window.from.rfc3339Seconds,
                job.window.to.rfc3339Seconds, job.sink ?? "all", "\(status.requests)", "\(status.records)",
                "\(status.taken)", "\(job.requestedBy)",
            ]
        }
        return Terminal.table(
            [["JOB", "STATE", "ACCOUNT", "DATASET", "FROM", "TO", "SINK", "REQUESTS", "READ", "NEW", "BY UID"]] + rows)
    }
}
