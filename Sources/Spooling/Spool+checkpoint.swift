import Foundation
import GRDB
package import PipelineCore

/// What `Spool.reopen` did to a stream.
package struct Reopened: Sendable, Equatable {
    /// What is read again; nil if nothing of it had been read.
    package let window: Window?
    /// How many records the ledger no longer knows.
    package let forgotten: Int
}

extension Spool {
    /// Forgets that what is dated at or after `from` was read, so that the stream is read again from there on. Nothing
    /// may work on the stream meanwhile: it would note its own progress over this.
    /// - Parameter forget: also forget which records were taken, so that they are sent again. Without that, `from` must
    ///   not lie before `rememberedFrom`.
    /// - Throws: `SpoolError`; nothing was changed then.
    package func reopen(_ stream: StreamKey, from: Timestamp, forget: Bool) throws -> Reopened {
        var reopened = Reopened(window: nil, forgotten: 0)
        let path = directory.databasePath
        // Progress that waits in memory is saved by the same commit before anything of this is read.
        try commit { database in
            let row = try Row.fetchOne(
                database, sql: "SELECT * FROM stream WHERE \(StreamKey.condition)", arguments: stream.columns)
            guard let row else { return }
            guard var coverage = CoverageCoding.decode([UInt8](row["coverage"] as Data)) else {
                throw SpoolError.database(path: path, reason: "the progress of stream \(stream) cannot be read")
            }
            let id: Int64 = row["id"]
            let end = coverage.intervals.last?.window.to ?? from
            let window = Window(from: from, to: max(from, end))
            let wasRead = coverage.holes(in: window) != [window] && window.from < window.to
            coverage.reopen(window)
            try database.execute(
                sql: "UPDATE stream SET coverage = ? WHERE id = ?",
                arguments: [Data(CoverageCoding.encode(coverage)), id])
            try Self.reopenBackfills(of: id, from: from, database)
            reopened = Reopened(
                window: wasRead ? window : nil, forgotten: forget ? try Ledger.forget(id, from: from, database) : 0)
        }
        return reopened
    }

    /// What ended backfills to all sinks have read counts as read for live collection, too.
    private static func reopenBackfills(of stream: Int64, from: Timestamp, _ database: Database) throws {
        let rows = try Row.fetchAll(
            database,
            sql: """
                SELECT job, coverage FROM backfill_stream JOIN backfill ON backfill.id = job
                WHERE backfill_stream.stream = ? AND sink = '' AND (finished_ms IS NOT NULL OR cancelled_ms IS NOT NULL)
                """,
            arguments: [stream])
        for row in rows {
            guard var coverage = CoverageCoding.decode([UInt8](row["coverage"] as Data)),
                let end = coverage.intervals.last?.window.to, from < end
            else { continue }
            coverage.reopen(Window(from: from, to: end))
            try database.execute(
                sql: "UPDATE backfill_stream SET coverage = ? WHERE job = ? AND stream = ?",
                arguments: [Data(CoverageCoding.encode(coverage)), row["job"] as Int64, stream])
        }
    }
}

extension StateReader {
    /// From when on the ledger knows each record of a stream by its identity, so that it can be read again without
    /// anything being sent twice; nil if it knows all.
    package func rememberedFrom(_ stream: StreamKey) throws(SpoolError) -> Timestamp? {
        try read { database in
            let row = try Row.fetchOne(
                database,
                sql: """
                    SELECT folded_ms, (SELECT MAX(day) FROM ledger_day WHERE stream = stream.id) AS day
                    FROM stream WHERE \(StreamKey.condition)
                    """,
                arguments: stream.columns)
            guard let row else { return nil }
            if let folded = row["folded_ms"] as Int64? { return Timestamp(milliseconds: folded + 1) + Ledger.rounding }
            // Folded before it was noted until when.
            return (row["day"] as Int64?).map { Timestamp(milliseconds: ($0 + 1) * 86_400_000) + Ledger.rounding }
        }
    }
}

extension Ledger {
    /// Forgets records dated at or after `from`; some of up to a window's length before it go with them.
    /// - Returns: how many records that were.
    static func forget(_ stream: Int64, from: Timestamp, _ database: Database) throws -> Int {
        let arguments: StatementArguments = ["stream": stream, "from": from.milliseconds]
        let rows = "FROM ledger WHERE stream = :stream AND to_ms >= :from"
        let days = "FROM ledger_day WHERE stream = :stream AND day * 86400000 >= :from"
        let count =
            try Int.fetchOne(
                database,
                sql: """
                    SELECT (SELECT COALESCE(SUM(count), 0) \(rows)) + (SELECT COALESCE(SUM(count), 0) \(days))
                    """,
                arguments: arguments) ?? 0
        try database.execute(sql: "DELETE \(rows)", arguments: arguments)
        try database.execute(sql: "DELETE \(days)", arguments: arguments)
        try database.execute(
            sql: """
                UPDATE stream SET folded_ms = MIN(folded_ms, :from),
                    checkpoint_sid = CASE WHEN checkpoint_ms >= :from THEN NULL ELSE checkpoint_sid END,
                    checkpoint_ms = CASE WHEN checkpoint_ms >= :from THEN NULL ELSE checkpoint_ms END
                WHERE id = :stream
                """,
            arguments: arguments)
        return count
    }
}
