package import PipelineCore
import Synchronization

/// Time that passes only when nothing else can happen, so that hours of many tasks pass in no time, the same every time.
///
/// - What `run` is given and its child tasks run one at a time, in the order in which they became runnable.
/// - When none can run, time jumps to the earliest sleeper. Equal times wake in the order of falling asleep.
/// - Chance comes from the seed. So a run repeats exactly.
/// - Tasks and actors on other executors may be called, but time does not wait for them. Give such actors `executor`.
/// - Outside of `run`, sleeping moves the time at once.
package final class VirtualClock: PipelineClock {
    /// Nothing could run and nobody slept, for so long that nothing will.
    package struct Stalled: Error, CustomStringConvertible {
        let patience: Duration

        package var description: String {
            "Nothing can run, nobody sleeps, and for \(patience) no job came from elsewhere: the code under test waits "
                + "for something that never happens, such as a continuation nobody resumes or a stream nobody ends."
        }
    }

    private let time: VirtualTime
    private let virtualExecutor: VirtualExecutor

    /// - Parameter start: milliseconds since 1970.
    /// - Parameter seed: of `randomNumber`.
    /// - Parameter patience: real time to wait for jobs from elsewhere when nothing can run and nobody sleeps; up to twice
    ///   as long passes before `run` throws `Stalled`.
    package init(start: Int64 = 1_780_000_000_000, seed: UInt64 = 0, patience: Duration = .seconds(120)) {
        time = VirtualTime(start: Timestamp(milliseconds: start), seed: seed)
        virtualExecutor = VirtualExecutor(time: time, patience: patience)
    }

    /// For actors with an executor of their own, so that they take turns with what `run` runs.
    package var executor: any SerialExecutor & TaskExecutor { virtualExecutor }

    package var wallNow: Timestamp { time.wall }
    package var monotonicNow: ContinuousClock.Instant { time.monotonic }
    package func randomNumber() -> UInt64 { time.randomNumber() }

    /// Lets time pass by hand: whose time has come then wakes as soon as nothing else can run.
    package func advance(by duration: Duration) { time.advance(by: duration) }

    /// Sets the wall clock without time passing, as an administrator does.
    package func setWall(_ wall: Timestamp) { time.setWall(wall) }

    package func sleep(for duration: Duration) async throws {
        try await time.sleep(for: duration) { virtualExecutor.poke() }
    }

    /// Runs `body` and all its child tasks in virtual time; one run at a time.
    ///
    /// Who still sleeps when `body` has ended, a task that is no child of it, gets a `CancellationError`.
    /// - Parameter limit: virtual time after which `body` is cancelled.
    /// - Returns: what `body` returns, also after the limit.
    /// - Throws: what `body` throws; `Stalled`.
    package func run<Value: Sendable>(
        for limit: Duration? = nil, _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        let canceller = Canceller()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Value, any Error>) in
                let run = time.begin { continuation.resume(throwing: $0) }
                let task = Task(executorPreference: virtualExecutor) {
                    let result: Result<Value, any Error>
                    do {
                        result = .success(try await self.limited(limit, body))
                    } catch {
                        result = .failure(error)
                    }
                    if self.time.end(run) { continuation.resume(with: result) }
                }
                canceller.set { task.cancel() }
            }
        } onCancel: {
            canceller.cancel()
        }
    }

    private func limited<Value: Sendable>(
        _ limit: Duration?, _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        guard let limit else { return try await body() }
        return try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask {
                try? await self.sleep(for: limit)
                return nil
            }
            group.addTask { try await body() }
            while let ended = try await group.next() {
                group.cancelAll()
                if let value = ended { return value }
            }
            preconditionFailure("the body's task ends with a value or throws")
        }
    }
}

/// Cancels what may not be known yet when it is cancelled.
private final class Canceller: Sendable {
    private let state = Mutex<(isCancelled: Bool, action: (@Sendable () -> Void)?)>((false, nil))

    func set(_ action: @escaping @Sendable () -> Void) {
        let isCancelled = state.withLock { state in
            state.action = action
            return state.isCancelled
        }
        if isCancelled { action() }
    }

    func cancel() {
        let action = state.withLock { state in
            state.isCancelled = true
            return state.action
        }
        action?()
    }
}
