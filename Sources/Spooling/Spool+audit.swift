import Foundation
import GRDB
package import PipelineCore

extension Spool {
    /// Keeps the ledger from folding records into days until `releaseLedger`, so that an audit compares with what it
    /// has seen.
    package func holdLedger() { ledgerHolds += 1 }

    package func releaseLedger() { ledgerHolds -= 1 }

    /// What is known of a stream in the days of `window`; nil if it was never read.
    package func auditPlace(of key: StreamKey, window: Window) throws -> AuditPlace? {
        try flush()
        return try query { database in
            guard
                let row = try Row.fetchOne(
                    database, sql: "SELECT * FROM stream WHERE \(StreamKey.condition)", arguments: key.columns),
                let coverage = CoverageCoding.decode([UInt8](row["coverage"] as Data))
            else { return nil }
            let id: Int64 = row["id"]
            let backfilled = Coverage.union(
                try BackfillJob.coverages(
                    database,
                    sql: """
                        SELECT backfill_stream.stream, coverage FROM backfill_stream
                        JOIN backfill ON backfill.id = job
                        WHERE backfill_stream.stream = ? AND sink = '' AND identities IS NULL
                        """,
                    arguments: [id]
                ).values.flatMap(\.self))
            let days = try Row.fetchAll(
                database, sql: "SELECT * FROM ledger_day WHERE stream = ? AND day BETWEEN ? AND ?",
                arguments: [id, Ledger.day(window.from), Ledger.day(window.to)])
            let gaps = try Row.fetchAll(
                database, sql: "SELECT * FROM gap WHERE stream = ? AND from_ms < ? AND to_ms > ? ORDER BY from_ms",
                arguments: [id, window.to.milliseconds, window.from.milliseconds])
            return AuditPlace(
                id: StreamID(rawValue: id), start: Timestamp(milliseconds: row["start_ms"]),
                read: Coverage.union([coverage, backfilled]), backfilled: backfilled,
                folded: Dictionary(
                    uniqueKeysWithValues: days.map {
                        ($0["day"], RecordTally(count: $0["count"], digest: [UInt8]($0["digest"] as Data)))
                    }),
                // Whoever has not noted it may have folded anything.
                foldedUpTo: Timestamp(milliseconds: row["folded_ms"] ?? .max),
                foldedUndated: try Int.fetchOne(
                    database, sql: "SELECT COALESCE(SUM(count), 0) FROM ledger_undated_day WHERE stream = ?",
                    arguments: [id]) ?? 0,
                gaps: gaps.map { row in
                    Advance.Gap(
                        window: Window(
                            from: Timestamp(milliseconds: row["from_ms"]), to: Timestamp(milliseconds: row["to_ms"])),
                        reason: row["reason"])
                },
                length: (row["length_ms"] as Int64?).map { .milliseconds($0) })
        }
    }

    /// What was taken with dates in `window` and is known one by one.
    package func ledgerRows(of stream: StreamID, in window: Window) throws -> [LedgerRow] {
        try query { database in
            var result: [LedgerRow] = []
            let rows = try Row.fetchCursor(
                database,
                sql: """
                    SELECT id, from_ms, to_ms, count, identities FROM ledger
                    WHERE stream = ? AND undated = 0 AND to_ms >= ? AND from_ms < ?
                    """,
                arguments: [stream.rawValue, window.from.milliseconds, window.to.milliseconds])
            while let row = try rows.next() {
                let list = IdentityList(bytes: [UInt8](row["identities"] as Data))
                result.append(
                    LedgerRow(
                        id: row["id"],
                        dates: Timestamp(milliseconds: row["from_ms"])...Timestamp(milliseconds: row["to_ms"]),
                        tally: RecordTally(count: row["count"], digest: list.digest)))
            }
            return result
        }
    }

    /// The row of each of `items` that was taken before, by its index.
    package func ledgerRows(of items: [LedgerItem], in stream: StreamID) throws -> [Int: Int64] {
        try query { try Ledger.rows(of: items, in: stream.rawValue, $0) }
    }

    /// Notes down that records which were never taken are to be collected, for all sinks.
    /// - Parameter identities: of records of the stream with dates in `window`, or with none.
    package func addRepair(
        _ stream: StreamID, _ key: StreamKey, account: String, window: Window, identities: Set<RecordIdentity>,
        requestedBy: UInt32
    ) throws -> Int64 {
        let time = now()
        var id: Int64 = 0
        try commit { database in
            try database.execute(
                sql: """
                    INSERT INTO backfill (account, account_sid, dataset, from_ms, to_ms, requested_ms, requested_by,
                        stream, identities, purpose)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'repair')
                    """,
                arguments: [
                    account, key.accountSID, key.dataset.rawValue, window.from.milliseconds, window.to.milliseconds,
                    time.milliseconds, Int64(requestedBy), stream.rawValue,
                    Data(IdentityList.encode(identities.sorted())),
                ])
            id = database.lastInsertedRowID
        }
        return id
    }
}
