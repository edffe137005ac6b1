import GRDB
package import PipelineCore

extension Spool {
    /// Notes down that a sink is to get what was collected from `from` on and before `to` once more.
    ///
    /// Only what the sink is past is meant: what still waits for it comes anyway.
    /// - Parameter requestedBy: the caller's uid.
    /// - Returns: nil if nothing of it is spooled any more, or the sink is past none of it.
    package func addReplay(sink: String, from: Timestamp, to: Timestamp, requestedBy: UInt32) throws -> ReplayJob? {
        let time = now()
        var job: ReplayJob?
        try commit { database in
            let row = try Row.fetchOne(
                database,
                sql: """
                    SELECT MIN(first_sequence) AS first, MIN(MAX(last_sequence),
                        (SELECT position FROM sink WHERE name = :sink)) AS last
                    FROM frame WHERE collected_ms >= :from AND collected_ms < :to
                    """,
                arguments: ["sink": sink, "from": from.milliseconds, "to": to.milliseconds])
            guard let row, let first = row["first"] as Int64?, let last = row["last"] as Int64?, first <= last else {
                return
            }
            try database.execute(
                sql: """
                    INSERT INTO replay (sink, first_sequence, last_sequence, next_sequence, requested_ms, requested_by)
                    VALUES (?, ?, ?, ?, ?, ?)
                    """,
                arguments: [sink, first, last, first, time.milliseconds, Int64(requestedBy)])
            job = try Row.fetchOne(
                database, sql: "SELECT * FROM replay WHERE id = ?", arguments: [database.lastInsertedRowID]
            ).map(ReplayJob.init)
        }
        if job != nil { notify() }
        return job
    }

    /// The replays of the last 400 days, oldest first.
    package func replays(openOnly: Bool) throws -> [ReplayJob] {
        try query { try ReplayJob.fetchAll($0, openOnly: openOnly) }
    }

    /// Notes that nobody wants the rest of it. What is on its way may still arrive.
    /// - Returns: false if it had ended before, or there is none of that number.
    package func cancelReplay(_ id: Int64) throws -> Bool {
        let time = now()
        var hasEnded = false
        try commit { database in
            try database.execute(
                sql: """
                    UPDATE replay SET cancelled_ms = ?
                    WHERE id = ? AND finished_ms IS NULL AND cancelled_ms IS NULL
                    """,
                arguments: [time.milliseconds, id])
            hasEnded = database.changesCount > 0
        }
        return hasEnded
    }
}

extension StateReader {
    /// The replays of the last 400 days, oldest first.
    package func replays(openOnly: Bool) throws(SpoolError) -> [ReplayJob] {
        try read { try ReplayJob.fetchAll($0, openOnly: openOnly) }
    }
}
