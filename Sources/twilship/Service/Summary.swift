import Forwarding
import Logging
import PipelineCore
import ServiceLifecycle
import Spooling

/// How collecting and delivering went, in one line of the log every few minutes.
struct Summary {
    static let interval: Duration = .seconds(300)

    /// What has happened so far.
    private struct Totals {
        var collected = 0
        var requests = 0
        var retries = 0
        var delivered: Int64 = 0
        var deadLetters: Int64 = 0

        init() {}

        init(_ board: StatusBoard.Contents, _ state: StateSummary) {
            collected = board.streams.values.reduce(0) { $0 + $1.taken }
            requests = board.streams.values.reduce(0) { $0 + $1.requests }
            retries = board.sinks.values.reduce(0) { $0 + $1.retries }
            delivered = state.sinks.reduce(0) { $0 + $1.delivered }
            deadLetters = state.sinks.reduce(0) { $0 + $1.rejected }
        }
    }

    private var before: Totals?

    /// What has happened since the last call, and how things stand.
    mutating func next(_ board: StatusBoard.Contents, _ state: StateSummary, at now: Timestamp) -> Logger.Metadata {
        let after = Totals(board, state)
        defer { before = after }
        let before = before ?? Totals()
        let sinks = state.sinks.filter { !$0.isDetached }
        var metadata: Logger.Metadata = [
            "message_id": "\(LogKind.summary)",
            // What a stream that is gone had counted is not there any more.
            "records_in": "\(max(0, after.collected - before.collected))",
            "records_out": "\(max(0, after.delivered - before.delivered))",
            "requests": "\(max(0, after.requests - before.requests))",
            "retries": "\(max(0, after.retries - before.retries))",
            "dead_letters": "\(max(0, after.deadLetters - before.deadLetters))",
            "backlog": "\(sinks.map(\.backlog).max() ?? 0)",
            "streams_failing": "\(board.streams.values.count { $0.failures > 0 })",
            "sinks_failing": "\(board.sinks.values.count { $0.attempts > 0 })",
        ]
        if let completeUpTo = state.completeUpTo {
            metadata["lag_seconds"] = "\(max(0, (now - completeUpTo).components.seconds))"
        }
        return metadata
    }
}

extension StateSummary {
    /// Of the stream that is furthest behind; nil without any.
    var completeUpTo: Timestamp? {
        streams.filter { $0.retiredAt == nil }.map(\.completeUpTo).min()
    }
}

/// Logs the summary.
struct SummaryService: Service {
    let assembly: Assembly
    let clock: any PipelineClock
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var summary = Summary()
            // What was counted before this process began is not its doing.
            if let state = try? await assembly.spool.stateSummary() {
                _ = summary.next(assembly.board.now, state, at: clock.wallNow)
            }
            while (try? await clock.sleep(for: Summary.interval)) != nil {
                // If it cannot be had, that is told elsewhere.
                guard let state = try? await assembly.spool.stateSummary() else { continue }
                logger.info("summary", metadata: summary.next(assembly.board.now, state, at: clock.wallNow))
            }
        }
        try await gracefulShutdown()
    }
}
