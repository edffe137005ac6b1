package import Foundation
import GRDB
package import PipelineCore

/// Looks at a state directory from outside, whether a service runs on it or not, and changes nothing.
package struct StateReader: Sendable {
    private let directory: StateDirectory
    private let database: DatabaseQueue

    /// - Throws: `SpoolError` if there is no state, or it cannot be read by this user.
    package init(_ directory: StateDirectory) throws(SpoolError) {
        self.directory = directory
        guard access(directory.databasePath, F_OK) == 0 else {
            throw .directory(
                path: directory.path,
                reason: errno == EACCES
                    ? "it cannot be read by this user; run this as root or as the service's user"
                    : "there is no state there yet; has the service run, and with this configuration?")
        }
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(5)
        do {
            database = try DatabaseQueue(path: directory.databasePath, configuration: configuration)
            _ = try database.read { try Int.fetchOne($0, sql: "SELECT COUNT(*) FROM segment") }
        } catch {
            throw .database(path: directory.databasePath, reason: "\(error)")
        }
    }

    package func summary() throws(SpoolError) -> StateSummary {
        let directory = directory
        return try read { try StateSummary($0, processID: directory.owner()) }
    }

    /// What is known of a record; one for each stream that took it.
    package func explain(sid: String) throws(SpoolError) -> [RecordHistory] {
        guard let identity = RecordIdentity(sid: sid.utf8) else { return [] }
        let directory = directory
        return try read { try RecordHistory.find(identity, sid: sid, directory, $0) }
    }

    private func read<Value>(_ value: (Database) throws -> Value) throws(SpoolError) -> Value {
        do {
            return try database.read(value)
        } catch let error as SpoolError {
            throw error
        } catch {
            throw .database(path: directory.databasePath, reason: "\(error)")
        }
    }
}

/// Where every stream and sink stands.
package struct StateSummary: Sendable {
    package struct Stream: Sendable {
        let id: Int64
        package let key: StreamKey
        package let account: String
        package let start: Timestamp
        package let checkpoint: Checkpoint?
        package let coverage: Coverage
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

    /// The process that has the state directory; nil if no service runs.
    package let processID: Int32?
    package let writtenBy: String
    package let streams: [Stream]
    package let sinks: [Sink]
    package let gaps: [Gap]
    package let lastSequence: Int64
    package let spoolBytes: Int
    /// What the service last said of itself, as JSON.
    package let runtime: Data?
}

extension StateSummary {
    init(_ database: Database, processID: Int32?) throws {
        self.processID = processID
        writtenBy = try Property.writtenBy.fetch(database) ?? "unknown"
        let last = (try Property.nextSequence.fetch(database).flatMap(Int64.init) ?? 1) - 1
        lastSequence = last
        spoolBytes = try Int.fetchOne(database, sql: "SELECT COALESCE(SUM(length), 0) FROM segment") ?? 0
        runtime = try Property.runtime.fetch(database).map { Data($0.utf8) }
        let today = String(Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000)).rfc3339.prefix(10))
        streams = try Row.fetchAll(
            database,
            sql: """
                SELECT stream.*, COALESCE(requests, 0) AS requests, COALESCE(records, 0) AS records,
                    COALESCE(taken, 0) AS taken_today,
                    (SELECT COALESCE(SUM(count), 0) FROM ledger WHERE ledger.stream = stream.id)
                        + (SELECT COALESCE(SUM(count), 0) FROM ledger_day WHERE ledger_day.stream = stream.id) AS taken
                FROM stream LEFT JOIN usage ON usage.stream = stream.id AND usage.day = ?
                ORDER BY account, dataset, service_sid, environment_sid
                """,
            arguments: [today]
        ).compactMap(Stream.init)
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
        sinks = try Row.fetchAll(
            database,
            sql: """
                SELECT sink.*, (SELECT collected_ms FROM frame WHERE first_sequence <= sink.position + 1
                    AND last_sequence > sink.position ORDER BY first_sequence DESC LIMIT 1) AS oldest_ms
                FROM sink ORDER BY name
                """
        ).map { Sink($0, lastSequence: last) }
    }
}

extension StateSummary.Stream {
    fileprivate init?(_ row: Row) {
        guard let dataset = Dataset(rawValue: row["dataset"]),
            let coverage = CoverageCoding.decode([UInt8](row["coverage"] as Data))
        else { return nil }
        func name(_ column: String) -> String? {
            let value: String = row[column]
            return value.isEmpty ? nil : value
        }
        self.coverage = coverage
        id = row["id"]
        key = StreamKey(
            accountSID: row["account_sid"], dataset: dataset, host: row["host"], serviceSID: name("service_sid"),
            environmentSID: name("environment_sid"))
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
        backlog = lastSequence - row["position"]
        delivered = row["delivered"]
        filtered = row["filtered"]
        settledAt = (row["settled_ms"] as Int64?).map(Timestamp.init(milliseconds:))
        oldestWaiting = (row["oldest_ms"] as Int64?).map(Timestamp.init(milliseconds:))
        isDetached = (row["detached_ms"] as Int64?) != nil
    }
}
