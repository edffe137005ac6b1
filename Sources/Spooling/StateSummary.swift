package import Foundation
import GRDB
package import PipelineCore

/// Where every stream and sink stands.
package struct StateSummary: Sendable {
    package struct Stream: Sendable {
        let id: Int64
        package let key: StreamKey
        package let account: String
        package let names: StreamNames
        /// Since when it is gone at Twilio; nil if it is not.
        package let retiredAt: Timestamp?
        package let start: Timestamp
        package let checkpoint: Checkpoint?
        package let coverage: Coverage
        /// How long windows are, as learnt; nil if nothing was yet.
        package let length: Duration?
        /// How late the records of today and yesterday (UTC) came.
        package let lateness: LatenessHistogram
        package let requestsToday: Int
        package let recordsReadToday: Int
        package let takenToday: Int
        /// All that was ever taken and is not yet 400 days old.
        package let taken: Int

        package var completeUpTo: Timestamp { coverage.completeUpTo(from: start) }
    }

    package struct Sink: Sendable {
        package let name: String
        package let position: Int64
        package let backlog: Int64
        package let delivered: Int64
        package let filtered: Int64
        /// Dead letters, ever.
        package let rejected: Int64
        /// Records it was moved past, ever.
        package let skipped: Int64
        /// Where it was moved past records without getting them, and how many these are as far as that is known.
        package let gaps: (count: Int, records: Int64)
        /// When the last of them was found.
        package let gapFoundAt: Timestamp?
        package let settledAt: Timestamp?
        /// When the oldest record that waits for this sink was collected.
        package let oldestWaiting: Timestamp?
        package let isDetached: Bool
    }

    /// What could not be read and never will be.
    package struct Gap: Sendable {
        package let key: StreamKey
        package let account: String
        package let window: Window
        package let reason: String
        package let found: Timestamp
    }

    /// Whose records, by the account's label.
    package struct Collected: Hashable, Sendable {
        package let account: String
        package let dataset: Dataset
    }

    /// The process that has the state directory; nil if no service runs.
    package let processID: Int32?
    package let writtenBy: String
    package let streams: [Stream]
    package let sinks: [Sink]
    /// By sink; also of sinks that are forgotten and have left dead letters.
    package var resends: [String: Resends] = [:]
    package let gaps: [Gap]
    package let gapCount: Int
    /// What was asked of each API of each account in the last seven days.
    package let usage: [AccountUsage]
    /// The backfills that have not ended, oldest first.
    package let backfills: [BackfillStatus]
    package let lastSequence: Int64
    package let spoolBytes: Int
    /// In segments with something that a sink has not got yet.
    package var undeliveredBytes = 0
    /// What the asked process has collected since it began; empty when the state is read from outside.
    package var collected: [Collected: Int] = [:]
    /// What the service last said of itself, as JSON.
    package let runtime: Data?
    /// Why the spool takes nothing more; nil while it does.
    package var fullness: Fullness?
    /// How the last service has ended; `died` also of one that runs.
    package var lastRun = Spool.PreviousRun.none
}

extension Spool {
    /// Where everything stands now.
    package func stateSummary() throws -> StateSummary {
        // Who asks from the side may come late, and SQLite does not survive that.
        guard isOpen else {
            throw SpoolError.directory(path: directory.path, reason: "the service has let go of it and is stopping")
        }
        try flush()
        let time = now()
        var summary = try query { try StateSummary($0, processID: nil, now: time) }
        summary.collected = collected
        return summary
    }
}

