package import Logging
package import Normalising
package import PipelineCore
package import Spooling

/// Collects one stream: asks the planner for windows, reads them, removes what was taken before, and appends the rest
/// to the spool together with the progress made.
///
/// Whatever goes wrong, nothing counts as read that was not appended: the same window is asked for again.
package final class Ingestor: Sendable {
    package struct Stream: Sendable {
        package let key: StreamKey
        /// The account's label.
        package let account: String
        /// What people call the service and the environment.
        package let names: StreamNames
        package let source: any Source
        /// Makes another source of the same records, with requests counted apart, for what works from the side.
        package let makeSideSource: @Sendable () -> any Source
        package let plan: CollectionPlan
        /// Where collection of a stream that was never seen begins.
        package let start: StreamStart

        package init(
            key: StreamKey, account: String, names: StreamNames = StreamNames(), plan: CollectionPlan,
            start: StreamStart, makeSource: @escaping @Sendable () -> any Source
        ) {
            self.key = key
            self.account = account
            self.names = names
            source = makeSource()
            makeSideSource = makeSource
            self.plan = plan
            self.start = start
        }
    }

    /// What the streams of one rate limit share; `memory` all streams.
    package struct Sharing: Sendable {
        package let pacer: PollPacer
        package let slots: PassSlots
        package let memory: MemoryBudget
        package let troubles: TroubleLog
        /// Nil without `max_reads_per_day`.
        package let allowance: ReadAllowance?

        package init(
            pacer: PollPacer, slots: PassSlots, memory: MemoryBudget, troubles: TroubleLog,
            allowance: ReadAllowance? = nil
        ) {
            self.pacer = pacer
            self.slots = slots
            self.memory = memory
            self.troubles = troubles
            self.allowance = allowance
        }
    }

    /// Where collected records go, and who is told.
    package struct Surroundings: Sendable {
        package let spool: Spool
        package let normaliser: Normaliser
        package let clock: any PipelineClock
        package let board: StatusBoard
        package let logger: Logger
        package let registry: StreamRegistry
        package let pulse: Pulse

        package init(
            spool: Spool, normaliser: Normaliser, clock: any PipelineClock, board: StatusBoard, logger: Logger,
            registry: StreamRegistry = StreamRegistry(), pulse: Pulse? = nil
        ) {
            self.pulse = pulse ?? Pulse(clock: clock)
            self.registry = registry
            self.spool = spool
            self.normaliser = normaliser
            self.clock = clock
            self.board = board
            self.logger = logger
        }
    }

    package let stream: Stream
    package let sharing: Sharing
    package let surroundings: Surroundings
    let logger: Logger
    /// Called when Twilio says that what the stream reads is gone.
    let whenGone: @Sendable () -> Void

    package init(
        stream: Stream, sharing: Sharing, surroundings: Surroundings, whenGone: @escaping @Sendable () -> Void = {}
    ) {
        self.stream = stream
        self.sharing = sharing
        self.surroundings = surroundings
        self.whenGone = whenGone
        var logger = surroundings.logger
        logger[metadataKey: "source.account"] = "\(stream.account)"
        logger[metadataKey: "source.stream"] = "\(stream.key)"
        self.logger = logger
    }

    /// How long Twilio keeps records at least; events of some editions 13 months.
    static let retention: Duration = .seconds(30 * 86_400)
    /// How often identities that nothing will be compared with any more are forgotten.
    static let compactionInterval: Duration = .seconds(600)
    /// A record this much older than the first unfinished instant is remembered still: servers round.
    static let compactionMargin: Duration = .seconds(3600)

    package enum Mode: Sendable {
        /// Until the task is cancelled.
        case service
        /// Until everything that was there at the server's first answer has been read.
        case once
        /// Not at all: the stream is only entered in the registry, for what works on it from the side.
        case enlist
    }

    package func run(_ mode: Mode = .service) async {
        let intermission = Intermission()
        surroundings.registry.add(self, mode == .enlist ? nil : intermission)
        if mode == .enlist { return }
        sharing.pacer.join(stream.key, base: stream.plan.pollInterval)
        defer {
            surroundings.registry.remove(stream.key)
            sharing.pacer.leave(stream.key)
            sharing.troubles.left(stream.key)
        }
        await intermission.run {
            var collection = Collection(self, once: mode == .once)
            await collection.run()
        }
    }
}

/// Where collection of a stream begins that was never seen.
package enum StreamStart: Sendable, Equatable {
    case ago(Duration)
    case at(Timestamp)

    package func instant(_ now: Timestamp) -> Timestamp {
        switch self {
        case .ago(let duration): now - duration
        case .at(let instant): instant
        }
    }
}
