import PipelineCore
import Synchronization

/// Tells dispatchers that no more records will come, and how patient to be with what is left.
package final class Ending: Sendable {
    package enum Kind: Sendable {
        /// Deliver everything, however often it must be tried.
        case whenDelivered
        /// Deliver what can be delivered at once; a sink that fails is left as it is.
        case soon
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

    /// Wakes everyone who listens, once.
    func wake() {
        for waiter in state.withLock({ Array($0.waiters.values) }) { waiter.yield() }
    }

    /// Yields for each of `changes` and when an ending is requested; wake-ups that nobody waited for are one.
    func wakeUps(with changes: AsyncStream<Void>) -> AsyncStream<Void> {
        let (stream, id) = listen()
        let forwarder = Task { [weak self] in
            for await _ in changes { self?.wake(id) }
        }
        state.withLock { $0.waiters[id] }?.onTermination = { [weak self] _ in
            forwarder.cancel()
            self?.state.withLock { _ = $0.waiters.removeValue(forKey: id) }
        }
        return stream
    }

    /// Sleeps, but not past a request to end soon.
    /// - Throws: `CancellationError` when the task is cancelled or it is to end soon.
    func sleep(for duration: Duration, _ clock: any PipelineClock) async throws {
        let (requests, id) = listen()
        defer { state.withLock { _ = $0.waiters.removeValue(forKey: id) } }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await clock.sleep(for: duration) }
            group.addTask { [self] in
                for await _ in requests where now == .soon { throw CancellationError() }
            }
            defer { group.cancelAll() }
            try await group.next()
            // A cancelled listener ends without an error.
            try Task.checkCancellation()
        }
    }

    private func listen() -> (AsyncStream<Void>, UInt64) {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let id = state.withLock { state in
            state.next += 1
            state.waiters[state.next] = continuation
            return state.next
        }
        continuation.yield()
        return (stream, id)
    }

    private func wake(_ id: UInt64) {
        state.withLock { $0.waiters[id] }?.yield()
    }
}
