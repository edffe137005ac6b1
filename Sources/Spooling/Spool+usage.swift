import GRDB
package import PipelineCore

extension Spool {
    /// How long days of usage and ended backfills are kept.
    static let usageRetention: Duration = .seconds(400 * 86_400)

    /// Counts what was asked for a stream and brought nothing; saved with the next commit.
    package func count(_ asked: Asked, of stream: StreamID) {
        guard asked != Asked() else { return }
        let usage = Usage(requests: asked.requests, records: asked.records)
        pending.add(usage, of: stream)
        guard let (account, label) = accounts[stream] else { return }
        pending.add(usage, of: account, label: label)
    }

    /// Counts what was asked for no stream, such as discovery; saved with the next commit.
    /// - Parameter account: the label today.
    package func count(requests: Int, records: Int = 0, accountSID: String, account: String, dataset: Dataset) {
        pending.add(
            Usage(requests: requests, records: records), of: Pending.Account(sid: accountSID, dataset: dataset),
            label: account)
    }

    /// Everything that was asked of one API of an account since midnight UTC.
    package func usageToday(accountSID: String, dataset: Dataset) throws -> (requests: Int, records: Int) {
        let waiting = pending.usage(of: Pending.Account(sid: accountSID, dataset: dataset))
        let day = now().day
        let row = try query { database in
            try Row.fetchOne(
                database,
                sql: "SELECT requests, records FROM api_usage WHERE day = ? AND account_sid = ? AND dataset = ?",
                arguments: [day, accountSID, dataset.rawValue])
        }
        return (waiting.requests + (row?["requests"] ?? 0), waiting.records + (row?["records"] ?? 0))
    }

    /// Forgets usage and ended backfills that are too old; looks once a day.
    func removeOldUsage() throws {
        let time = now()
        guard time.day != usagePrunedOn else { return }
        let oldest = time - Self.usageRetention
        try commit { database in
            for table in ["usage", "api_usage"] {
                try database.execute(sql: "DELETE FROM \(table) WHERE day < ?", arguments: [oldest.day])
            }
            // Nobody will ask whether its range was read: Twilio itself keeps nothing for so long.
            try database.execute(
                sql: "DELETE FROM backfill WHERE finished_ms < :oldest OR cancelled_ms < :oldest",
                arguments: ["oldest": oldest.milliseconds])
            try database.execute(sql: "DELETE FROM backfill_stream WHERE job NOT IN (SELECT id FROM backfill)")
            try database.execute(
                sql: "DELETE FROM replay WHERE finished_ms < :oldest OR cancelled_ms < :oldest",
                arguments: ["oldest": oldest.milliseconds])
        }
        usagePrunedOn = time.day
    }
}
