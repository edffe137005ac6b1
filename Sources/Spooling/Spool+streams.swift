import Foundation
import GRDB
package import PipelineCore

/// Where a stream stands, as the state directory has it.
package struct StreamPlace: Sendable {
    package let id: StreamID
    /// Collected from here on.
    package let start: Timestamp
    package let coverage: Coverage

    package init(id: StreamID, start: Timestamp, coverage: Coverage) {
        self.id = id
        self.start = start
        self.coverage = coverage
    }
}

extension Spool {
    /// The stream's place; a stream that was never seen begins at `start`.
    ///
    /// An earlier `start` than before moves the beginning back; a later one changes nothing, since what was promised
    /// and not yet read would be given up.
    package func place(of key: StreamKey, account: String, start: Timestamp) throws -> StreamPlace {
        var place: StreamPlace?
        let path = directory.databasePath
        try commit { database in
            try database.execute(
                sql: """
                    INSERT INTO stream (account_sid, dataset, host, service_sid, environment_sid, account, start_ms, coverage)
                    VALUES (?, ?, ?, ?, ?, ?, ?, x'')
                    ON CONFLICT DO UPDATE SET account = excluded.account, start_ms = MIN(start_ms, excluded.start_ms)
                    """,
                arguments: [
                    key.accountSID, key.dataset.rawValue, key.host, key.serviceSID ?? "", key.environmentSID ?? "",
                    account,
                    start.milliseconds,
                ])
            let row = try Row.fetchOne(
                database,
                sql: """
                    SELECT id, start_ms, coverage FROM stream
                    WHERE account_sid = ? AND dataset = ? AND host = ? AND service_sid = ? AND environment_sid = ?
                    """,
                arguments: [
                    key.accountSID, key.dataset.rawValue, key.host, key.serviceSID ?? "", key.environmentSID ?? "",
                ])
            guard let row, let coverage = CoverageCoding.decode([UInt8](row["coverage"] as Data)) else {
                throw SpoolError.database(path: path, reason: "the progress of stream \(key) cannot be read")
            }
            place = StreamPlace(
                id: StreamID(rawValue: row["id"]), start: Timestamp(milliseconds: row["start_ms"]), coverage: coverage)
        }
        guard let place else { throw SpoolError.database(path: path, reason: "stream \(key) could not be added") }
        return place
    }

    /// Counts requests that brought nothing; saved with the next commit.
    package func count(requests: Int, of stream: StreamID) {
        pendingUsage[stream, default: Usage()].add(Usage(requests: requests))
    }

    /// Which of `items` the stream has taken before, as indices.
    package func known(_ items: [LedgerItem], in stream: StreamID) throws -> Set<Int> {
        try query { try Ledger.known(items, in: stream.rawValue, $0) }
    }

    /// How many records of the stream with dates in `window` the ledger still remembers one by one; an upper bound.
    package func count(in stream: StreamID, window: Window) throws -> Int {
        try query { database in
            try Int.fetchOne(
                database,
                sql: """
                    SELECT COALESCE(SUM(count), 0) FROM ledger
                    WHERE stream = ? AND undated = 0 AND to_ms >= ? AND from_ms < ?
                    """,
                arguments: [stream.rawValue, window.from.milliseconds, window.to.milliseconds]) ?? 0
        }
    }

    /// Folds what the ledger knows of records dated before `horizon` into days: nothing near them will be read again.
    package func compactLedger(of stream: StreamID, before horizon: Timestamp) throws {
        let time = now()
        try commit { try Ledger.compact(stream: stream.rawValue, before: horizon, now: time, $0) }
    }

    static func saveCoverage(_ coverage: Coverage, of stream: StreamID, now: Timestamp, _ database: Database) throws {
        try database.execute(
            sql: "UPDATE stream SET coverage = ? WHERE id = ?",
            arguments: [Data(CoverageCoding.encode(coverage)), stream.rawValue])
    }

    static func saveUsage(_ usage: Usage, of stream: StreamID, now: Timestamp, _ database: Database) throws {
        try database.execute(
            sql: """
                INSERT INTO usage (day, stream, requests, records, taken) VALUES (?, ?, ?, ?, ?)
                ON CONFLICT (day, stream) DO UPDATE SET requests = requests + excluded.requests,
                    records = records + excluded.records, taken = taken + excluded.taken
                """,
            arguments: [String(now.rfc3339.prefix(10)), stream.rawValue, usage.requests, usage.records, usage.taken])
    }
}
