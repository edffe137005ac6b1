import Foundation
import GRDB
package import PipelineCore

extension StateSummary {
    /// How far a backfill is.
    package struct BackfillStatus: Sendable {
        package let job: BackfillJob
        /// How many streams it is about, as far as they are known; of those gone at Twilio, what it has read of.
        package let streams: Int
        /// How much of its window need not be read any more, over all its streams: 0…100.
        package let percentDone: Double
        package let requests: Int
        /// As answered.
        package let records: Int
        package let taken: Int
    }
}

extension Spool {
    /// How far each backfill of the last 400 days is, oldest first.
    package func backfillStatus() throws -> [StateSummary.BackfillStatus] {
        try flush()
        return try query { try StateSummary.BackfillStatus.fetchAll($0, openOnly: false) }
    }
}

extension StateReader {
    /// How far each backfill of the last 400 days is, oldest first.
    package func backfillStatus() throws(SpoolError) -> [StateSummary.BackfillStatus] {
        try read { try StateSummary.BackfillStatus.fetchAll($0, openOnly: false) }
    }

    /// What of a window a backfill to all sinks would have to read of a stream.
    /// - Parameter start: where collection begins if the stream was never seen.
    /// - Returns: its parts, oldest first, and where collection of the stream began: from there on it needs no backfill.
    package func backfillNeed(
        of key: StreamKey, start: Timestamp, window: Window
    ) throws(SpoolError) -> (parts: [Window], start: Timestamp) {
        try read { database in
            let row = try Row.fetchOne(
                database, sql: "SELECT id, start_ms FROM stream WHERE \(StreamKey.condition)", arguments: key.columns)
            let known = row.map { min(start, Timestamp(milliseconds: $0["start_ms"])) } ?? start
            // Live collection begins with the whole second.
            let began = known.rounded(downTo: .seconds(1))
            guard window.from < min(window.to, began) else { return ([], began) }
            let before = Window(from: window.from, to: min(window.to, began))
            guard let row else { return ([before], began) }
            let read = try BackfillJob.coverages(
                database,
                sql: """
                    SELECT backfill_stream.stream, coverage FROM backfill_stream JOIN backfill ON backfill.id = job
                    WHERE backfill_stream.stream = ? AND sink = '' AND identities IS NULL
                    """,
                arguments: [row["id"] as Int64])
            return (Coverage.union(read.values.flatMap(\.self)).holes(in: before), began)
        }
    }
}

extension StateSummary.BackfillStatus {
    /// A stream as backfills see it.
    private struct Stream {
        let id: Int64
        let accountSID: String
        let dataset: String
        let isRetired: Bool
        /// What live collection has read or will read.
        let collected: Coverage

        init(_ row: Row) {
            id = row["id"]
            accountSID = row["account_sid"]
            dataset = row["dataset"]
            isRetired = (row["retired_ms"] as Int64?) != nil
            // Live collection begins with the whole second.
            let begin = Timestamp(milliseconds: row["start_ms"]).rounded(downTo: .seconds(1))
            let ever = Coverage.Interval(
                window: Window(from: begin, to: Timestamp(milliseconds: .max)), readAt: begin, state: .finished)
            let read = CoverageCoding.decode([UInt8](row["coverage"] as Data)) ?? Coverage()
            collected = Coverage.union([read, Coverage(intervals: [ever]) ?? Coverage()])
        }
    }

    /// - Parameter openOnly: leaves out those that have ended.
    static func fetchAll(_ database: Database, openOnly: Bool) throws -> [Self] {
        let jobs = try BackfillJob.fetchAll(database, openOnly: openOnly)
        guard !jobs.isEmpty else { return [] }
        let streams = try Row.fetchAll(
            database, sql: "SELECT id, account_sid, dataset, retired_ms, start_ms, coverage FROM stream"
        ).map(Stream.init)
        let backfilled = try BackfillJob.coverages(
            database,
            sql: """
                SELECT backfill_stream.stream, coverage FROM backfill_stream JOIN backfill ON backfill.id = job
                WHERE sink = '' AND identities IS NULL
                """,
            arguments: [])
        return try jobs.map { job in
            let own = try BackfillJob.coverages(
                database, sql: "SELECT stream, coverage FROM backfill_stream WHERE job = ?", arguments: [job.id])
            let its = streams.filter { stream in
                stream.accountSID == job.accountSID && stream.dataset == job.dataset.rawValue
                    && (!stream.isRetired || own[stream.id]?.contains { !$0.intervals.isEmpty } == true)
                    && (job.stream == nil || job.stream?.rawValue == stream.id)
            }
            let left = its.map { stream -> Duration in
                // A job to all sinks leaves out what was or will be collected anyway; one for a single sink, or for
                // certain records, reads it again.
                let others =
                    job.sink == nil && job.identities == nil ? [stream.collected] + (backfilled[stream.id] ?? []) : []
                let done = Coverage.union(others + (own[stream.id] ?? []))
                return done.holes(in: job.window).reduce(.zero) { $0 + $1.length }
            }
            let sums = try Row.fetchOne(
                database,
                sql: """
                    SELECT COALESCE(SUM(requests), 0) AS requests, COALESCE(SUM(records), 0) AS records,
                        COALESCE(SUM(taken), 0) AS taken FROM backfill_stream WHERE job = ?
                    """,
                arguments: [job.id])
            return Self(
                job: job, streams: its.count,
                percentDone: job.finishedAt != nil
                    ? 100 : percent(left: left.reduce(.zero, +), of: job.window.length * its.count),
                requests: sums?["requests"] ?? 0, records: sums?["records"] ?? 0, taken: sums?["taken"] ?? 0)
        }
    }

    private static func percent(left: Duration, of all: Duration) -> Double {
        guard all > .zero else { return 0 }
        return 100 * (1 - left / all)
    }
}
