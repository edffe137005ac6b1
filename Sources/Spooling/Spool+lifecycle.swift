import GRDB
package import PipelineCore

/// What announcements must remember over a restart.
extension Spool {
    /// How the service that had this state before has ended.
    package enum PreviousRun: String, Sendable, Codable {
        /// There was none.
        case none
        case stopped
        /// Killed, crashed, or the machine did.
        case died

        /// - Parameter lifecycle: as `Property.lifecycle` has it.
        init(lifecycle: String?) {
            self = lifecycle.map { $0 == "stopped" ? .stopped : .died } ?? .none
        }
    }

    /// Announces that a service has begun, and remembers that it runs.
    package func announceStart(_ announcement: @Sendable (PreviousRun) throws -> Announcement) throws {
        let previous = try query { PreviousRun(lifecycle: try Property.lifecycle.fetch($0)) }
        let announcement = try announcement(previous)
        try commit { database in
            try Announcement.add(announcement, database)
            try Property.lifecycle.save("running", database)
        }
    }

    /// Announces that the service ends.
    package func announceStop(_ announcement: Announcement) throws {
        try commit { database in
            try Announcement.add(announcement, database)
            try Property.lifecycle.save("stopped", database)
        }
    }

    /// What was announced to fail, and since when it does, by name.
    package func announcedFailures() throws -> [String: Timestamp] {
        try query { database in
            let rows = try Row.fetchAll(database, sql: "SELECT * FROM announced_failure")
            return Dictionary(uniqueKeysWithValues: rows.map { ($0["name"], Timestamp(milliseconds: $0["since_ms"])) })
        }
    }

    package func announceFailure(_ announcement: Announcement, of name: String, since: Timestamp) throws {
        try commit { database in
            try Announcement.add(announcement, database)
            try database.execute(
                sql: "INSERT INTO announced_failure (name, since_ms) VALUES (?, ?) ON CONFLICT DO NOTHING",
                arguments: [name, since.milliseconds])
        }
    }

    /// - Parameter announcement: nil if what failed is not collected any more.
    package func announceRecovery(_ announcement: Announcement?, of name: String) throws {
        try commit { database in
            if let announcement { try Announcement.add(announcement, database) }
            try database.execute(sql: "DELETE FROM announced_failure WHERE name = ?", arguments: [name])
        }
    }
}
