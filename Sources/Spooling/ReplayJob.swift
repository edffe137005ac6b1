import GRDB
package import PipelineCore

/// Somebody's wish that a sink get spooled records once more. It keeps them in the spool whatever their age, but not
/// when room is needed: what has left it by the time it is due is passed over and counted.
package struct ReplayJob: Equatable, Sendable {
    package let id: Int64
    package let sink: String
    package let sequences: ClosedRange<Int64>
    /// What is to be sent next.
    package let next: Int64
    package let delivered: Int64
    /// Not wanted by the sink, or read for another one.
    package let filtered: Int64
    /// Now dead letters.
    package let rejected: Int64
    /// Had left the spool, or could not be read.
    package let missing: Int64
    package let requestedAt: Timestamp
    /// The caller's uid.
    package let requestedBy: UInt32
    package let finishedAt: Timestamp?
    package let cancelledAt: Timestamp?

    package var isOpen: Bool { finishedAt == nil && cancelledAt == nil }
    /// How many records are still to be looked at; 0 once it has ended.
    package var remaining: Int64 { isOpen ? max(0, sequences.upperBound - next + 1) : 0 }
}

extension ReplayJob {
    static func fetchAll(_ database: Database, openOnly: Bool) throws -> [ReplayJob] {
        let open = openOnly ? "WHERE finished_ms IS NULL AND cancelled_ms IS NULL" : ""
        return try Row.fetchAll(database, sql: "SELECT * FROM replay \(open) ORDER BY id").map(ReplayJob.init)
    }

    /// The oldest open one of a sink.
    static func fetchNext(of sink: String, _ database: Database) throws -> ReplayJob? {
        try Row.fetchOne(
            database,
            sql: """
                SELECT * FROM replay WHERE sink = ? AND finished_ms IS NULL AND cancelled_ms IS NULL
                ORDER BY id LIMIT 1
                """,
            arguments: [sink]
        ).map(ReplayJob.init)
    }

    init(_ row: Row) {
        func time(_ column: String) -> Timestamp? { (row[column] as Int64?).map(Timestamp.init(milliseconds:)) }
        self.init(
            id: row["id"], sink: row["sink"], sequences: row["first_sequence"]...row["last_sequence"],
            next: row["next_sequence"], delivered: row["delivered"], filtered: row["filtered"],
            rejected: row["rejected"], missing: row["missing"],
            requestedAt: Timestamp(milliseconds: row["requested_ms"]),
            requestedBy: UInt32(truncatingIfNeeded: row["requested_by"] as Int64), finishedAt: time("finished_ms"),
            cancelledAt: time("cancelled_ms"))
    }

    /// What became of records up to and including `through`; ends the job when that was all.
    struct Progress {
        var through: Int64
        var delivered: Int64 = 0
        var filtered: Int64 = 0
        var rejected: Int64 = 0
        var missing: Int64 = 0

        func save(_ job: Int64, now: Timestamp, _ database: Database) throws {
            try database.executeCached(
                sql: """
                    UPDATE replay SET next_sequence = MAX(next_sequence, :next), delivered = delivered + :delivered,
                        filtered = filtered + :filtered, rejected = rejected + :rejected, missing = missing + :missing,
                        finished_ms = CASE WHEN :next > last_sequence AND cancelled_ms IS NULL
                            THEN COALESCE(finished_ms, :now) ELSE finished_ms END
                    WHERE id = :job
                    """,
                arguments: [
                    "next": through + 1, "delivered": delivered, "filtered": filtered, "rejected": rejected,
                    "missing": missing, "now": now.milliseconds, "job": job,
                ])
        }
    }
}
