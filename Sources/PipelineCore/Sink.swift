/// Something records are delivered to.
///
/// A sink reports; it does not retry, sleep or know the spool: the dispatcher decides about retries and limits, and never
/// calls `deliver` again before the last call returned.
package protocol Sink: Sendable {
    /// Delivers a batch whole, or says why not.
    ///
    /// The same records may come again after `retry`, and after a crash between delivery and settling.
    func deliver(_ batch: Batch) async -> Delivery

    /// Lets go of files and connections. No `deliver` follows.
    func close() async
}

/// What became of a batch.
package enum Delivery: Sendable {
    /// The other end has it. `state` is saved together with the sink's position, in one transaction.
    case accepted(state: SinkState = [:])
    /// Nothing can be said to have arrived; the same batch is to be tried again, after `after` at the earliest.
    case retry(after: Duration? = nil, reason: String)
}

/// What a sink wants to remember, by key; a nil value removes the key.
package typealias SinkState = [String: [UInt8]?]

/// Where a sink keeps what it must remember between batches; durable when `save` returns.
package protocol SinkStateStore: Sendable {
    func load() async throws -> [String: [UInt8]]
    func save(_ changes: SinkState) async throws
}
