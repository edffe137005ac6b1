import Foundation
import GRDB
package import PipelineCore

/// Where a stream stands, as the state directory has it.
package struct StreamPlace: Sendable {
    package let id: StreamID
    /// Collected from here on.
    package let start: Timestamp
    package let coverage: Coverage
    /// How long windows were when the last pass was saved; nil if none was.
    package let length: Duration?

    package init(id: StreamID, start: Timestamp, coverage: Coverage, length: Duration? = nil) {
        self.id = id
        self.start = start
        self.coverage = coverage
        self.length = length
    }
}

/// What people call a stream's service and environment; nil where it is not known, or there is none.
package struct StreamNames: Equatable, Sendable {
    package let service: String?
    package let environment: String?

    package init(service: String? = nil, environment: String? = nil) {
        self.service = service
        self.environment = environment
    }
}

extension Spool {
    /// The stream's place; a stream that was never seen begins at `start`.
    ///
    /// An earlier `start` than before moves the beginning back; a later one changes nothing, since what was promised
    /// and not yet read would be given up. A stream that was retired is back.
    /// - Parameter names: of what is nil, what was known before is kept.
    package func place(
        of key: StreamKey, account: String, start: Timestamp, names: StreamNames = StreamNames()
    ) throws -> StreamPlace {
        var place: StreamPlace?
        let path = directory.databasePath
        try commit { database in
            try database.execute(
                sql: """
                    INSERT INTO stream (account_sid, dataset, host, service_sid, environment_sid, account, start_ms,
                        coverage, service_name, environment_name)
                    VALUES (?, ?, ?, ?, ?, ?, ?, x'', ?, ?)
                    ON CONFLICT DO UPDATE SET account = excluded.account, start_ms = MIN(start_ms, excluded.start_ms),
                        service_name = COALESCE(NULLIF(excluded.service_name, ''), service_name),
                        environment_name = COALESCE(NULLIF(excluded.environment_name, ''), environment_name),
                        retired_ms = NULL
                    """,
                arguments: key.columns + [
                    account, start.milliseconds, names.service ?? "", names.environment ?? "",
                ])
            let row = try Row.fetchOne(
                database, sql: "SELECT id, start_ms, coverage, length_ms FROM stream WHERE \(StreamKey.condition)",
                arguments: key.columns)
            guard let row, let coverage = CoverageCoding.decode([UInt8](row["coverage"] as Data)) else {
                throw SpoolError.database(path: path, reason: "the progress of stream \(key) cannot be read")
            }
            try database.execute(
                sql: "DELETE FROM gap WHERE stream = ? AND retired = 1", arguments: [row["id"] as Int64])
            place = StreamPlace(
                id: StreamID(rawValue: row["id"]), start: Timestamp(milliseconds: row["start_ms"]), coverage: coverage,
                length: (row["length_ms"] as Int64?).map { .milliseconds($0) })
        }
        guard let place else { throw SpoolError.database(path: path, reason: "stream \(key) could not be added") }
        placedStreams.insert(place.id)
        keptUntil = nil
        accounts[place.id] = (Pending.Account(sid: key.accountSID, dataset: key.dataset), account)
        return place
    }

    /// Notes that a stream is gone at Twilio. Its place is kept, in case it comes back.
    /// - Parameter gap: what was not read and now cannot be. It is forgotten when the stream comes back, since then it
    ///   is read.
    /// - Returns: what backfills that have ended were to read of it and have not; these gaps stay.
    @discardableResult
    package func retire(_ stream: StreamKey, gap: Advance.Gap? = nil) throws -> [StateSummary.Gap] {
        let time = now()
        var unread: [StateSummary.Gap] = []
        try commit { database in
            try database.execute(
                sql: "UPDATE stream SET retired_ms = ? WHERE \(StreamKey.condition) AND retired_ms IS NULL",
                arguments: [time.milliseconds] + stream.columns)
            guard database.changesCount > 0 else { return }
            unread = try BackfillJob.recordUnread(
                database, now: time, where: "stream.id = (SELECT id FROM stream WHERE \(StreamKey.condition))",
                arguments: stream.columns)
            guard let gap else { return }
            try database.execute(
                sql: """
                    INSERT INTO gap (stream, from_ms, to_ms, reason, found_ms, retired)
                    SELECT id, ?, ?, ?, ?, 1 FROM stream WHERE \(StreamKey.condition)
                    ON CONFLICT DO NOTHING
                    """,
                arguments: [
                    gap.window.from.milliseconds, gap.window.to.milliseconds, gap.reason, time.milliseconds,
                ] + stream.columns)
        }
        return unread
    }

