import GRDB
package import PipelineCore

extension StateReader {
    /// What became, at each attached sink, of the records of some streams of one API of an account that are dated in
    /// `window`.
    package func auditSinks(
        accountSID: String, dataset: Dataset, streams: [StreamID], window: Window
    ) throws(SpoolError) -> [SinkAudit] {
        let directory = directory
        return try read { database in
            var audits = try Row.fetchAll(
                database,
                sql: "SELECT name, position, start_position FROM sink WHERE detached_ms IS NULL ORDER BY name"
            ).map { try Attached($0, database) }
            for index in audits.indices {
                try audits[index].count(accountSID, dataset, streams, window, database)
            }
            let first = audits.map(\.position).min() ?? .max
            for stream in streams {
                let rows = try Row.fetchCursor(
                    database, sql: "SELECT * FROM frame WHERE last_sequence > ? AND stream = ?",
                    arguments: [first, stream.rawValue])
                while let row = try rows.next() {
                    let part = try SpooledPart(row, window, directory)
                    for index in audits.indices { audits[index].result.waiting += part.waiting(for: audits[index]) }
                }
            }
            return audits.map(\.result)
        }
    }
}

/// A sink, and what it has settled.
private struct Attached {
    let position: Int64
    private let start: Int64
    /// Behind the position.
    private let settled: [ClosedRange<Int64>]
    var result: SinkAudit

    init(_ row: Row, _ database: Database) throws {
        result = SinkAudit(sink: row["name"])
        position = row["position"]
        start = row["start_position"]
        settled = try Row.fetchAll(
            database,
            sql: "SELECT first_sequence, last_sequence FROM delivery WHERE sink = ? AND first_sequence > ?",
            arguments: [result.sink, position]
        ).map { $0["first_sequence"]...$0["last_sequence"] }
    }

    func waits(for sequence: Int64) -> Bool {
        sequence > position && !settled.contains { $0.contains(sequence) }
    }

    mutating func count(
        _ accountSID: String, _ dataset: Dataset, _ streams: [StreamID], _ window: Window, _ database: Database
    ) throws {
        let range: StatementArguments = [window.from.milliseconds, window.to.milliseconds]
        result.deadLetters =
            try Int.fetchOne(
                database,
                sql: """
                    SELECT COUNT(*) FROM dead_letter
                    WHERE sink = ? AND account_sid = ? AND dataset = ? AND time_ms >= ? AND time_ms < ?
                    """,
                arguments: [result.sink, accountSID, dataset.rawValue] + range) ?? 0
        result.skipped =
            try Int64.fetchOne(
                database,
                sql: """
                    SELECT SUM(last_sequence - first_sequence + 1) FROM sink_gap
                    WHERE sink = ? AND COALESCE(to_ms >= ? AND from_ms < ?, 1)
                    """,
                arguments: [result.sink] + range) ?? 0
        for stream in streams {
            result.beforeStart +=
                try Int.fetchOne(
                    database,
                    sql: """
                        SELECT SUM(count) FROM ledger WHERE stream = ? AND undated = 0 AND to_ms >= ? AND from_ms < ?
                            AND last_sequence <= ?
                        """,
                    arguments: [stream.rawValue] + range + [start]) ?? 0
        }
    }
}

/// What of a frame is dated in the audited range.
private struct SpooledPart {
    private let sequences: [ClosedRange<Int64>]
    /// The one sink it is for; nil for all.
    private let target: String?

    init(_ row: Row, _ window: Window, _ directory: StateDirectory) throws(SpoolError) {
        let (first, last): (Int64, Int64) = (row["first_sequence"], row["last_sequence"])
        let (from, to): (Int64, Int64) = (row["window_from_ms"], row["window_to_ms"])
        let isOfOneWindow = [Lane.live, .catchUp].contains { Int64($0.rawValue) == row["lane"] as Int64 }
        if isOfOneWindow, window.from.milliseconds <= from, to <= window.to.milliseconds {
            sequences = [first...last]
            target = nil
            return
        }
        guard (row["damaged_ms"] as Int64?) == nil else {
            // It is collected again, and waits as that.
            (sequences, target) = ([], nil)
            return
        }
        let frame = try directory.readFrame(row, .system)
        target = frame.origin.target
        sequences = frame.entries.indices.filter { window.contains(frame.entries[$0].time) }
            .map { first + Int64($0)...first + Int64($0) }
    }

    func waiting(for sink: Attached) -> Int {
        guard target == nil || target == sink.result.sink else { return 0 }
        return sequences.reduce(0) { sum, range in sum + range.count { sink.waits(for: $0) } }
    }
}
