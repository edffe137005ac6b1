import GRDB
import PipelineCore

extension Spool {
    /// Moves the sinks that hold the oldest segment past it, if all of them are to be moved when the spool is full.
    /// One that waits would hold the segment all the same.
    /// - Returns: whether they were.
    func skipOldestSegment() throws -> Bool {
        let holders = try query { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT name, position, last_sequence FROM sink, (SELECT last_sequence FROM segment ORDER BY id LIMIT 1)
                    WHERE detached_ms IS NULL AND position < last_sequence
                    """)
        }
        guard !holders.isEmpty, holders.allSatisfy({ skippingSinks.contains($0["name"]) }) else { return false }
        let time = now()
        var gaps: [SinkGap] = []
        try commit { database in
            gaps = []
            for holder in holders {
                let (sink, position, last): (String, Int64, Int64) = (
                    holder["name"], holder["position"], holder["last_sequence"]
                )
                for part in try SinkGap.unsettled(position + 1...last, of: sink, database) {
                    gaps.append(
                        try SinkGap.add(
                            part, of: sink, reason: "they filled the spool, and when_full = \"skip\"", now: time,
                            database))
                }
                try database.execute(sql: "UPDATE sink SET position = ? WHERE name = ?", arguments: [last, sink])
                try Self.movePosition(of: sink, database)
                try database.execute(
                    sql: "DELETE FROM cut WHERE sink = ? AND first_sequence <= ?", arguments: [sink, last])
            }
        }
        gaps.forEach { tell(.sinkGap($0)) }
        notify()
        return true
    }

    private static let reasonAway = "they were given up while the sink was not in the configuration"

    /// Notes what sinks that are not attached lose when a segment is given up: they may come back.
    static func noteGaps(ofDetachedSinksUpTo last: Int64, now: Timestamp, _ database: Database) throws {
        let sinks = try Row.fetchAll(
            database, sql: "SELECT name, position FROM sink WHERE detached_ms IS NOT NULL AND position < ?",
            arguments: [last])
        for sink in sinks {
            let (name, position): (String, Int64) = (sink["name"], sink["position"])
            for part in try SinkGap.unsettled(position + 1...last, of: name, database) {
                _ = try SinkGap.add(part, of: name, reason: reasonAway, now: now, database)
            }
            try database.execute(sql: "UPDATE sink SET position = ? WHERE name = ?", arguments: [last, name])
            try movePosition(of: name, database)
        }
    }

    /// What a sink that comes back has missed, and what one that is seen for the first time wants and is not there.
    /// - Parameter oldest: the position before the oldest record in the spool.
    static func missed(
        by sink: String, start: SinkStart, oldest: Int64, now: Timestamp, _ database: Database
    ) throws -> [SinkGap] {
        let known = try Row.fetchOne(
            database, sql: "SELECT position, detached_ms FROM sink WHERE name = ?", arguments: [sink])
        if let known, let detached = known["detached_ms"] as Int64? {
            // Of a state that an older version wrote, the gap was not noted when it came about.
            let position: Int64 = known["position"]
            if position < oldest {
                for part in try SinkGap.unsettled(position + 1...oldest, of: sink, database) {
                    _ = try SinkGap.add(part, of: sink, reason: reasonAway, now: now, database)
                }
            }
            return try Row.fetchAll(
                database, sql: "SELECT * FROM sink_gap WHERE sink = ? AND found_ms >= ? AND reason = ?",
                arguments: [sink, detached, reasonAway]
            ).map(SinkGap.init)
        }
        guard known == nil, case .from(let instant) = start, oldest > 0,
            let first = try Int64.fetchOne(
                database, sql: "SELECT collected_ms FROM frame WHERE first_sequence = ?", arguments: [oldest + 1]),
            instant.milliseconds < first
        else { return [] }
        return [
            try SinkGap.addUnknown(
                of: sink, at: oldest + 1, window: Window(from: instant, to: Timestamp(milliseconds: first)),
                reason: "its start reaches back before the oldest record that is left in the spool", now: now, database)
        ]
    }
}

extension SinkGap {
    fileprivate init(_ row: Row) {
        let (from, to): (Int64?, Int64?) = (row["from_ms"], row["to_ms"])
        self.init(
            sink: row["sink"], sequences: row["first_sequence"]..<(row["last_sequence"] as Int64) + 1,
            window: from.flatMap { from in
                to.map { Window(from: Timestamp(milliseconds: from), to: Timestamp(milliseconds: $0)) }
            }, reason: row["reason"])
    }
}
