import GRDB

extension StateSummary {
    /// A sink's dead letters and replays.
    package struct Resends: Sendable {
        package var deadLetters = 0
        /// Of these, how many are to be sent again.
        package var deadLettersWaiting = 0
        /// Records of open replays that were not looked at yet.
        package var replayDepth: Int64 = 0

        package init() {}

        static func fetchAll(_ database: Database) throws -> [String: Resends] {
            var all: [String: Resends] = [:]
            for row in try Row.fetchAll(
                database, sql: "SELECT sink, COUNT(*) AS count FROM dead_letter GROUP BY sink")
            {
                all[row["sink"], default: Resends()].deadLetters = row["count"]
            }
            for row in try Row.fetchAll(
                database,
                sql: "SELECT sink, COUNT(*) AS count FROM dead_letter WHERE replay_ms IS NOT NULL GROUP BY sink")
            {
                all[row["sink"], default: Resends()].deadLettersWaiting = row["count"]
            }
            for job in try ReplayJob.fetchAll(database, openOnly: true) {
                all[job.sink, default: Resends()].replayDepth += job.remaining
            }
            return all
        }
    }
}
