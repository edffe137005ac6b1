/// Something records are delivered to.
///
/// A sink reports; it does not retry, sleep or know the spool: the dispatcher decides about retries, limits and dead
/// letters.
///
/// - At most `outstanding` batches are given to a sink at a time, and none of them shares a stream with an earlier one
///   that was neither settled nor handed over: so records of a stream leave in order.
/// - The same records may come again after `retry`, and after a crash between delivery and settling.
package protocol Sink: Sendable {
    /// What an accepted batch stands for.
    var guarantee: DeliveryGuarantee { get }

    /// How many batches may be on their way at once, handed over and not yet accepted included; at least 1.
    var outstanding: Int { get }

    /// Whether a batch that is sent again must hold the same records even after a restart: where the other end
    /// recognises what it has by `Batch.key`. It costs a write to the state for each batch.
    var pinsBatches: Bool { get }

    /// Delivers a batch, or says why not. It is the sink's own: what waits long to be confirmed can let go of it.
    /// - Parameter handedOver: to be called when the other end has the whole batch in order behind the earlier ones,
    ///   although it has not said yet that it will keep it: batches of the same streams may then follow before this
    ///   call returns. More than one call is one.
    func deliver(_ batch: consuming Batch, handedOver: @escaping @Sendable () -> Void) async -> Delivery

    /// Lets go of files and connections. No `deliver` follows.
    func close() async
}

extension Sink {
    /// Delivers a batch; for who does not send another one before that is done.
    package func deliver(_ batch: Batch) async -> Delivery {
        await deliver(batch) {}
    }
}

/// What it stands for that a sink accepted a batch, as `status` names it.
package enum DeliveryGuarantee: String, Sendable, CaseIterable {
    /// Each record is there once, whatever the moment of a crash.
    case exactlyOnce = "exactly-once"
    /// The other end said that it has it.
    case atLeastOnce = "at-least-once"
    /// The kernel of the first machine on the way acknowledged it, and the connection stayed healthy for a while.
    case firstKernel = "first-kernel"
    /// It was given to the system; nobody answers.
    case bestEffort = "best-effort"
}

/// What became of a batch.
package enum Delivery: Sendable {
    /// The other end has it. `state` is saved together with the sink's position, in one transaction.
    case accepted(state: SinkState = [:])
    /// Nothing can be said to have arrived; the same batch is to be tried again, after `after` at the earliest.
    case retry(after: Duration? = nil, reason: String)
    /// The other end answered, and failed at it (an HTTP 5xx). As `retry`; but if that goes on for long, one of the
    /// records may be to blame, and they are sent in halves.
    case fault(after: Duration? = nil, reason: String)
    /// The other end will not take these together: there are too many, or one of them is refused and it does not say
    /// which. Of a single record it means that this one is refused.
    case split(reason: String)
    /// What became of each record, in the batch's order. The accepted ones are there.
    case perRecord([Verdict])
    /// No batch has a chance before somebody sees to it: a credential, a path or a certificate is refused.
    case hold(reason: String)
}

/// What became of one record.
package enum Verdict: Sendable, Equatable {
    case accepted
    /// It is to be tried again, after `after` at the earliest.
    case retry(after: Duration? = nil, reason: String)
    /// It is refused for good.
    case rejected(reason: String)
}

/// What a sink wants to remember, by key; a nil value removes the key.
package typealias SinkState = [String: [UInt8]?]

/// Where a sink keeps what it must remember between batches; durable when `save` returns.
package protocol SinkStateStore: Sendable {
    func load() async throws -> [String: [UInt8]]
    func save(_ changes: SinkState) async throws
}
