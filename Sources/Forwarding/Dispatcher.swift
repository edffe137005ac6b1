package import Logging
package import PipelineCore
package import Spooling

/// Brings the spool's records to one sink, in order, and settles what was accepted.
///
/// - A batch is sent until the sink accepts it; its place in the spool moves only then.
/// - An accepted batch whose settling fails is not sent again by this process: the settling is repeated.
/// - Nothing here stops because a sink is down, and no sink waits for another.
package struct Dispatcher: Sendable {
    package struct Options: Sendable {
        /// As in `[sink.batch]`.
        package var maximumRecords: Int
        package var maximumBytes: Int
        /// As in `[sink.retry]`.
        package var initialBackoff: Duration
        package var longestBackoff: Duration

        package init(maximumRecords: Int, maximumBytes: Int, initialBackoff: Duration, longestBackoff: Duration) {
            self.maximumRecords = maximumRecords
            self.maximumBytes = maximumBytes
            self.initialBackoff = initialBackoff
            self.longestBackoff = longestBackoff
        }
    }

    /// A Retry-After beyond this is not believed.
    static let longestRetryAfter: Duration = .seconds(15 * 60)

    let name: String
    let sink: any Sink
    let filter: RecordFilter
    let options: Options
    let spool: Spool
    let clock: any PipelineClock
    let board: StatusBoard
    let ending: Ending
    let logger: Logger

    package init(
        name: String, sink: any Sink, filter: RecordFilter, options: Options, spool: Spool, clock: any PipelineClock,
        board: StatusBoard, ending: Ending, logger: Logger
    ) {
        self.name = name
        self.sink = sink
        self.filter = filter
        self.options = options
        self.spool = spool
        self.clock = clock
        self.board = board
        self.ending = ending
        var logger = logger
        logger[metadataKey: "sink.name"] = "\(name)"
        self.logger = logger
    }

    /// Delivers from `position` on, until `ending` says when to stop or the task is cancelled.
    package func run(from position: Int64) async {
        var position = position
        var retry = Retry(name: name, options: options, board: board, clock: clock, logger: logger)
        // Records and the ending both wake the loop; what happens while it works is not missed.
        for await _ in await ending.wakeUps(with: spool.changes()) {
            // Asked before the spool is: what was appended before the ending is still delivered.
            let isEnding = ending.now != nil
            do {
                while let last = try await deliverNext(after: position, &retry) { position = last }
                retry.succeeded()
            } catch is CancellationError {
                break
            } catch {
                // The spool could not be read, or an ending cut the retries short.
                if ending.now == .soon { break }
                if (try? await ending.sleep(for: retry.failed(reason: "\(error)", retryAfter: nil), clock)) == nil {
                    break
                }
                ending.wake()
                continue
            }
            if isEnding { break }
        }
        await sink.close()
    }

    /// Delivers and settles the next batch.
    /// - Returns: the new position; nil if there is nothing to deliver.
    private func deliverNext(after position: Int64, _ retry: inout Retry) async throws -> Int64? {
        let records = try await spool.read(
            after: position, maximumRecords: options.maximumRecords, maximumBytes: options.maximumBytes)
        guard let first = records.first, let last = records.last else { return nil }
        let wanted = records.filter(wants)
        var state: SinkState = [:]
        var attempts = 0
        if !wanted.isEmpty {
            let batch = Batch(records: wanted)
            board.update(sink: name) { if $0.state == .idle { $0.state = .delivering } }
            deliver: while true {
                attempts += 1
                switch await sink.deliver(batch) {
                case .accepted(let accepted):
                    state = accepted
                    break deliver
                case .retry(let after, let reason):
                    let pause = retry.failed(reason: reason, retryAfter: after)
                    try await ending.sleep(for: pause, clock)
                case .split(let reason), .hold(let reason), .fault(_, let reason):
                    let pause = retry.failed(reason: reason, retryAfter: nil)
                    try await ending.sleep(for: pause, clock)
                case .perRecord:
                    let pause = retry.failed(reason: "some records were not accepted", retryAfter: nil)
                    try await ending.sleep(for: pause, clock)
                }
            }
        }
        let settlement = Settlement(
            sink: name, sequences: first.sequence...last.sequence,
            filtered: wanted.count == records.count ? [] : records.filter { !wants($0) }.map(\.sequence),
            attempts: attempts, state: state)
        try await settle(settlement, &retry)
        retry.succeeded()
        return last.sequence
    }

    /// What was read again for another sink is not for this one.
    private func wants(_ record: SpooledRecord) -> Bool {
        (record.target == nil || record.target == name) && filter.passes(record)
    }

    private func settle(_ settlement: Settlement, _ retry: inout Retry) async throws {
        while true {
            do {
                return try await spool.settle(settlement)
            } catch let error as SpoolError {
                let pause = retry.failed(reason: "the delivery cannot be noted: \(error)", retryAfter: nil)
                try await ending.sleep(for: pause, clock)
            }
        }
    }
}

/// A sink's failures in a row: how long to pause, and what to say how often.
private struct Retry {
    let name: String
    let board: StatusBoard
    let clock: any PipelineClock
    let logger: Logger
    private var backoff: Backoff
    private var failures = 0

    init(name: String, options: Dispatcher.Options, board: StatusBoard, clock: any PipelineClock, logger: Logger) {
        self.name = name
        self.board = board
        self.clock = clock
        self.logger = logger
        backoff = Backoff(initial: options.initialBackoff, limit: options.longestBackoff)
    }

    mutating func failed(reason: String, retryAfter: Duration?) -> Duration {
        var random = ClockRandomness(clock)
        let pause = max(
            backoff.next(using: &random), min(retryAfter ?? .zero, Dispatcher.longestRetryAfter))
        failures += 1
        if failures & (failures - 1) == 0 {
            logger.warning(
                "delivery fails; the records are kept and sent again",
                metadata: [
                    "reason": "\(reason)", "failures": "\(failures)",
                    "next_try_seconds": "\(Int(pause.inSeconds.rounded(.up)))",
                ])
        }
        let (count, time) = (failures, clock.wallNow)
        board.update(sink: name) { status in
            status.state = .retrying
            status.attempts = count
            status.retries += 1
            status.lastError = reason
            status.lastErrorAt = time
        }
        return pause
    }

    mutating func succeeded() {
        if failures > 0 {
            logger.notice("delivery works again", metadata: ["failures": "\(failures)"])
            failures = 0
            backoff.reset()
        }
        board.update(sink: name) { status in
            status.state = .idle
            status.attempts = 0
        }
    }
}
