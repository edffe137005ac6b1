import PipelineCore
import Synchronization

/// Lets one of many callers ask a question whose answer serves them all; the others wait for it.
///
/// - A failure is shared too, so that hundreds of streams do not each find out that a host is down.
/// - What concerns the one who asked alone (its own task was cancelled, its own resource is gone) is not: the next
///   caller asks then.
final class SharedProbe: Sendable {
    private struct State {
        var isAsking = false
        var nextWaiter = 0
        var waiters: [(id: Int, continuation: CheckedContinuation<Result<Bool, SourceError>, Never>)] = []
    }

    private let state = Mutex(State())

    /// Asks, or waits until somebody else has asked.
    func run(_ ask: () async throws(SourceError) -> Void) async throws(SourceError) {
        while true {
            let isTurn = state.withLock { state in
                defer { state.isAsking = true }
                return !state.isAsking
            }
            if isTurn { return try await askForAll(ask) }
            let isAnswered = try await answer().get()
            if isAnswered { return }
        }
    }

    private func askForAll(_ ask: () async throws(SourceError) -> Void) async throws(SourceError) {
        do throws(SourceError) {
            try await ask()
            finish(.success(true))
        } catch {
            switch error {
            case .cancelled, .gone: finish(.success(false))
            default: finish(.failure(error))
            }
            throw error
        }
    }

    private func finish(_ result: Result<Bool, SourceError>) {
        let waiters = state.withLock { state in
            defer {
                state.isAsking = false
                state.waiters = []
            }
            return state.waiters
        }
        for waiter in waiters { waiter.continuation.resume(returning: result) }
    }

    /// - Returns: whether there was an answer; false to whom it may be the turn now.
    private func answer() async -> Result<Bool, SourceError> {
        let id = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let known: Result<Bool, SourceError>? = state.withLock { state in
                    if Task.isCancelled { return .failure(.cancelled) }
                    guard state.isAsking else { return .success(false) }
                    state.waiters.append((id, continuation))
                    return nil
                }
                if let known { continuation.resume(returning: known) }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                state.waiters.firstIndex { $0.id == id }.map { state.waiters.remove(at: $0) }
            }
            waiter?.continuation.resume(returning: .failure(.cancelled))
        }
    }
}
