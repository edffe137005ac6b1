import PipelineCore
import Synchronization

/// The time of a `VirtualClock`, who sleeps in it, and the run that it passes for.
final class VirtualTime: Sendable {
    private struct Run {
        let id: Int
        let fail: @Sendable (any Error) -> Void
        var isWatched = false
    }

    private struct State {
        /// Wall time when `elapsed` was zero, as the clock's last setting has it.
        var wallStart: Timestamp
        var elapsed: Duration = .zero
        var random: SplitMix64
        var sleepers = Sleepers()
        var run: Run?
        /// How many runs and sleeps there were.
        var count = 0

        mutating func number() -> Int {
            count += 1
            return count
        }
    }

    private let state: Mutex<State>
    private let monotonicStart = ContinuousClock.now

    init(start: Timestamp, seed: UInt64) {
        state = Mutex(State(wallStart: start, random: SplitMix64(state: seed)))
    }

    var wall: Timestamp { state.withLock { $0.wallStart + $0.elapsed } }
    var monotonic: ContinuousClock.Instant { monotonicStart + state.withLock { $0.elapsed } }

    func randomNumber() -> UInt64 { state.withLock { $0.random.next() } }

    func advance(by duration: Duration) { state.withLock { $0.elapsed += duration } }

    func setWall(_ time: Timestamp) { state.withLock { $0.wallStart = time - $0.elapsed } }

    // MARK: - Runs

    /// - Returns: what to name the run by.
    func begin(fail: @escaping @Sendable (any Error) -> Void) -> Int {
        state.withLock { state in
            precondition(state.run == nil, "a VirtualClock runs one body at a time")
            let id = state.number()
            state.run = Run(id: id, fail: fail)
            return id
        }
    }

    /// Ends a run and wakes who still sleeps.
    /// - Returns: false when the run had been ended before.
    func end(_ run: Int) -> Bool {
        let left: [CheckedContinuation<Void, any Error>]? = state.withLock { state in
            guard state.run?.id == run else { return nil }
            state.run = nil
            return state.sleepers.removeAll()
        }
        for sleeper in left ?? [] { sleeper.resume(throwing: CancellationError()) }
        return left != nil
    }

    /// Ends a run that does not end by itself; nothing happens when it has ended.
    func fail(_ run: Int, _ error: any Error) {
        let fail = state.withLock { state in state.run?.id == run ? state.run?.fail : nil }
        if end(run) { fail?(error) }
    }

    func isUnderWay(_ run: Int) -> Bool { state.withLock { $0.run?.id == run } }

    // MARK: - Sleeping

    /// - Parameter hasSlept: called when a sleeper was added.
    func sleep(for duration: Duration, hasSlept: @Sendable () -> Void) async throws {
        try Task.checkCancellation()
        let key: Int? = state.withLock { state in
            if state.run == nil {
                state.elapsed += max(.zero, duration)
                return nil
            }
            return state.number()
        }
        guard let key else { return await Task.yield() }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                let isAsleep = state.withLock { state in
                    guard state.run != nil, !Task.isCancelled else { return false }
                    state.sleepers.add(key, until: state.elapsed + max(.zero, duration), continuation)
                    return true
                }
                if isAsleep { hasSlept() } else { continuation.resume(throwing: CancellationError()) }
            }
        } onCancel: {
            state.withLock { $0.sleepers.remove(key) }?.resume(throwing: CancellationError())
        }
    }

    /// What was found when nothing could run.
    enum Idleness {
        /// Sleepers were woken.
        case woke
        /// Nothing to do: no run is under way, or another one looks after this already.
        case none
        /// The run waits for others than sleepers, for the first time.
        case waits(run: Int)
    }

    /// Jumps to the earliest sleeper's time and wakes all whose time that is.
    func wakeNext() -> Idleness {
        let (idleness, due): (Idleness, [CheckedContinuation<Void, any Error>]) = state.withLock { state in
            guard let run = state.run else { return (.none, []) }
            if let earliest = state.sleepers.earliest() {
                state.elapsed = max(state.elapsed, earliest)
                return (.woke, state.sleepers.due(at: state.elapsed))
            }
            state.run?.isWatched = true
            return (run.isWatched ? .none : .waits(run: run.id), [])
        }
        for sleeper in due { sleeper.resume() }
        return idleness
    }
}

/// Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
package struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    package init(state: UInt64) {
        self.state = state
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
