import Foundation
import PipelineCore
import Spooling

/// Backfills in words.
enum BackfillReport {
    /// How far jobs are together.
    static func progress(
        _ status: [StateSummary.BackfillStatus], _ meter: ProgressMeter, at now: ContinuousClock.Instant
    ) -> WorkProgress {
        let done = done(status)
        let counts = ["\(status.reduce(0) { $0 + $1.taken }) new", "\(status.reduce(0) { $0 + $1.requests }) requests"]
        let isLooking = done >= 0.9995 ? ["what was empty is looked at once more"] : []
        return meter.progress(
            done: min(done, 0.999), records(status), "records read", counts: counts + isLooking, at: now)
    }

    /// - Parameter status: as it is when it begins.
    static func meter(
        _ status: [StateSummary.BackfillStatus], at now: ContinuousClock.Instant
    ) -> ProgressMeter {
        ProgressMeter(at: now, done: done(status), records: records(status))
    }

    private static func done(_ status: [StateSummary.BackfillStatus]) -> Double {
        status.isEmpty ? 0 : status.reduce(0) { $0 + $1.percentDone } / Double(status.count) / 100
    }

    private static func records(_ status: [StateSummary.BackfillStatus]) -> Int {
        status.reduce(0) { $0 + $1.records }
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
