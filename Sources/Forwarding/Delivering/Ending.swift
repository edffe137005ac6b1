import Synchronization

/// Tells dispatchers that no more records will come, and how patient to be with what is left.
package final class Ending: Sendable {
    package enum Kind: Sendable {
        /// Deliver everything, however often it must be tried.
        case whenDelivered
        /// Deliver what can be delivered at once; a sink that fails is left as it is.
        case soon
        /// Send nothing more; only what is on its way is waited for.
        case atOnce
    }

    private struct State {
        var kind: Kind?
        var waiters: [UInt64: AsyncStream<Void>.Continuation] = [:]
        var next: UInt64 = 0
    }

    private let state = Mutex(State())

    package init() {}

    /// Nil while records may still come.
    package var now: Kind? { state.withLock { $0.kind } }

    package func request(_ kind: Kind) {
        let waiters = state.withLock { state in
            state.kind = kind
            return Array(state.waiters.values)
        }
        for waiter in waiters { waiter.yield() }
    }

    /// Yields whenever an ending is requested, those before included; requests that nobody waited for are one.
    func requests() -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let id = state.withLock { state in
            state.next += 1
            state.waiters[state.next] = continuation
            return state.next
        }
        continuation.onTermination = { [weak self] _ in
            self?.state.withLock { _ = $0.waiters.removeValue(forKey: id) }
        }
        continuation.yield()
        return stream
    }
}