    /// The streams of one API that are not known to be gone, with the names of what they are read from.
    package func streams(
        accountSID: String, dataset: Dataset, host: String
    ) throws -> [(key: StreamKey, names: StreamNames)] {
        try query { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT * FROM stream
                    WHERE account_sid = ? AND dataset = ? AND host = ? AND retired_ms IS NULL ORDER BY id
                    """,
                arguments: [accountSID, dataset.rawValue, host]
            ).compactMap { row in
                StreamKey(row).map { key in
                    (key, StreamNames(service: row["service_name"], environment: row["environment_name"]))
                }
            }
        }
    }

    /// Notes that an account is gone at Twilio, with all its streams: what was not read by then is a gap of each, which
    /// goes away if the account comes back.
    /// - Returns: the streams that were there until now.
    package func retire(accountSID: String, reason: String) throws -> [StreamKey] {
        let time = now()
        var keys: [StreamKey] = []
        try commit { database in
            let rows = try Row.fetchAll(
                database, sql: "SELECT * FROM stream WHERE account_sid = ? AND retired_ms IS NULL ORDER BY id",
                arguments: [accountSID])
            keys = rows.compactMap(StreamKey.init)
            for row in rows {
                guard let coverage = CoverageCoding.decode([UInt8](row["coverage"] as Data)) else { continue }
                let from = coverage.completeUpTo(from: Timestamp(milliseconds: row["start_ms"]))
                guard from < time else { continue }
                try database.execute(
                    sql: """
                        INSERT INTO gap (stream, from_ms, to_ms, reason, found_ms, retired) VALUES (?, ?, ?, ?, ?, 1)
                        ON CONFLICT DO NOTHING
                        """,
                    arguments: [row["id"] as Int64, from.milliseconds, time.milliseconds, reason, time.milliseconds])
            }
            try database.execute(
                sql: "UPDATE stream SET retired_ms = ? WHERE account_sid = ? AND retired_ms IS NULL",
                arguments: [time.milliseconds, accountSID])
            _ = try BackfillJob.recordUnread(
                database, now: time, where: "stream.account_sid = ?", arguments: [accountSID])
        }
        return keys
    }

    static func accounts(_ database: Database) throws -> [StreamID: (account: Pending.Account, label: String)] {
        var accounts: [StreamID: (account: Pending.Account, label: String)] = [:]
        for row in try Row.fetchAll(database, sql: "SELECT id, account_sid, dataset, account FROM stream") {
            guard let dataset = Dataset(rawValue: row["dataset"]) else { continue }
            accounts[StreamID(rawValue: row["id"])] = (
                Pending.Account(sid: row["account_sid"], dataset: dataset), row["account"]
            )
        }
        return accounts
    }

    /// What a stream of this state directory is at Twilio.
    package func key(of stream: StreamID) throws -> StreamKey? {
        try query { database in
            try Row.fetchOne(database, sql: "SELECT * FROM stream WHERE id = ?", arguments: [stream.rawValue])
                .flatMap(StreamKey.init)
        }
    }

    /// Which of `items` the stream has taken before, as indices.
    package func known(_ items: [LedgerItem], in stream: StreamID) throws -> Set<Int> {
        try query { try Ledger.known(items, in: stream.rawValue, $0) }
    }

    /// As `known`, and when that was so, for `Advance.comparedAt`: by then somebody else may have taken more.
    package func compare(_ items: [LedgerItem], in stream: StreamID) throws -> (known: Set<Int>, at: Int64) {
        (try known(items, in: stream), lastSequence)
    }

    /// Why there is no room for another pass, as `lackOfRoom`; if there is, how many records the window has, as `count`.
    package func outlook(of stream: StreamID, _ window: Window) throws -> (lack: String?, records: Int) {
        if let lack = try lackOfRoom() { return (lack, 0) }
        return (nil, try count(in: stream, window: window))
    }

    /// How many records of the stream with dates in `window` the ledger still remembers one by one; an upper bound.
    package func count(in stream: StreamID, window: Window) throws -> Int {
        try query { database in
            try Int.fetchOne(
                database.cachedStatement(
                    sql: """
                        SELECT COALESCE(SUM(count), 0) FROM ledger
                        WHERE stream = ? AND undated = 0 AND to_ms >= ? AND from_ms < ?
                        """),
                arguments: [stream.rawValue, window.from.milliseconds, window.to.milliseconds]) ?? 0
        }
    }

    /// Folds what the ledger knows of records dated before `horizon` into days: nothing near them will be read again.
    ///
    /// What live collection has yet to read stays as it is, since a backfill may have taken records of it: forgotten,
    /// they would be taken a second time. Nobody needs the other rows of a backfill, not even while it runs, and they
    /// may be folded at once: it only takes records dated inside its own windows, these do not overlap, and each is
    /// appended together with the progress past it, so a window that a crash interrupts has left no row at all. A live
    /// pass does not find them by mistake either: rows are looked for by date, and what matches is the same record.
    package func compactLedger(of stream: StreamID, before horizon: Timestamp) throws {
        guard ledgerHolds == 0 else { return }
        let time = now()
        try commit { database in
            let row = try Row.fetchOne(
                database, sql: "SELECT start_ms, coverage FROM stream WHERE id = ?", arguments: [stream.rawValue])
            guard let row, let coverage = CoverageCoding.decode([UInt8](row["coverage"] as Data)) else { return }
            let unread = coverage.completeUpTo(from: Timestamp(milliseconds: row["start_ms"]))
            try Ledger.compact(
                stream: stream.rawValue, before: min(horizon, unread - Ledger.rounding), now: time, database)
        }
    }
}

extension StreamKey {
    /// A row of the table `stream`.
    /// - Returns: nil if the dataset is one that only a newer version knows.
    init?(_ row: Row) {
        guard let dataset = Dataset(rawValue: row["dataset"]) else { return nil }
        let (service, environment): (String, String) = (row["service_sid"], row["environment_sid"])
        self.init(
            accountSID: row["account_sid"], dataset: dataset, host: row["host"],
            serviceSID: service.isEmpty ? nil : service, environmentSID: environment.isEmpty ? nil : environment)
    }

    /// Finds a stream's row, with `columns` as arguments.
    static let condition =
        "account_sid = ? AND dataset = ? AND host = ? AND service_sid = ? AND environment_sid = ?"

    var columns: StatementArguments {
        [accountSID, dataset.rawValue, host, serviceSID ?? "", environmentSID ?? ""]
    }
}
