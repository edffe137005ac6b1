import Foundation
import PipelineCore
import Settings

@testable import Forwarding
@testable import Spooling
@testable import twilship

/// Reports, and what they are made of.
enum StatusMaterial {
    static let now = Timestamp(milliseconds: 1_780_000_000_000)

    static func key(_ number: Int) -> StreamKey {
        StreamKey(
            accountSID: "AC" + String(repeating: "0", count: 31) + "1", dataset: .serverlessLogs,
            host: "serverless.twilio.com", serviceSID: "ZS1", environmentSID: "ZE\(number)")
    }

    static func stream(
        _ number: Int = 0, state: String = "waiting", lag: Double = 5, poll: Double = 10, failures: Int = 0,
        error: String? = nil,
        allowance: String? = nil
    ) -> StatusReport.Stream {
        StatusReport.Stream(
            account: "a-very-long-account-name-0", accountSid: "AC1", dataset: "serverless.logs",
            host: "serverless.twilio.com", serviceSid: "ZS1", environmentSid: "ZE\(number)",
            serviceName: "a-service-that-somebody-gave-a-very-long-name", environmentName: "environment-\(number)",
            state: state, retiredAt: nil, pollSeconds: poll, allowance: allowance, failures: failures,
            lastError: error, lastErrorAt: nil, lastReadAt: nil, checkpointTime: now,
            checkpointSid: "NO0123456789abcdef0123456789abcdef", completeUpTo: now - .seconds(lag), lagSeconds: lag,
            holes: 0, requestsToday: 123_456, recordsReadToday: 12_345_678, collectedToday: 1, collected: 123_456_789,
            late: 4,
            lateness: StatusReport.Lateness(records: 9, p50Seconds: 3, p99Seconds: 7_100, maxSeconds: 86_000))
    }

    static func report(
        _ streams: [StatusReport.Stream] = [], sinks: [StatusReport.Sink] = [], gaps: [StatusReport.Gap] = [],
        discoveries: [StatusReport.Discovery] = [], usage: [StatusReport.Usage] = [], fullness: String? = nil,
        heard: Duration? = .seconds(-1), processId: Int32? = 42
    ) -> StatusReport {
        StatusReport(
            version: "0.1.0", processId: processId, startedAt: now - .seconds(86_400), heardAt: heard.map { now + $0 },
            now: now,
            spoolBytes: 12_345_678, spoolUndeliveredBytes: 0, fullness: fullness, lastSequence: 10, streams: streams,
            sinks: sinks, gaps: gaps, discoveries: discoveries, usage: usage, rates: [], backfills: [], hints: [])
    }

    static func remembered(
        _ number: Int, _ lateness: LatenessHistogram = LatenessHistogram(), retired: Bool = false,
        account: String = "production", sid: String = "AC" + String(repeating: "0", count: 31) + "1"
    ) -> StateSummary.Stream {
        StateSummary.Stream(
            id: Int64(number),
            key: StreamKey(accountSID: sid, dataset: .monitorEvents, host: "host\(number)"), account: account,
            names: StreamNames(), retiredAt: retired ? now : nil, start: now - .seconds(60), checkpoint: nil,
            coverage: Coverage(), length: nil, lateness: lateness, requestsToday: 0, recordsReadToday: 0, takenToday: 0,
            taken: 0)
    }

    static func summary(_ streams: [StateSummary.Stream]) -> StateSummary {
        StateSummary(
            processID: nil, writtenBy: "0.1.0", streams: streams, sinks: [], gaps: [], gapCount: 0, usage: [],
            backfills: [], lastSequence: 0, spoolBytes: 0, runtime: nil)
    }

    static func sink(
        _ state: String = "idle", attempts: Int = 0, backlog: Int64 = 0, oldest: Duration? = nil, deadLetters: Int = 0,
        skipped: Duration? = nil, error: String? = nil
    ) -> StatusReport.Sink {
        StatusReport.Sink(
            name: "siem", state: state, guarantee: "at-least-once", position: 1, backlog: backlog, delivered: 1,
            filtered: 0, settledAt: now, oldestWaiting: oldest.map { now - $0 }, attempts: attempts, retries: attempts,
            lastError: error, lastErrorAt: nil, rejected: 0, skipped: skipped == nil ? 0 : 9,
            lastSkippedAt: skipped.map { now - $0 }, deadLetters: deadLetters, deadLettersWaiting: 0, replayDepth: 0)
    }

    static func gap(found age: Duration) -> StatusReport.Gap {
        StatusReport.Gap(
            account: "production", dataset: "serverless.logs", serviceSid: nil, environmentSid: "ZE1",
            from: now - age - .seconds(1), to: now - age, reason: "there were too many", foundAt: now - age)
    }

    static func search(failures: Int = 0, state: String = "ok") -> StatusReport.Discovery {
        StatusReport.Discovery(
            name: "production serverless.logs", state: state, found: 2, succeededAt: now, intervalSeconds: 300,
            failures: failures, lastError: failures > 0 ? "answered 503" : nil, lastErrorAt: nil)
    }
}

/// The settings of one account, `production`, and a file sink.
func settings(account: String = "", events: String = "") throws -> ResolvedSettings {
    let text = """
        [[account]]
        name = "production"
        account_sid = "AC00000000000000000000000000000001"
        secret = "env:TWILIO_SECRET"
        \(account)
        [account.events]
        \(events)

        [[sink]]
        name = "archive"
        type = "file"
        path = "/tmp/{account}.jsonl"
        """
    return try SettingsFile.load(text: Array(text.utf8), named: "twilship.toml")
}
