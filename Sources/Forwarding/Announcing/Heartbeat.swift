import PipelineCore
import Spooling

/// How an account's heartbeat is made.
struct Heartbeat: Sendable {
    let interval: Duration
    let version: String

    /// Facts of `twilship.heartbeat`.
    private struct Facts: Encodable {
        let account: String
        let version: String
        let intervalSeconds: Double
        let datasets: [DatasetFacts]
        let sinks: [SinkFacts]
        /// Disk used by records.
        let spoolBytes: Int
        /// The account's, recorded ones that are still known.
        let gaps: Int
    }

    private struct DatasetFacts: Encodable {
        let dataset: String
        /// Those that are not gone at Twilio.
        let streams: Int
        let streamsFailing: Int
        /// Of the stream that is furthest behind.
        let completeUpTo: Timestamp?
        let lagSeconds: Double?
        /// Records that were new to us: of the last 400 days, and since midnight UTC.
        let collected: Int
        let collectedToday: Int
    }

    struct SinkFacts: Encodable, Sendable {
        let sink: String
        let state: String?
        let waiting: Int64
        /// When the oldest record that waits was collected.
        let oldestWaiting: Timestamp?
        let oldestWaitingSeconds: Double?
        /// Ever.
        let delivered: Int64
    }

    /// How all attached sinks stand, the same for every account.
    func sinks(_ summary: StateSummary, _ board: StatusBoard.Contents, at now: Timestamp) -> [SinkFacts] {
        summary.sinks.filter { !$0.isDetached }.map { sink in
            SinkFacts(
                sink: sink.name, state: board.sinks[sink.name]?.state.rawValue, waiting: sink.backlog,
                oldestWaiting: sink.oldestWaiting,
                oldestWaitingSeconds: sink.oldestWaiting.map { max(0, (now - $0).inSeconds) },
                delivered: sink.delivered)
        }
    }

    func announcement(
        of account: Herald.Account, _ summary: StateSummary, _ board: StatusBoard.Contents, _ sinks: [SinkFacts],
        at now: Timestamp
    ) throws -> Announcement {
        let streams = summary.streams.filter { $0.key.accountSID == account.sid }
        let datasets = Dataset.allCases.compactMap { dataset -> DatasetFacts? in
            let its = streams.filter { $0.key.dataset == dataset }
            guard !its.isEmpty else { return nil }
            let living = its.filter { $0.retiredAt == nil }
            let oldest = living.map(\.completeUpTo).min()
            return DatasetFacts(
                dataset: dataset.rawValue, streams: living.count,
                streamsFailing: living.count { (board.streams[$0.key]?.failures ?? 0) > 0 },
                completeUpTo: oldest, lagSeconds: oldest.map { max(0, (now - $0).inSeconds) },
                collected: its.reduce(0) { $0 + $1.taken }, collectedToday: its.reduce(0) { $0 + $1.takenToday })
        }
        let facts = Facts(
            account: account.name, version: version, intervalSeconds: interval.inSeconds, datasets: datasets,
            sinks: sinks, spoolBytes: summary.spoolBytes, gaps: summary.gaps.count { $0.key.accountSID == account.sid })
        return try Announcement(
            .heartbeat, .info, account: account.name, accountSID: account.sid,
            message: "\(account.name): \(Self.sentence(datasets, sinks))", facts: facts, at: now)
    }

    private static func sentence(_ datasets: [DatasetFacts], _ sinks: [SinkFacts]) -> String {
        let read = datasets.map { dataset in
            "\(dataset.dataset) complete up to \(dataset.completeUpTo?.rfc3339Seconds ?? "nothing yet")"
        }
        let waiting = sinks.map(\.waiting).max() ?? 0
        return (read.isEmpty ? "nothing is read yet" : read.joined(separator: ", "))
            + "; \(waiting) records wait for the slowest sink"
    }
}