extension StateSummary {
    init(_ database: Database, processID: Int32?, now: Timestamp) throws {
        self.processID = processID
        writtenBy = try Property.writtenBy.fetch(database) ?? "unknown"
        let last = (try Property.nextSequence.fetch(database).flatMap(Int64.init) ?? 1) - 1
        lastSequence = last
        spoolBytes = try Int.fetchOne(database, sql: "SELECT COALESCE(SUM(length), 0) FROM segment") ?? 0
        undeliveredBytes =
            try Int.fetchOne(
                database,
                sql: """
                    SELECT COALESCE(SUM(length), 0) FROM segment
                    WHERE last_sequence > (SELECT MIN(position) FROM sink WHERE detached_ms IS NULL)
                    """) ?? 0
        runtime = try Property.runtime.fetch(database).map { Data($0.utf8) }
        fullness = try Property.fullness.fetch(database).flatMap(Fullness.init(json:))
        lastRun = Spool.PreviousRun(lifecycle: try Property.lifecycle.fetch(database))
        let lateness = try LatenessHistogram.byStream(database, days: [now.day, (now - .seconds(86_400)).day])
        let streams = try Row.fetchAll(
            database,
            sql: """
                SELECT stream.*, COALESCE(requests, 0) AS requests, COALESCE(records, 0) AS records,
                    COALESCE(taken, 0) AS taken_today,
                    (SELECT COALESCE(SUM(count), 0) FROM ledger WHERE ledger.stream = stream.id)
                        + (SELECT COALESCE(SUM(count), 0) FROM ledger_day WHERE ledger_day.stream = stream.id)
                        + (SELECT COALESCE(SUM(count), 0) FROM ledger_undated_day AS undated
                            WHERE undated.stream = stream.id) AS taken
                FROM stream LEFT JOIN usage ON usage.stream = stream.id AND usage.day = ?
                ORDER BY account, dataset, service_sid, environment_sid
                """,
            arguments: [now.day]
        ).map { try Stream($0, lateness: lateness[$0["id"]] ?? LatenessHistogram()) }
        self.streams = streams
        usage = try AccountUsage.fetchAll(database, now: now)
        backfills = try BackfillStatus.fetchAll(database, openOnly: true)
        let known = Dictionary(uniqueKeysWithValues: streams.map { ($0.id, $0) })
        gaps = try Row.fetchAll(database, sql: "SELECT * FROM gap ORDER BY from_ms").compactMap { row in
            known[row["stream"]].map { stream in
                Gap(
                    key: stream.key, account: stream.account,
                    window: Window(
                        from: Timestamp(milliseconds: row["from_ms"]), to: Timestamp(milliseconds: row["to_ms"])),
                    reason: row["reason"], found: Timestamp(milliseconds: row["found_ms"]))
            }
        }
        resends = try Resends.fetchAll(database)
        gapCount = try Int.fetchOne(database, sql: "SELECT COUNT(*) FROM gap") ?? 0
        sinks = try Row.fetchAll(
            database,
            sql: """
                SELECT sink.*, \(Spool.settledAhead) AS ahead,
                    (SELECT collected_ms FROM frame WHERE first_sequence <= sink.position + 1
                        AND last_sequence > sink.position ORDER BY first_sequence DESC LIMIT 1) AS oldest_ms,
                    (SELECT COUNT(*) FROM sink_gap WHERE sink = name) AS gaps,
                    (SELECT COALESCE(SUM(last_sequence - first_sequence + 1), 0) FROM sink_gap WHERE sink = name)
                        AS gap_records,
                    (SELECT MAX(found_ms) FROM sink_gap WHERE sink = name) AS gap_found_ms
                FROM sink ORDER BY name
                """
        ).map { Sink($0, lastSequence: last) }
    }
}

extension StateSummary.Stream {
    /// - Throws: if it cannot be decoded: one that was left out would look as if it had never been.
    fileprivate init(_ row: Row, lateness: LatenessHistogram) throws {
        guard let key = StreamKey(row), let coverage = CoverageCoding.decode([UInt8](row["coverage"] as Data)) else {
            throw DatabaseError(
                resultCode: .SQLITE_CORRUPT,
                message: "the progress of stream \(row["id"] as Int64) (account \(row["account"] as String), dataset "
                    + "\(row["dataset"] as String)) cannot be read; the rest is not shown without it. Nothing is lost at "
                    + "Twilio; restore state.sqlite from a backup, or begin with an empty state directory")
        }
        func name(_ column: String) -> String? {
            let value: String = row[column]
            return value.isEmpty ? nil : value
        }
        self.coverage = coverage
        self.lateness = lateness
        names = StreamNames(service: name("service_name"), environment: name("environment_name"))
        retiredAt = (row["retired_ms"] as Int64?).map(Timestamp.init(milliseconds:))
        length = (row["length_ms"] as Int64?).map { .milliseconds($0) }
        id = row["id"]
        self.key = key
        account = row["account"]
        start = Timestamp(milliseconds: row["start_ms"])
        checkpoint = (row["checkpoint_ms"] as Int64?).map {
            Checkpoint(time: Timestamp(milliseconds: $0), sid: row["checkpoint_sid"])
        }
        requestsToday = row["requests"]
        recordsReadToday = row["records"]
        takenToday = row["taken_today"]
        taken = row["taken"]
    }
}

extension StateSummary.Sink {
    fileprivate init(_ row: Row, lastSequence: Int64) {
        name = row["name"]
        position = row["position"]
        backlog = lastSequence - row["position"] - row["ahead"]
        delivered = row["delivered"]
        filtered = row["filtered"]
        rejected = row["rejected"]
        skipped = row["skipped"]
        gaps = (row["gaps"], row["gap_records"])
        gapFoundAt = (row["gap_found_ms"] as Int64?).map(Timestamp.init(milliseconds:))
        settledAt = (row["settled_ms"] as Int64?).map(Timestamp.init(milliseconds:))
        oldestWaiting = (row["oldest_ms"] as Int64?).map(Timestamp.init(milliseconds:))
        isDetached = (row["detached_ms"] as Int64?) != nil
    }
}
