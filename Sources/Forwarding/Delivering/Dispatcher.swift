package import Logging
package import PipelineCore
package import Spooling

/// Brings the spool's records to one sink, and settles what became of them.
///
/// - Records of a stream leave in order; those of different streams may overtake each other when several batches are on
///   their way. What is read long afterwards on purpose (backfills), and what is sent once more on demand, goes behind
///   everything that is collected live.
/// - A batch is sent until its records are accepted or given up (`DeliveryQueue`); only then is it settled.
/// - What was accepted and cannot be noted is not sent again by this process: the noting is repeated.
/// - Nothing here stops because a sink is down, and no sink waits for another.
package struct Dispatcher: Sendable {
    package struct Options: Sendable {
        /// As in `[sink.batch]`.
        package var maximumRecords: Int
        package var maximumBytes: Int
        /// How long records wait for a batch to fill while others are on their way.
        package var maximumWait: Duration
        package var inFlight: Int
        /// As in `[sink.retry]`.
        package var initialBackoff: Duration
        package var longestBackoff: Duration
        /// Names what, beside the records, decides about a batch's bytes: format and filter. Letters and digits.
        package var form: String

        package init(
            maximumRecords: Int, maximumBytes: Int, maximumWait: Duration = .zero, inFlight: Int = 1,
            initialBackoff: Duration,
            longestBackoff: Duration, form: String = "0"
        ) {
            self.maximumRecords = maximumRecords
            self.maximumBytes = maximumBytes
            self.maximumWait = maximumWait
            self.inFlight = inFlight
            self.initialBackoff = initialBackoff
            self.longestBackoff = longestBackoff
            self.form = form
        }
    }

    let name: String
    let sink: any Sink
    let filter: RecordFilter
    let options: Options
    let spool: Spool
    let clock: any PipelineClock
    let board: StatusBoard
    let ending: Ending
    /// Of this dispatcher alone.
    private let recalled = Ending()
    let pulse: Pulse
    let logger: Logger

    package init(
        name: String, sink: any Sink, filter: RecordFilter, options: Options, spool: Spool, clock: any PipelineClock,
        board: StatusBoard, ending: Ending, pulse: Pulse? = nil, logger: Logger
    ) {
        self.name = name
        self.sink = sink
        self.filter = filter
        self.options = options
        self.spool = spool
        self.clock = clock
        self.board = board
        self.ending = ending
        self.pulse = pulse ?? Pulse(clock: clock)
        var logger = logger
        logger[metadataKey: "sink.name"] = "\(name)"
        self.logger = logger
    }

    /// Has `run` end as soon as what is on its way is settled; another dispatcher may go on for the sink then.
    package func recall() { recalled.request(.atOnce) }

    /// How to end, and whether.
    var endingNow: Ending.Kind? { recalled.now ?? ending.now }

    /// Delivers what is not settled yet, until `ending` says when to stop, it is recalled or the task is cancelled.
    package func run() async {
        board.update(sink: name) { $0.guarantee = sink.guarantee.rawValue }
        let pulseName = "sink \(name)"
        pulse.begin(pulseName)
        defer { pulse.end(pulseName) }
        let (events, inbox) = AsyncStream.makeStream(of: DeliveryRun.Event.self)
        await withDiscardingTaskGroup { group in
            // Records, settlements and the ending all wake the loop; what happens while it works is not missed.
            for wakeUps in [await spool.changes(), ending.requests(), recalled.requests()] {
                group.addTask {
                    for await _ in wakeUps { inbox.yield(.changed) }
                }
            }
            group.addTask { await pulse.keep { inbox.yield(.pulse) } }
            var run = DeliveryRun(self, inbox)
            for await event in events {
                pulse.beat(pulseName)
                if case .pulse = event { continue }
                guard await run.take(event, &group) else { break }
            }
            group.cancelAll()
        }
        await sink.close()
    }

    /// What was read again for another sink is not for this one.
    func wants(_ record: SpooledRecord) -> Bool {
        (record.target == nil || record.target == name) && filter.passes(record)
    }
}
