import Foundation
import GRDB
package import PipelineCore

/// Where a sink that was never seen begins.
package enum SinkStart: Sendable {
    /// Behind what is in the spool now.
    case now
    /// With the oldest record that is still in the spool.
    case oldest
    /// With the first record that was collected at or after this instant.
    case from(Timestamp)
}

extension Spool {
    /// Makes `names` the attached sinks and returns their positions. All others are detached: they pin nothing, and
    /// their positions are kept for `detachedRetention`.
    ///
    /// A sink that comes back goes on at its position, or with the oldest record if that one is gone, which is noted as a
    /// gap.
    /// - Parameter skipping: those that are moved past their records when these fill the spool; all others hold them.
    package func attach(
        _ sinks: [(name: String, start: SinkStart)], skipping: Set<String> = []
    ) throws -> [String: Int64] {
        let time = now()
        let last = lastSequence
        var positions: [String: Int64] = [:]
        var gaps: [SinkGap] = []
        try commit { database in
            gaps = []
            let oldest =
                try Int64.fetchOne(database, sql: "SELECT MIN(first_sequence) FROM frame").map { $0 - 1 } ?? last
            for (name, start) in sinks {
                let first =
                    switch start {
                    case .now: last
                    case .oldest: oldest
                    case .from(let instant):
                        try Int64.fetchOne(
                            database, sql: "SELECT MIN(first_sequence) FROM frame WHERE collected_ms >= ?",
                            arguments: [instant.milliseconds]
                        ).map { $0 - 1 } ?? last
                    }
                gaps += try Self.missed(by: name, start: start, oldest: oldest, now: time, database)
                let wasAttached = try Bool.fetchOne(
                    database, sql: "SELECT detached_ms IS NULL FROM sink WHERE name = ?", arguments: [name])
                try database.execute(
                    sql: """
                        INSERT INTO sink (name, position, start_position, delivered, filtered)
                        VALUES (:name, :first, :first, 0, 0)
                        ON CONFLICT (name) DO UPDATE SET detached_ms = NULL, position = MAX(position, :oldest)
                        """,
                    arguments: ["name": name, "first": first, "oldest": oldest])
                if wasAttached != true {
                    try Damage.collectAgain(for: name, directory, calls, now: time, database)
                }
                positions[name] = try Int64.fetchOne(
                    database, sql: "SELECT position FROM sink WHERE name = ?", arguments: [name])
            }
            let names = try String.fetchAll(database, sql: "SELECT name FROM sink WHERE detached_ms IS NULL")
            for name in names where positions[name] == nil {
                try database.execute(
                    sql: "UPDATE sink SET detached_ms = ? WHERE name = ?", arguments: [time.milliseconds, name])
            }
            let forgotten = (time - Self.detachedRetention).milliseconds
            for table in ["sink_state", "delivery", "cut", "sink_gap"] {
                try database.execute(
                    sql: "DELETE FROM \(table) WHERE sink IN (SELECT name FROM sink WHERE detached_ms < ?)",
                    arguments: [forgotten])
            }
            try database.execute(sql: "DELETE FROM sink WHERE detached_ms < ?", arguments: [forgotten])
        }
        skippingSinks = skipping
        gaps.forEach { tell(.sinkGap($0)) }
        return positions
    }

    /// How long the position of a sink that left the configuration is kept.
    static var detachedRetention: Duration { .seconds(31 * 86_400) }

    /// Where the sink keeps what it must remember.
    package nonisolated func stateStore(of sink: String) -> some SinkStateStore {
        SpoolSinkStateStore(spool: self, sink: sink)
    }

    fileprivate func loadState(of sink: String) throws -> [String: [UInt8]] {
        try query { database in
            let rows = try Row.fetchAll(
                database, sql: "SELECT key, value FROM sink_state WHERE sink = ?", arguments: [sink])
            return Dictionary(uniqueKeysWithValues: rows.map { ($0["key"], [UInt8]($0["value"] as Data)) })
        }
    }

    fileprivate func save(_ changes: SinkState, of sink: String) throws {
        try commit { try Self.saveState(changes, of: sink, $0) }
    }
}

private struct SpoolSinkStateStore: SinkStateStore {
    let spool: Spool
    let sink: String

    func load() async throws -> [String: [UInt8]] {
        try await spool.loadState(of: sink)
    }

    func save(_ changes: SinkState) async throws {
        try await spool.save(changes, of: sink)
    }
}

extension Spool {
    /// How many records behind its position a row of `sink` has settled, in SQL.
    static let settledAhead = """
        (SELECT COALESCE(SUM(last_sequence - first_sequence + 1), 0) FROM delivery
            WHERE delivery.sink = sink.name AND delivery.first_sequence > sink.position)
        """

    /// How many records wait for each attached sink. Our own do not count behind the last of Twilio's: nobody stays for
    /// them.
    package func backlogs() throws -> [String: Int64] {
        let last = lastCollectedSequence
        return try query { database in
            let rows = try Row.fetchAll(
                database,
                sql: """
                    SELECT name, position, (SELECT COALESCE(SUM(MIN(last_sequence, :last) - first_sequence + 1), 0)
                        FROM delivery WHERE delivery.sink = sink.name AND first_sequence > position
                            AND first_sequence <= :last) AS ahead
                    FROM sink WHERE detached_ms IS NULL
                    """,
                arguments: ["last": last])
            return Dictionary(
                uniqueKeysWithValues: rows.map { ($0["name"], max(0, last - $0["position"] - $0["ahead"])) })
        }
    }

    /// Whether any record of Twilio's waits for any attached sink.
    package func isAnythingWaiting() throws -> Bool {
        try backlogs().values.contains { $0 > 0 }
    }
}
