import PipelineCore
import Synchronization

/// Bounds how many passes over long stretches of time are gathered at once on one rate limit: enough to keep it busy
/// however slow the answers are, few enough that those begun are finished before others begin.
///
/// Each urgency has slots of its own, given in the order in which they were asked for.
package final class PassSlots: Sendable {
    /// Eight requests under way keep 4 requests/s busy when an answer takes two seconds.
    package static let perUrgency = 8
    /// Live polls have so many that streams that are not answered for a minute do not hold up the others. Who waits
    /// here takes a tenth of the memory of who waits for the rate limit.
    static let live = 128

    private struct State {
        var free: [Urgency: Int] = [:]
        var waiters: [Urgency: [(id: UInt64, continuation: CheckedContinuation<Bool, Never>)]] = [:]
        var nextID: UInt64 = 0
    }

    private let state = Mutex(State())

    package init() {}

    /// Runs `body` when there is a slot.
    /// - Throws: `SourceError.cancelled`, and what `body` throws.
    func with<Value: Sendable>(
        _ urgency: Urgency, _ body: () async throws(SourceError) -> Value
    ) async throws(SourceError) -> Value {
        guard await acquire(urgency) else { throw .cancelled }
        defer { release(urgency) }
        return try await body()
    }

    private static func slots(of urgency: Urgency) -> Int { urgency == .live ? live : perUrgency }

    private func acquire(_ urgency: Urgency) async -> Bool {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isGranted: Bool? = state.withLock { state in
                    if Task.isCancelled { return false }
                    let free = state.free[urgency] ?? Self.slots(of: urgency)
                    if free > 0 {
                        state.free[urgency] = free - 1
                        return true
                    }
                    state.waiters[urgency, default: []].append((id, continuation))
                    return nil
                }
                if let isGranted { continuation.resume(returning: isGranted) }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                state.waiters[urgency]?.firstIndex { $0.id == id }.flatMap { state.waiters[urgency]?.remove(at: $0) }
            }
            waiter?.continuation.resume(returning: false)
        }
    }

    private func release(_ urgency: Urgency) {
        let next = state.withLock { state in
            guard state.waiters[urgency]?.isEmpty == false else {
                state.free[urgency] = (state.free[urgency] ?? Self.slots(of: urgency)) + 1
                return nil as CheckedContinuation<Bool, Never>?
            }
            return state.waiters[urgency]?.removeFirst().continuation
        }
        next?.resume(returning: true)
    }
}
