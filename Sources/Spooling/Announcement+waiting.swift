import GRDB
package import PipelineCore

/// What of the database waits to be told.
extension Announcement {
    /// Of each kind at once; the rest is told the next time.
    private static let limit = 200

    static func rows(_ database: Database) throws -> [Announcement] {
        try Row.fetchAll(database, sql: "SELECT * FROM announcement ORDER BY id LIMIT ?", arguments: [limit]).compactMap
        { row in
            guard let kind = Kind(rawValue: row["kind"]), let severity = Severity(rawValue: row["severity"]) else {
                return nil
            }
            let (account, accountSID): (String, String) = (row["account"], row["account_sid"])
            return Announcement(
                kind, severity, account: account.isEmpty ? nil : account,
                accountSID: accountSID.isEmpty ? nil : accountSID, message: row["message"], facts: row["facts"],
                time: Timestamp(milliseconds: row["created_ms"]), source: .row(row["id"]), id: row["record_id"])
        }
    }

    /// Facts of `twilship.gap`.
    private struct GapFacts: Encodable {
        var account: String?
        /// `AC…/serverless.logs/ZS…/ZE…`.
        var stream: String?
        var dataset: String?
        var host: String?
        var serviceName: String?
        var environmentName: String?
        /// Of a sink's gap.
        var sink: String?
        var from: Timestamp?
        /// Itself not included.
        var to: Timestamp?
        /// How many records are missing, where that is known.
        var records: Int64?
        let reason: String
        let foundAt: Timestamp
        /// The stream is gone at Twilio; the gap goes away if it comes back.
        var streamIsGone: Bool?
    }

    static func gaps(_ database: Database) throws -> [Announcement] {
        try Row.fetchAll(
            database,
            sql: """
                SELECT gap.*, stream.account_sid, stream.dataset, stream.host, stream.service_sid,
                    stream.environment_sid, stream.account, stream.service_name, stream.environment_name
                FROM gap JOIN stream ON stream.id = gap.stream
                WHERE announced = 0 ORDER BY found_ms LIMIT ?
                """,
            arguments: [limit]
        ).compactMap { row in
            guard let key = StreamKey(row) else { return nil }
            func name(_ column: String) -> String? {
                let value: String = row[column]
                return value.isEmpty ? nil : value
            }
            let (from, to): (Int64, Int64) = (row["from_ms"], row["to_ms"])
            let window = Window(from: Timestamp(milliseconds: from), to: Timestamp(milliseconds: to))
            let account: String = row["account"]
            let reason: String = row["reason"]
            let facts = GapFacts(
                account: account, stream: key.description, dataset: key.dataset.rawValue, host: key.host,
                serviceName: name("service_name"), environmentName: name("environment_name"), from: window.from,
                to: window.to, reason: reason.bounded, foundAt: Timestamp(milliseconds: row["found_ms"]),
                streamIsGone: (row["retired"] as Int64) == 1 ? true : nil)
            let names = [name("service_name"), name("environment_name")].compactMap(\.self).joined(separator: "/")
            return try Announcement(
                .gap, .critical, account: account, accountSID: key.accountSID,
                message: "records of \(account) \(key.dataset.rawValue)\(names.isEmpty ? "" : " \(names)") "
                    + "from \(window) may be missing for good: \(reason.bounded)",
                facts: facts, at: facts.foundAt
            ).from(.gap(stream: row["stream"], from: from, to: to))
        }
    }

