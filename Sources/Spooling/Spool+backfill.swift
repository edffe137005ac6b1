import Foundation
import GRDB
package import PipelineCore

extension Spool {
    /// Notes down a backfill, durably, before anything of it is read. One to all sinks is about every stream that is not
    /// known to be gone by then, and about those found while it is carried out.
    /// - Parameter sink: nil for all sinks.
    /// - Parameter requestedBy: the caller's uid.
    package func addBackfill(
        account: String, accountSID: String, dataset: Dataset, window: Window, sink: String?, requestedBy: UInt32
    ) throws -> BackfillJob {
        let time = now()
        var id: Int64 = 0
        try commit { database in
            try database.execute(
                sql: """
                    INSERT INTO backfill
                        (account, account_sid, dataset, from_ms, to_ms, sink, requested_ms, requested_by)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    account, accountSID, dataset.rawValue, window.from.milliseconds, window.to.milliseconds, sink ?? "",
                    time.milliseconds, Int64(requestedBy),
                ])
            id = database.lastInsertedRowID
            guard sink == nil else { return }
            try database.execute(
                sql: """
                    INSERT INTO backfill_stream (job, stream, coverage, requests, records, taken)
                    SELECT ?, id, x'', 0, 0, 0 FROM stream
                    WHERE account_sid = ? AND dataset = ? AND retired_ms IS NULL
                    """,
                arguments: [id, accountSID, dataset.rawValue])
        }
        return BackfillJob(
            id: id, account: account, accountSID: accountSID, dataset: dataset, window: window, sink: sink,
            requestedAt: time, requestedBy: requestedBy, finishedAt: nil, cancelledAt: nil)
    }

    /// The backfills of the last 400 days, oldest first.
    package func backfills(openOnly: Bool) throws -> [BackfillJob] {
        try query { try BackfillJob.fetchAll($0, openOnly: openOnly) }
    }

    /// Notes that nobody wants the rest of it. What was read stays.
    /// - Returns: false if it had ended before, or there is none of that number.
    @discardableResult
    package func cancelBackfill(_ id: Int64) throws -> Bool {
        try end(id, column: "cancelled_ms")
    }

    /// Notes that all of it was read that can be. What it was to read of a stream that is gone at Twilio and has not
    /// read becomes a gap, and so does what was lost from the spool and not found.
    /// - Returns: these gaps; nil if it had ended before, or there is none of that number.
    @discardableResult
    package func finishBackfill(_ id: Int64) throws -> [StateSummary.Gap]? {
        let time = now()
        var unread: [StateSummary.Gap] = []
        let hasEnded = try end(id, column: "finished_ms") { database in
            unread = try BackfillJob.recordUnread(database, now: time, where: "job = ?", arguments: [id])
            if let missing = try BackfillJob.recordMissing(of: id, now: time, database) { unread.append(missing) }
        }
        return hasEnded ? unread : nil
    }

    private func end(
        _ id: Int64, column: String, _ alongside: (Database) throws -> Void = { _ in }
    ) throws -> Bool {
        let time = now()
        var hasEnded = false
        try commit { database in
            try database.execute(
                sql: "UPDATE backfill SET \(column) = ? WHERE id = ? AND finished_ms IS NULL AND cancelled_ms IS NULL",
                arguments: [time.milliseconds, id])
            hasEnded = database.changesCount > 0
            if hasEnded { try alongside(database) }
        }
        return hasEnded
    }

    /// What of the stream the backfill has read already.
    package func backfillPlace(_ job: Int64, stream: StreamID) throws -> Coverage {
        try flush()
        let coverages = try query { database in
            try BackfillJob.coverages(
                database, sql: "SELECT stream, coverage FROM backfill_stream WHERE job = ? AND stream = ?",
                arguments: [job, stream.rawValue])
        }
        return coverages[stream.rawValue]?.first ?? Coverage()
    }

    /// What of the stream was read by backfills to all sinks, ended ones included: another one need not read it again.
    package func backfilled(_ stream: StreamID) throws -> Coverage {
        try flush()
        let coverages = try query { database in
            try BackfillJob.coverages(
                database,
                sql: """
                    SELECT backfill_stream.stream, coverage FROM backfill_stream JOIN backfill ON backfill.id = job
                    WHERE backfill_stream.stream = ? AND sink = '' AND identities IS NULL
                    """,
                arguments: [stream.rawValue])
        }
        return Coverage.union(coverages[stream.rawValue] ?? [])
    }
}

extension BackfillJob {
    static func fetchAll(_ database: Database, openOnly: Bool) throws -> [BackfillJob] {
        let open = openOnly ? "WHERE finished_ms IS NULL AND cancelled_ms IS NULL" : ""
        return try Row.fetchAll(database, sql: "SELECT * FROM backfill \(open) ORDER BY id").compactMap(
            BackfillJob.init)
    }

    /// The coverages that a query gives (columns `stream` and `coverage`), by stream.
    static func coverages(
        _ database: Database, sql: String, arguments: StatementArguments
    ) throws -> [Int64: [Coverage]] {
        var coverages: [Int64: [Coverage]] = [:]
        for row in try Row.fetchAll(database, sql: sql, arguments: arguments) {
            let stream: Int64 = row["stream"]
            guard let coverage = CoverageCoding.decode([UInt8](row["coverage"] as Data)) else {
                throw DatabaseError(
                    resultCode: .SQLITE_CORRUPT,
                    message: "the progress of a backfill of stream \(stream) cannot be read")
            }
            coverages[stream, default: []].append(coverage)
        }
        return coverages
    }

    /// Records as gaps what backfills to all sinks that have ended were to read of streams that are gone, and have not:
    /// what lies before the stream's start, from where on live collection has read it or has a gap of its own.
    ///
    /// These gaps stay when the stream comes back, since nobody reads it then.
    /// - Parameter condition: on the columns of `backfill_stream` and `stream`.
    static func recordUnread(
        _ database: Database, now: Timestamp, where condition: String, arguments: StatementArguments
    ) throws -> [StateSummary.Gap] {
        let rows = try Row.fetchAll(
            database,
            sql: """
                SELECT stream.*, from_ms, to_ms FROM backfill_stream
                JOIN backfill ON backfill.id = job JOIN stream ON stream.id = backfill_stream.stream
                WHERE sink = '' AND identities IS NULL AND finished_ms IS NOT NULL AND retired_ms IS NOT NULL AND \(condition)
                """,
            arguments: arguments)
        var gaps: [StateSummary.Gap] = []
        for row in rows {
            guard let key = StreamKey(row) else { continue }
            // As collected: by whole seconds, from the start's on live.
            let from = Timestamp(milliseconds: row["from_ms"]).rounded(downTo: .seconds(1))
            let to = min(
                Timestamp(milliseconds: row["to_ms"]),
                Timestamp(milliseconds: row["start_ms"]).rounded(downTo: .seconds(1)))
            guard from < to else { continue }
            let read = try coverages(
                database,
                sql: """
                    SELECT backfill_stream.stream, coverage FROM backfill_stream JOIN backfill ON backfill.id = job
                    WHERE backfill_stream.stream = ? AND sink = ''
                    """,
                arguments: [row["id"] as Int64])
            for window in Coverage.union(read.values.flatMap(\.self)).holes(in: Window(from: from, to: to)) {
                let gap = StateSummary.Gap(
                    key: key, account: row["account"], window: window,
                    reason:
                        "a backfill was to read it, but what it is read from is gone at Twilio; what was there is lost",
                    found: now)
                try database.execute(
                    sql: """
                        INSERT INTO gap (stream, from_ms, to_ms, reason, found_ms) VALUES (?, ?, ?, ?, ?)
                        ON CONFLICT DO NOTHING
                        """,
                    arguments: [
                        row["id"] as Int64, window.from.milliseconds, window.to.milliseconds, gap.reason,
                        now.milliseconds,
                    ])
                if database.changesCount > 0 { gaps.append(gap) }
            }
        }
        return gaps
    }

    private init?(_ row: Row) {
        // Only a newer version knows other datasets, and its state is refused.
        guard let dataset = Dataset(rawValue: row["dataset"]) else { return nil }
        func time(_ column: String) -> Timestamp? { (row[column] as Int64?).map(Timestamp.init(milliseconds:)) }
        let sink: String = row["sink"]
        self.init(
            id: row["id"], account: row["account"], accountSID: row["account_sid"], dataset: dataset,
            window: Window(
                from: Timestamp(milliseconds: row["from_ms"]), to: Timestamp(milliseconds: row["to_ms"])),
            sink: sink.isEmpty ? nil : sink, requestedAt: Timestamp(milliseconds: row["requested_ms"]),
            requestedBy: UInt32(truncatingIfNeeded: row["requested_by"] as Int64), finishedAt: time("finished_ms"),
            cancelledAt: time("cancelled_ms"),
            // Another purpose is a newer version's.
            purpose: Purpose(rawValue: row["purpose"]) ?? .request,
            stream: (row["stream"] as Int64?).map(StreamID.init),
            identities: (row["identities"] as Data?).map { Set(IdentityList(bytes: [UInt8]($0)).all) })
    }

    /// Notes that a backfill of certain records has found some of them.
    static func strike(_ found: [LedgerItem], of job: Int64, _ database: Database) throws {
        let statement = try database.cachedStatement(sql: "SELECT identities FROM backfill WHERE id = ?")
        guard let wanted = try Data.fetchOne(statement, arguments: [job]) else { return }
        let left = Set(IdentityList(bytes: [UInt8](wanted)).all).subtracting(found.map(\.identity))
        try database.execute(
            sql: "UPDATE backfill SET identities = ? WHERE id = ?",
            arguments: [Data(IdentityList.encode(left.sorted())), job])
    }

    /// Notes as a gap what was lost from the spool and not found again.
    /// - Returns: nil if it found all.
    fileprivate static func recordMissing(
        of job: Int64, now: Timestamp, _ database: Database
    ) throws -> StateSummary.Gap? {
        let row = try Row.fetchOne(
            database,
            sql: """
                SELECT stream.*, from_ms, to_ms, sink, identities FROM backfill JOIN stream ON stream.id = stream
                WHERE backfill.id = ? AND purpose = 'damage' AND identities IS NOT NULL
                """,
            arguments: [job])
        guard let row, let key = StreamKey(row) else { return nil }
        let missing = (row["identities"] as Data).count / 16
        guard missing > 0 else { return nil }
        let gap = StateSummary.Gap(
            key: key, account: row["account"],
            window: Window(from: Timestamp(milliseconds: row["from_ms"]), to: Timestamp(milliseconds: row["to_ms"])),
            reason: "\(missing) records were lost from the spool before sink \(row["sink"] as String) had them, "
                + "and Twilio lists them no more",
            found: now)
        try database.execute(
            sql: """
                INSERT INTO gap (stream, from_ms, to_ms, reason, found_ms) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
                """,
            arguments: [
                row["id"] as Int64, gap.window.from.milliseconds, gap.window.to.milliseconds, gap.reason,
                now.milliseconds,
            ])
        return gap
    }
}
