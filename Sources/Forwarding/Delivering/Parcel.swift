import PipelineCore
import Spooling

/// Records that are sent together until the fate of each is known: a batch over all its attempts.
struct Parcel: Sendable {
    enum State: Sendable {
        /// To be sent, or sent again.
        case ready
        /// The sink has it.
        case underWay
        /// The other end has it in order, and is yet to confirm it.
        case handedOver
        /// A single record that was refused while nothing else was accepted.
        case suspect
        /// The fate of each record is known and is to be noted.
        case decided

        /// Whether the sink is yet to answer.
        var isOutstanding: Bool { self == .underWay || self == .handedOver }
        /// Whether records of the parcel's streams must not overtake it.
        var blocksStreams: Bool { self == .ready || self == .underWay }
    }

    let id: Int
    /// What its settling covers.
    let sequences: ClosedRange<Int64>
    /// Those whose fate is open; none of a parcel that is shelved.
    var records: [SpooledRecord]
    var filtered: [Int64] = []
    var rejected: [Settlement.Rejection] = []
    /// Whose records they are.
    let streams: Set<StreamID>
    /// Whether it is behind what is collected live.
    let isAside: Bool
    /// Whether its cut is saved, if it is one that must be.
    var isPinned = false
    /// Parcels that were one once.
    let family: Int
    var state = State.ready
    var attempts = 0
    /// Counts all attempts of the sink: when this one was tried last.
    var lastTried = 0
    /// The other end fails at it since then.
    var faultsSince: ContinuousClock.Instant?
    var faults = 0
    /// How often others were accepted after it was refused alone.
    var chances = 0
    /// Why it was not accepted.
    var reason = ""
    /// Whether its records were let go of when it was handed over: if they are needed again, they are in the spool.
    var isShelved = false
    /// What the sink wants to remember of it.
    var sinkState: SinkState = [:]

    /// What the lines of its records take.
    var bytes: Int { records.reduce(0) { $0 + $1.entry.line.count } }

    var blocksItsStreams: Bool { state.blocksStreams }

    /// By the spool's order.
    static func isBefore(_ left: Parcel, _ right: Parcel) -> Bool {
        left.sequences.lowerBound < right.sequences.lowerBound
    }
}
