import Foundation
import GRDB
package import PipelineCore

/// Looks at a state directory from outside, whether a service runs on it or not, and changes nothing.
package struct StateReader: Sendable {
    let directory: StateDirectory
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
        let isUpToDate: Bool
        let writer: String?
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(5)
        do {
            database = try DatabaseQueue(path: directory.databasePath, configuration: configuration)
            _ = try database.read { try Int.fetchOne($0, sql: "SELECT COUNT(*) FROM segment") }
            isUpToDate = try database.read(Migrations.all.hasCompletedMigrations)
            writer = try database.read { try Property.writtenBy.fetch($0) }
        } catch {
            throw .database(path: directory.databasePath, reason: "\(error)")
        }
        guard isUpToDate else {
            throw .directory(
                path: directory.path,
                reason: "it was written by twilship \(writer ?? "of an older version") and not yet brought up to date, "
                    + "which the service does when it starts; restart it")
        }
    }

    /// - Parameter now: what is today.
    package func summary(at now: Timestamp = SystemClock().wallNow) throws(SpoolError) -> StateSummary {
        let directory = directory
        return try read { try StateSummary($0, processID: directory.owner(), now: now) }
    }

    /// What is known of a record; one for each stream that took it.
    package func explain(sid: String) throws(SpoolError) -> [RecordHistory] {
        guard let identity = RecordIdentity(envelopeID: sid) else { return [] }
        let directory = directory
        return try read { try RecordHistory.find(identity, sid: sid, directory, $0) }
    }

    func read<Value>(_ value: (Database) throws -> Value) throws(SpoolError) -> Value {
        do {
            return try database.read(value)
        } catch let error as SpoolError {
            throw error
        } catch {
            throw .database(path: directory.databasePath, reason: "\(error)")
        }
    }
}
