import Foundation
import GRDB
import PipelineCore

extension Spool {
    /// Notes what became of records: moves the sink's position past everything that is settled without a hole, keeps
    /// copies of what was rejected and what the sink wants to remember, in one transaction.
    ///
    /// Of a sink that is not known any more nothing is noted. Records that it was meanwhile moved past become settled
    /// all the same.
    /// - Throws: `SpoolError`; nothing was noted then.
    package func settle(_ settlement: Settlement) throws {
        let time = now()
        var settledByAll: Int64 = 0
        try commit { database in
            let first = settlement.sequences.lowerBound
            let last = settlement.sequences.upperBound
            guard let position = try Self.position(of: settlement.sink, database) else { return }
            if first <= position {
                // What was on its way when the sink was moved past it, and was settled all the same, is no gap.
                let regained = try SinkGap.close(first...last, of: settlement.sink, database)
                guard regained > 0 || position < last else { return }
            }
            let isSettled = try Bool.fetchOne(
                database.cachedStatement(
                    sql: """
                        SELECT EXISTS (
                            SELECT 1 FROM delivery WHERE sink = ? AND first_sequence <= ? AND last_sequence >= ?)
                        """),
                arguments: [settlement.sink, last, first])
            precondition(isSettled == false, "a sink's record is settled once")
            try database.executeCached(
                sql: "INSERT INTO delivery VALUES (?, ?, ?, ?, ?, ?)",
                arguments: [
                    settlement.sink, first, last, settlement.attempts,
                    settlement.filtered.map { String($0 - first) }.joined(separator: " "), time.milliseconds,
                ])
            for rejection in settlement.rejected {
                try DeadLetter.add(rejection, sink: settlement.sink, now: time, database)
            }
            let count = settlement.sequences.count
            let left = settlement.isSetAside ? 0 : count - settlement.filtered.count - settlement.rejected.count
            try database.executeCached(
                sql: """
                    UPDATE sink SET delivered = delivered + ?, filtered = filtered + ?, rejected = rejected + ?,
                        skipped = skipped + ?, settled_ms = ?
                    WHERE name = ?
                    """,
                arguments: [
                    left, settlement.filtered.count, settlement.rejected.count, settlement.isSetAside ? count : 0,
                    time.milliseconds, settlement.sink,
                ])
            try Self.movePosition(of: settlement.sink, database)
            try database.executeCached(
                sql: "DELETE FROM cut WHERE sink = ? AND first_sequence BETWEEN ? AND ?",
                arguments: [settlement.sink, first, last])
            try Self.saveState(settlement.state, of: settlement.sink, database)
            settledByAll =
                try Int64.fetchOne(
                    database.cachedStatement(sql: "SELECT MIN(position) FROM sink WHERE detached_ms IS NULL")) ?? 0
        }
        recentFrames.forget(upTo: settledByAll)
        notify()
    }

    /// Moves a sink's position past what is settled right behind it.
    static func movePosition(of sink: String, _ database: Database) throws {
        guard let before = try position(of: sink, database) else { return }
        var position = before
        let next = try database.cachedStatement(
            sql: """
                SELECT last_sequence FROM delivery WHERE sink = ? AND first_sequence <= ?
                ORDER BY first_sequence DESC LIMIT 1
                """)
        while let last = try Int64.fetchOne(next, arguments: [sink, position + 1]), last > position { position = last }
        guard position > before else { return }
        try database.executeCached(
            sql: "UPDATE sink SET position = ? WHERE name = ?", arguments: [position, sink])
    }

    static func saveState(_ changes: SinkState, of sink: String, _ database: Database) throws {
        for (key, value) in changes {
            if let value {
                try database.executeCached(
                    sql: """
                        INSERT INTO sink_state (sink, key, value) VALUES (?, ?, ?)
                        ON CONFLICT (sink, key) DO UPDATE SET value = excluded.value
                        """,
                    arguments: [sink, key, Data(value)])
            } else {
                try database.executeCached(
                    sql: "DELETE FROM sink_state WHERE sink = ? AND key = ?", arguments: [sink, key])
            }
        }
    }

    // MARK: - Where a sink stands

    /// The last record before the first that is not settled.
    package func position(of sink: String) throws -> Int64 {
        try query { try Self.position(of: sink, $0) ?? 0 }
    }

    /// Nil if there is no such sink.
    private static func position(of sink: String, _ database: Database) throws -> Int64? {
        try Int64.fetchOne(
            database.cachedStatement(sql: "SELECT position FROM sink WHERE name = ?"), arguments: [sink])
    }

    /// What is settled behind the sink's position, in order; what is missing between is not.
    package func settledAhead(of sink: String) throws -> [ClosedRange<Int64>] {
        try query { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT first_sequence, last_sequence FROM delivery JOIN sink ON sink.name = delivery.sink
                    WHERE sink = ? AND first_sequence > position ORDER BY first_sequence
                    """,
                arguments: [sink]
            ).map { $0["first_sequence"]...$0["last_sequence"] }
        }
    }

    // MARK: - Cuts

    /// The cuts of batches that were on their way, in order.
    package func cuts(of sink: String) throws -> [Cut] {
        try query { database in
            try Row.fetchAll(
                database,
                sql: "SELECT first_sequence, last_sequence, form FROM cut WHERE sink = ? ORDER BY first_sequence",
                arguments: [sink]
            ).map { Cut(sequences: $0["first_sequence"]...$0["last_sequence"], form: $0["form"]) }
        }
    }

    /// Notes how records are cut into batches, before any of these is sent; earlier cuts of the same records go.
    package func pin(_ cuts: [Cut], of sink: String) throws {
        try commit { database in
            for cut in cuts {
                try database.executeCached(
                    sql: "DELETE FROM cut WHERE sink = ? AND first_sequence <= ? AND last_sequence >= ?",
                    arguments: [sink, cut.sequences.upperBound, cut.sequences.lowerBound])
            }
            for cut in cuts {
                try database.executeCached(
                    sql: "INSERT INTO cut VALUES (?, ?, ?, ?)",
                    arguments: [sink, cut.sequences.lowerBound, cut.sequences.upperBound, cut.form])
            }
        }
    }

    /// Tells this spool's batches from those of any other: letters and digits.
    package func identifier() throws -> String {
        try query { try Property.spoolID.fetch($0) ?? "" }
    }
}
