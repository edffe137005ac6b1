import Foundation
import GRDB
import PipelineCore

extension Spool {
    /// Whether `records` more dead letters with `bytes` of lines in all may be kept.
    package func deadLetterRoom(bytes: Int, records: Int = 1) throws -> Bool {
        let row = try query { database in
            try Row.fetchOne(
                database, sql: "SELECT COUNT(*) AS count, COALESCE(SUM(bytes), 0) AS bytes FROM dead_letter")
        }
        guard let row else { return true }
        return (row["count"] as Int) + records <= DeadLetter.maximumCount
            && (row["bytes"] as Int) + bytes <= DeadLetter.maximumBytes
    }

    /// Dead letters, oldest first.
    /// - Parameter after: the number behind which to begin.
    package func deadLetters(sink: String? = nil, after: Int64 = 0, limit: Int) throws -> [DeadLetter] {
        try query { try DeadLetter.fetch(sink: sink, after: after, limit: limit, $0) }
    }

    /// One dead letter and its envelope; nil if there is none of that number.
    package func deadLetter(_ id: Int64) throws -> (letter: DeadLetter, line: String)? {
        let path = directory.databasePath
        return try query { try DeadLetter.fetch(id, path: path, $0) }
    }

    /// Has dead letters sent again, behind live records.
    /// - Returns: the numbers of those that were not waiting for that already.
    package func requestReplay(deadLetters selection: DeadLetterSelection) throws -> [Int64] {
        let time = now()
        let ids = try change(selection) { database, id in
            try database.executeCached(
                sql: "UPDATE dead_letter SET replay_ms = ? WHERE id = ? AND replay_ms IS NULL",
                arguments: [time.milliseconds, id])
        }
        if !ids.isEmpty { notify() }
        return ids
    }

    /// Removes dead letters for good.
    /// - Returns: the numbers of those that were there.
    package func dropDeadLetters(_ selection: DeadLetterSelection) throws -> [Int64] {
        let time = now()
        let ids = try change(selection) { database, id in
            try DeadLetter.end(id, wasDelivered: false, now: time, database)
        }
        // A sink that is held because there was no room goes on.
        if !ids.isEmpty { notify() }
        return ids
    }

    /// Changes each of them, and returns those that were changed.
    private func change(
        _ selection: DeadLetterSelection, _ body: (Database, Int64) throws -> Void
    ) throws -> [Int64] {
        var changed: [Int64] = []
        try commit { database in
            let ids =
                switch selection {
                case .ids(let ids): ids
                case .all(let sink):
                    try Int64.fetchAll(
                        database, sql: "SELECT id FROM dead_letter WHERE sink = ? ORDER BY id", arguments: [sink])
                }
            for id in ids {
                try body(database, id)
                if database.changesCount > 0 { changed.append(id) }
            }
        }
        return changed
    }
}

extension StateReader {
    /// Dead letters, oldest first.
    /// - Parameter after: the number behind which to begin.
    package func deadLetters(
        sink: String? = nil, after: Int64 = 0, limit: Int
    ) throws(SpoolError) -> [DeadLetter] {
        try read { try DeadLetter.fetch(sink: sink, after: after, limit: limit, $0) }
    }

    /// One dead letter and its envelope; nil if there is none of that number.
    package func deadLetter(_ id: Int64) throws(SpoolError) -> (letter: DeadLetter, line: String)? {
        let path = directory.databasePath
        return try read { try DeadLetter.fetch(id, path: path, $0) }
    }
}

extension DeadLetter {
    fileprivate static func fetch(
        sink: String?, after: Int64, limit: Int, _ database: Database
    ) throws -> [DeadLetter] {
        try Row.fetchAll(
            database,
            sql: """
                SELECT \(columns) FROM dead_letter
                WHERE id > :after AND (:sink IS NULL OR sink = :sink) ORDER BY id LIMIT :limit
                """,
            arguments: ["after": after, "sink": sink, "limit": limit]
        ).map(DeadLetter.init)
    }

    fileprivate static func fetch(
        _ id: Int64, path: String, _ database: Database
    ) throws -> (letter: DeadLetter, line: String)? {
        let row = try Row.fetchOne(database, sql: "SELECT * FROM dead_letter WHERE id = ?", arguments: [id])
        guard let row else { return nil }
        let record = try record(row["frame"], id: id, path: path)
        return (DeadLetter(row), String(decoding: record.line, as: UTF8.self))
    }
}
