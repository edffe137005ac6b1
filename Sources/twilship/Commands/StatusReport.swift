import PipelineCore
import Spooling

/// `status --json`. Keys are only ever added; those that came after the first version are optional, so that the report
/// of a service that was not restarted after an upgrade can be shown.
struct StatusReport: Codable {
    struct Stream: Codable {
        let account: String
        let accountSid: String
        let dataset: String
        let host: String
        let serviceSid: String?
        let environmentSid: String?
        /// Unique names, as the last search had them.
        let serviceName: String?
        let environmentName: String?
        /// As the service said last; `retired` if what it reads is gone at Twilio, `stopped` when no service runs,
        /// `not configured` if the account or the stream has left the configuration.
        let state: String
        /// Since when it is retired.
        let retiredAt: Timestamp?
        /// How often it is polled now; longer than configured when many share a rate limit.
        let pollSeconds: Double?
        /// `sparing`, `scarce` or `spent` while `max_reads_per_day` slows it down.
        let allowance: String?
        let failures: Int
        let lastError: String?
        let lastErrorAt: Timestamp?
        let lastReadAt: Timestamp?
        /// The greatest (date, SID) collected.
        let checkpointTime: Timestamp?
        let checkpointSid: String?
        /// Every record dated before this that was readable when it was looked for has been collected. Absent, as the
        /// lag is, while nothing was ever read.
        let completeUpTo: Timestamp?
        /// Absent of retired streams, too: nothing comes there any more.
        let lagSeconds: Double?
        /// Instants that were never read, between the start and the newest instant that was.
        let holes: Int
        let requestsToday: Int
        let recordsReadToday: Int
        let collectedToday: Int
        let collected: Int
        /// Records tagged `late` since the service started.
        let late: Int?
        /// Absent if nothing came, or only what was caught up.
        let lateness: Lateness?
    }

    /// How old records were when they were first seen, the wait for the poll included; of today and yesterday (UTC).
    struct Lateness: Codable {
        let records: Int
        let p50Seconds: Double
        let p99Seconds: Double
        let maxSeconds: Double
    }

    struct Sink: Codable {
        let name: String
        /// As the service said last; `stopped` when none runs, `detached` if it left the configuration.
        let state: String
        /// What a delivered record stands for, as the service said last: `exactly-once`, `at-least-once`,
        /// `first-kernel` or `best-effort`.
        let guarantee: String?
        let position: Int64
        let backlog: Int64
        let delivered: Int64
        let filtered: Int64
        let settledAt: Timestamp?
        let oldestWaiting: Timestamp?
        let attempts: Int
        let retries: Int
        let lastError: String?
        let lastErrorAt: Timestamp?
        /// Refused for good, ever.
        let rejected: Int64
        /// Passed over without being delivered, ever.
        let skipped: Int64
        /// When it was last moved past records, or records for it were last found damaged.
        var lastSkippedAt: Timestamp?
        let deadLetters: Int
        /// Of these, how many are to be sent again.
        let deadLettersWaiting: Int
        /// Records of open replays that are still to come.
        let replayDepth: Int64
    }

    /// What could not be read and never will be.
    struct Gap: Codable {
        let account: String
        let dataset: String
        let serviceSid: String?
        let environmentSid: String?
        let from: Timestamp
        let to: Timestamp
        let reason: String
        let foundAt: Timestamp
    }

    /// What looks for the environments of an account, or for its subaccounts.
    struct Discovery: Codable {
        let name: String
        /// `searching` before the first answer, `ok`, `failing` or `auth_failed`.
        let state: String
        let found: Int
        let succeededAt: Timestamp?
        let intervalSeconds: Double?
        let failures: Int
        let lastError: String?
        let lastErrorAt: Timestamp?
    }

    /// What was asked of one API of an account, searches and single records included.
    struct Usage: Codable {
        let account: String
        let accountSid: String
        let dataset: String
        let requestsToday: Int
        let recordsToday: Int
        /// Of the last seven days (UTC), today included.
        let requestsWeek: Int
        let recordsWeek: Int
        /// Records collected in each of the last 60 minutes, oldest first; the last is under way.
        var collectedLastHour: [Int]?
    }

    /// How fast one API of an account may be asked.
    struct Rate: Codable {
        let account: String
        let accountSid: String
        /// A dataset; or `accounts`, for the list of subaccounts.
        let api: String
        /// Less than configured after Twilio answered 429. Of several limits (`scope = "environment"`), the lowest.
        let requestsPerSecond: Double
        let requestsPerSecondConfigured: Double
        let limits: Int
        /// How many of the limits are below what is configured.
        let limitsSlowed: Int
        /// Of `requestsPerSecond`, what was used in the last minute or so; of several limits, the greatest.
        let usedRatio: Double?
    }

    /// Something that somebody should see to.
    struct Problem: Codable, Equatable {
        enum Severity: String, Codable {
            case warning
            case critical
        }

        let severity: Severity
        /// A sentence.
        let what: String
        /// A command that helps, or tells more.
        let help: String?
    }

    /// A backfill that has not ended.
    struct Backfill: Codable {
        let job: Int64
        let account: String
        let dataset: String
        let from: Timestamp
        let to: Timestamp
        /// Absent if it is for all sinks.
        let sink: String?
        let requestedAt: Timestamp
        let percentDone: Double
        let streams: Int
        let requests: Int
        let recordsRead: Int
        let collected: Int
    }

    let version: String
    /// The running service; absent if none runs.
    let processId: Int32?
    let startedAt: Timestamp?
    /// When the service last said how it stands; at the latest every minute.
    let heardAt: Timestamp?
    /// The same, also of the last service where none runs.
    var lastHeardAt: Timestamp?
    /// How the last service has ended: `stopped`, or `died`; `none` if there never was one. `died` also of one that
    /// runs.
    var lastRun: Spool.PreviousRun?
    let now: Timestamp
    let spoolBytes: Int
    /// In segments with something that a sink has not got yet.
    let spoolUndeliveredBytes: Int
    /// Why the spool takes nothing more, for which sink, and what to do; absent while it does.
    let fullness: String?
    let lastSequence: Int64
    /// Worst first; retired ones last.
    let streams: [Stream]
    let sinks: [Sink]
    /// Of sinks that were removed from the configuration so long ago that they are forgotten, by name.
    var orphanedDeadLetters: [String: Int] = [:]
    let gaps: [Gap]
    let discoveries: [Discovery]
    let usage: [Usage]
    let rates: [Rate]
    let backfills: [Backfill]
    /// Sentences about what could be set better.
    let hints: [String]
    /// `[state] max_bytes`.
    var spoolMaximumBytes: Int?
    /// Of all accounts, as in `usage`.
    var collectedLastHour: [Int]?
    /// Worst first, at the lag that `status --check` allows by default.
    var problems: [Problem]?
}
