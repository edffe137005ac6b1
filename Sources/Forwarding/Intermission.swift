import Synchronization

/// Stops work for as long as somebody changes what it rests on, and has it begun anew afterwards.
///
/// - While `hold` runs its body, the work does not run: it was cancelled and has ended.
/// - Work that has ended by itself, or was cancelled by others, is not begun anew.
final class Intermission: Sendable {
    private struct State {
        var holders = 0
        /// Ends the work that runs now; nil if none does.
        var stop: Stop?
        var waitingForEnd: [CheckedContinuation<Void, Never>] = []
        var waitingForRelease: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    /// Runs `work` until it ends without being held.
    func run(_ work: @escaping @Sendable () async -> Void) async {
        repeat {
            let stop = Stop()
            while !begin(stop) { await released() }
            await stop.run(work)
        } while ended() && !Task.isCancelled
    }

    /// Runs `body` while the work does not run.
    func hold<Value>(_ body: () async throws -> Value) async rethrows -> Value {
        let stop = state.withLock { state in
            state.holders += 1
            return state.stop
        }
        stop?.stop()
        await withCheckedContinuation { continuation in
            let isIdle = state.withLock { state in
                if state.stop != nil { state.waitingForEnd.append(continuation) }
                return state.stop == nil
            }
            if isIdle { continuation.resume() }
        }
        defer { release() }
        return try await body()
    }

    /// Notes that the work runs; not while it is held.
    private func begin(_ stop: Stop) -> Bool {
        state.withLock { state in
            if state.holders == 0 { state.stop = stop }
            return state.holders == 0
        }
    }

    private func release() {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            state.holders -= 1
            guard state.holders == 0 else { return nil }
            defer { state.waitingForRelease = nil }
            return state.waitingForRelease
        }
        waiter?.resume()
    }

    /// Waits until nobody holds it. A body is a few writes to the state, so that is soon.
    private func released() async {
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { state in
                if state.holders > 0 { state.waitingForRelease = continuation }
                return state.holders == 0
            }
            if isFree { continuation.resume() }
        }
    }

    /// Notes that the work has ended.
    /// - Returns: whether it was held, and is to be begun anew.
    private func ended() -> Bool {
        let (isHeld, waiters) = state.withLock { state in
            defer {
                state.stop = nil
                state.waitingForEnd = []
            }
            return (state.holders > 0, state.waitingForEnd)
        }
        for waiter in waiters { waiter.resume() }
        return isHeld
    }
}
