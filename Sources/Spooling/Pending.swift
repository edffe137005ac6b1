import Foundation
import GRDB
import PipelineCore

/// What waits in memory for the next commit. Losing it means reading the same windows again, and requests that are not
/// counted.
struct Pending {
    struct Progress {
        var coverage: Coverage
        /// Nil when nothing was learnt: what is saved stays.
        var length: Duration?
    }

    struct Account: Hashable {
        let sid: String
        let dataset: Dataset
    }

    struct JobStream: Hashable {
        let job: Int64
        let stream: StreamID
    }

    private var progress: [StreamID: Progress] = [:]
    private var usage: [StreamID: Usage] = [:]
    private var accounts: [Account: (label: String, usage: Usage)] = [:]
    private var jobs: [JobStream: (coverage: Coverage, usage: Usage)] = [:]

    var isEmpty: Bool { progress.isEmpty && usage.isEmpty && accounts.isEmpty && jobs.isEmpty }

    /// A pass: how far it came, and what it cost.
    mutating func add(_ advance: Advance) {
        add(Usage(advance), of: advance.stream)
        add(Usage(advance), of: Account(sid: advance.accountSID, dataset: advance.dataset), label: advance.account)
        guard let backfill = advance.backfill else {
            let length = advance.length ?? progress[advance.stream]?.length
            progress[advance.stream] = Progress(coverage: advance.coverage, length: length)
            return
        }
        let key = JobStream(job: backfill.job, stream: advance.stream)
        var usage = jobs[key]?.usage ?? Usage()
        usage.add(Usage(job: advance))
        jobs[key] = (backfill.coverage, usage)
    }

    mutating func add(_ more: Usage, of stream: StreamID) {
        usage[stream, default: Usage()].add(more)
    }

    mutating func add(_ more: Usage, of account: Account, label: String) {
        var usage = accounts[account]?.usage ?? Usage()
        usage.add(more)
        accounts[account] = (label, usage)
    }

    func usage(of account: Account) -> Usage { accounts[account]?.usage ?? Usage() }

    /// Saves everything, within the caller's transaction.
    func save(now: Timestamp, _ database: Database) throws {
        let day = now.day
        for (stream, progress) in progress {
            try database.executeCached(
                sql: "UPDATE stream SET coverage = ?, length_ms = COALESCE(?, length_ms) WHERE id = ?",
                arguments: [
                    Data(CoverageCoding.encode(progress.coverage)), progress.length?.wholeMilliseconds, stream.rawValue,
                ])
        }
        for (stream, usage) in usage {
            try database.executeCached(
                sql: """
                    INSERT INTO usage (day, stream, requests, records, taken, lateness) VALUES (?, ?, ?, ?, ?, ?)
                    ON CONFLICT (day, stream) DO UPDATE SET requests = requests + excluded.requests,
                        records = records + excluded.records, taken = taken + excluded.taken,
                        lateness = merge_lateness(lateness, excluded.lateness)
                    """,
                arguments: [
                    day, stream.rawValue, usage.requests, usage.records, usage.taken,
                    usage.lateness.isEmpty ? nil : Data(usage.lateness.bytes),
                ])
        }
        for (account, (label, usage)) in accounts {
            try database.executeCached(
                sql: """
                    INSERT INTO api_usage (day, account_sid, dataset, account, requests, records, minutes)
                    VALUES (?, ?, ?, ?, ?, ?, ?)
                    ON CONFLICT (day, account_sid, dataset) DO UPDATE SET account = excluded.account,
                        requests = requests + excluded.requests, records = records + excluded.records,
                        minutes = merge_minutes(minutes, excluded.minutes)
                    """,
                arguments: [
                    day, account.sid, account.dataset.rawValue, label, usage.requests, usage.records,
                    // What was taken is committed in the minute in which it was.
                    usage.taken > 0 ? Data(RecentMinutes(usage.taken, at: now).bytes) : nil,
                ])
        }
        for (key, (coverage, usage)) in jobs {
            try database.executeCached(
                sql: """
                    INSERT INTO backfill_stream (job, stream, coverage, requests, records, taken)
                    VALUES (?, ?, ?, ?, ?, ?)
                    ON CONFLICT (job, stream) DO UPDATE SET coverage = excluded.coverage,
                        requests = requests + excluded.requests, records = records + excluded.records,
                        taken = taken + excluded.taken
                    """,
                arguments: [
                    key.job, key.stream.rawValue, Data(CoverageCoding.encode(coverage)), usage.requests, usage.records,
                    usage.taken,
                ])
        }
    }
}

/// What was asked of Twilio.
struct Usage {
    var requests = 0
    var records = 0
    var taken = 0
    var lateness = LatenessHistogram()

    init(requests: Int = 0, records: Int = 0) {
        self.requests = requests
        self.records = records
    }

    /// As the stream and the account count it: what is sent to one sink once more is not new to us, and what is read
    /// long afterwards on purpose is not late.
    init(_ advance: Advance) {
        self.init(requests: advance.requests, records: advance.recordsRead)
        if advance.backfill?.sink == nil { taken = advance.taken.count }
        if advance.backfill == nil { lateness = advance.lateness }
    }

    /// As the backfill counts it.
    init(job advance: Advance) {
        self.init(requests: advance.requests, records: advance.recordsRead)
        taken = advance.parts.reduce(0) { $0 + $1.count }
    }

    mutating func add(_ other: Usage) {
        requests += other.requests
        records += other.records
        taken += other.taken
        lateness.merge(other.lateness)
    }
}

extension Timestamp {
    /// The UTC day, as usage is filed: `2014-10-03`.
    var day: String { String(rfc3339.prefix(10)) }
}

extension Database {
    /// Runs a statement of every append: it is compiled once.
    func executeCached(sql: String, arguments: StatementArguments) throws {
        try cachedStatement(sql: sql).execute(arguments: arguments)
    }
}
