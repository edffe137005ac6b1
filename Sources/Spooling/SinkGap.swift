import GRDB
import PipelineCore

/// The table `sink_gap`, within the caller's transaction.
extension SinkGap {
    /// The parts of `sequences` that the sink has not settled.
    static func unsettled(
        _ sequences: ClosedRange<Int64>, of sink: String, _ database: Database
    ) throws -> [ClosedRange<Int64>] {
        let position =
            try Int64.fetchOne(database, sql: "SELECT position FROM sink WHERE name = ?", arguments: [sink]) ?? 0
        var next = max(sequences.lowerBound, position + 1)
        guard next <= sequences.upperBound else { return [] }
        var rest: [ClosedRange<Int64>] = []
        let settled = try Row.fetchCursor(
            database,
            sql: """
                SELECT first_sequence, last_sequence FROM delivery
                WHERE sink = ? AND first_sequence <= ? AND last_sequence >= ? ORDER BY first_sequence
                """,
            arguments: [sink, sequences.upperBound, next])
        while let row = try settled.next() {
            let (first, last): (Int64, Int64) = (row["first_sequence"], row["last_sequence"])
            if next < first { rest.append(next...first - 1) }
            next = max(next, last + 1)
        }
        if next <= sequences.upperBound { rest.append(next...sequences.upperBound) }
        return rest
    }

    /// Notes that the sink does not get `sequences`, a continuation of the gap before where that is the same.
    static func add(
        _ sequences: ClosedRange<Int64>, of sink: String, reason: String, now: Timestamp, _ database: Database
    ) throws -> SinkGap {
        let times = try Row.fetchOne(
            database,
            sql: """
                SELECT MIN(window_from_ms) AS from_ms, MAX(window_to_ms) AS to_ms FROM frame
                WHERE first_sequence <= ? AND last_sequence >= ?
                """,
            arguments: [sequences.upperBound, sequences.lowerBound])
        let (from, to): (Int64?, Int64?) = (times?["from_ms"], times?["to_ms"])
        let gap = SinkGap(
            sink: sink, sequences: sequences.lowerBound..<sequences.upperBound + 1,
            window: from.flatMap { from in
                to.map { Window(from: Timestamp(milliseconds: from), to: Timestamp(milliseconds: $0)) }
            }, reason: reason)
        try database.execute(
            sql: """
                UPDATE sink_gap SET last_sequence = :last, found_ms = :now, from_ms = MIN(from_ms, :from),
                    to_ms = MAX(to_ms, :to), announced = 0
                WHERE sink = :sink AND last_sequence = :first - 1 AND first_sequence < :first AND reason = :reason
                    AND from_ms IS NOT NULL AND :from IS NOT NULL
                """,
            arguments: gap.arguments(now))
        if database.changesCount == 0 { try gap.insert(now: now, database) }
        try database.execute(
            sql: "UPDATE sink SET skipped = skipped + ? WHERE name = ?", arguments: [sequences.count, sink])
        return gap
    }

    /// Notes a gap of which nobody knows how many records lie in it, at `sequence`.
    static func addUnknown(
        of sink: String, at sequence: Int64, window: Window, reason: String, now: Timestamp, _ database: Database
    ) throws -> SinkGap {
        let gap = SinkGap(sink: sink, sequences: sequence..<sequence, window: window, reason: reason)
        try gap.insert(now: now, database)
        return gap
    }

    private func insert(now: Timestamp, _ database: Database) throws {
        try database.execute(
            sql: """
                INSERT INTO sink_gap (sink, first_sequence, last_sequence, from_ms, to_ms, reason, found_ms)
                VALUES (:sink, :first, :last, :from, :to, :reason, :now) ON CONFLICT DO NOTHING
                """,
            arguments: arguments(now))
    }

    private func arguments(_ now: Timestamp) -> StatementArguments {
        [
            "sink": sink, "first": sequences.lowerBound, "last": sequences.upperBound - 1,
            "from": window?.from.milliseconds, "to": window?.to.milliseconds, "reason": reason,
            "now": now.milliseconds,
        ]
    }

    /// Takes `sequences` out of the sink's gaps: they were on their way when the sink was moved past them, and were
    /// settled after all.
    /// - Returns: how many of them lay in gaps.
    static func close(_ sequences: ClosedRange<Int64>, of sink: String, _ database: Database) throws -> Int {
        let gaps = try Row.fetchAll(
            database,
            sql: "SELECT * FROM sink_gap WHERE sink = ? AND first_sequence <= ? AND last_sequence >= ?",
            arguments: [sink, sequences.upperBound, sequences.lowerBound])
        var count = 0
        for gap in gaps {
            let (first, last): (Int64, Int64) = (gap["first_sequence"], gap["last_sequence"])
            let inside = sequences.clamped(to: first...last)
            count += inside.count
            try database.execute(
                sql: "DELETE FROM sink_gap WHERE sink = ? AND first_sequence = ?", arguments: [sink, first])
            for (from, to) in [(first, inside.lowerBound - 1), (inside.upperBound + 1, last)] where from <= to {
                try database.execute(
                    sql: """
                        INSERT INTO sink_gap
                            (sink, first_sequence, last_sequence, from_ms, to_ms, reason, found_ms, announced)
                        VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                        """,
                    arguments: [
                        sink, from, to, gap["from_ms"], gap["to_ms"], gap["reason"], gap["found_ms"], gap["announced"],
                    ])
            }
        }
        try database.execute(sql: "UPDATE sink SET skipped = skipped - ? WHERE name = ?", arguments: [count, sink])
        return count
    }
}
