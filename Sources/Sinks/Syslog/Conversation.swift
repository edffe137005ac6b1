import PipelineCore
import Transport

/// A batch on its way over a connection.
struct Parcel: Sendable {
    let id: UInt64
    /// The messages one after the other, framed if the conversation does not frame them itself. Let go of when sent.
    var bytes: [UInt8]
    /// Of each message, for conversations that frame them themselves; else empty.
    let messages: [Message]

    struct Message: Sendable {
        /// Where it ends in `bytes`.
        let end: Int
        /// The record's `SpooledRecord.sequence`.
        let sequence: Int64
    }
}

/// What became of a parcel.
enum ParcelEvent {
    /// All of it is on its way, in order.
    case handedOver(UInt64)
    case done(UInt64, Delivery)
}

/// What is said over a connection, and what the answers, or their absence, mean: parcels go in, bytes and events come
/// out. It knows no socket and no thread; time comes in.
///
/// When the connection breaks, everything that was added ends with it: what is young must not overtake what is old.
protocol Conversation {
    /// Whether a connection is needed.
    var hasWork: Bool { get }
    /// When `check` is to be called next, at the latest.
    func deadline(_ now: ContinuousClock.Instant) -> ContinuousClock.Instant?

    mutating func add(_ parcel: Parcel)
    /// Lets go of a parcel that was not begun; of others not.
    mutating func withdraw(_ id: UInt64)
    mutating func connected(_ now: ContinuousClock.Instant)
    /// Offers what is due, piece by piece, until `take` takes 0 bytes.
    /// - Returns: whether something is left for which there was no room.
    mutating func send(
        _ now: ContinuousClock.Instant, _ take: (RawSpan) throws(TransportError) -> Int
    ) throws(TransportError) -> Bool
    mutating func received(_ bytes: RawSpan) throws(ConversationError)
    /// Looks at what the kernel says, after everything was received that there was.
    mutating func check(unacknowledged: Int, _ now: ContinuousClock.Instant) throws(ConversationError)
    /// The connection is gone, or there was none to be had. `outcome`: what it means for what is under way; a fault if
    /// the other end ended a connection that had worked.
    mutating func broke(_ outcome: Delivery)
    /// Says goodbye, if that is usual; then `isOver` tells when the other end has heard it.
    mutating func sayGoodbye()
    var isOver: Bool { get }

    mutating func takeEvents() -> [ParcelEvent]
}

/// Why a connection cannot be used any more although it is not broken.
struct ConversationError: Error {
    let outcome: Delivery
}