    static func sinkGaps(_ database: Database) throws -> [Announcement] {
        try Row.fetchAll(
            database, sql: "SELECT * FROM sink_gap WHERE announced = 0 ORDER BY found_ms LIMIT ?", arguments: [limit]
        ).map { row in
            func time(_ column: String) -> Timestamp? { (row[column] as Int64?).map(Timestamp.init(milliseconds:)) }
            let (first, last): (Int64, Int64) = (row["first_sequence"], row["last_sequence"])
            let sink: String = row["sink"]
            let reason: String = row["reason"]
            let facts = GapFacts(
                sink: sink, from: time("from_ms"), to: time("to_ms"), records: first <= last ? last - first + 1 : nil,
                reason: reason.bounded, foundAt: Timestamp(milliseconds: row["found_ms"]))
            let count = facts.records.map { "\($0) records" } ?? "records, nobody knows how many"
            var message = "sink \(sink) did not get \(count): \(reason.bounded)"
            if let from = facts.from, let to = facts.to {
                message +=
                    "; they are dated \(from.rfc3339) to \(to.rfc3339), and twilship backfill --sink \(sink) "
                    + "with this range sends them again"
            }
            return try Announcement(.gap, .critical, message: message, facts: facts, at: facts.foundAt)
                .from(.sinkGap(sink: sink, first: first))
        }
    }

    /// Facts of `twilship.dead_letter`.
    private struct DeadLetterFacts: Encodable {
        let account: String
        let sink: String
        /// How many records were refused since the last such record.
        let count: Int
        /// Their numbers, as `twilship dead-letters` takes them: from the first to the last.
        let firstNumber: Int64
        let lastNumber: Int64
        /// Of the first.
        let recordId: String
        let recordType: String
        let dataset: String
        let reason: String
    }

    /// One for each sink and account. Dead letters among our own records are not told: that would never end.
    static func deadLetters(_ database: Database, now: Timestamp) throws -> [Announcement] {
        try Row.fetchAll(
            database,
            sql: """
                SELECT dead_letter.*, news.count, news.last FROM (
                    SELECT MIN(id) AS first, MAX(id) AS last, COUNT(*) AS count FROM dead_letter
                    WHERE announced = 0 AND dataset != 'twilship' GROUP BY sink, account_sid LIMIT ?
                ) AS news JOIN dead_letter ON dead_letter.id = news.first
                """,
            arguments: [limit]
        ).map { row in
            let facts = DeadLetterFacts(
                account: row["account"], sink: row["sink"], count: row["count"], firstNumber: row["id"],
                lastNumber: row["last"], recordId: (row["record_id"] as String).bounded,
                recordType: (row["record_type"] as String).bounded, dataset: row["dataset"],
                reason: (row["reason"] as String).bounded)
            let what = facts.count == 1 ? "a record" : "\(facts.count) records"
            let accountSID: String = row["account_sid"]
            return try Announcement(
                .deadLetter, .error, account: facts.account, accountSID: accountSID,
                message: "sink \(facts.sink) has refused \(what) of \(facts.account) for good: \(facts.reason); "
                    + "kept as dead letters, see twilship dead-letters list",
                facts: facts, at: now
            ).from(.deadLetters(sink: facts.sink, accountSID: accountSID, last: facts.lastNumber))
        }
    }
}

extension Announcement {
    /// Facts of `twilship.operator`.
    private struct CommandFacts: Encodable {
        let command: String
        let arguments: [String: String]
        /// Of a signal nobody knows it.
        let uid: UInt32?
        /// Who does it: `service`, or `command` when none runs.
        let by: String
    }

    /// - Parameter changes: what is changed, as `accounts.added`, and the names, as the configuration has them.
    package static func reload(_ changes: [String: String], at time: Timestamp) throws -> Announcement {
        let changes = changes.mapValues(\.bounded)
        let text = changes.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
        return try Announcement(
            .command, .notice, message: "a signal has twilship reload its configuration\(text)".bounded,
            facts: CommandFacts(command: "reload", arguments: changes, uid: nil, by: "service"), at: time)
    }

    /// The values of `arguments` are words that somebody has typed.
    package static func command(
        _ command: String, arguments: [String: String], uid: UInt32, service: Bool, at time: Timestamp
    ) throws -> Announcement {
        let arguments = arguments.mapValues(\.bounded)
        let text = arguments.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
        return try Announcement(
            .command, .notice, message: "user \(uid) has twilship carry out \(command.bounded)\(text)".bounded,
            facts: CommandFacts(
                command: command.bounded, arguments: arguments, uid: uid, by: service ? "service" : "command"),
            at: time)
    }
}
