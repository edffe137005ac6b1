import Foundation
import Glibc
import Synchronization

/// Bounds for work that cannot be called off.
enum TimeLimit {
    /// What `work` says in time, or nil. Work that is late goes on and nobody hears of it: only a program that is
    /// about to end may use this.
    static func within<Value: Sendable>(
        _ limit: Duration, _ work: @escaping @Sendable () async -> Value
    ) async -> Value? {
        let first = First<Value>()
        let worker = Task { first.say(await work()) }
        let clock = Task {
            try? await Task.sleep(for: limit)
            first.say(nil)
        }
        defer {
            worker.cancel()
            clock.cancel()
        }
        return await first.heard()
    }

    /// Does what blocks on a thread of its own.
    static func onThread<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async -> Value {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                // TLS libraries raise SIGPIPE when they write to a closed connection.
                var pipe = sigset_t()
                sigemptyset(&pipe)
                sigaddset(&pipe, SIGPIPE)
                pthread_sigmask(SIG_BLOCK, &pipe, nil)
                continuation.resume(returning: work())
            }
        }
    }
}

/// Takes the first of two answers.
private final class First<Value: Sendable>: Sendable {
    private enum State {
        case silent
        case waiting(CheckedContinuation<Value?, Never>)
        case said(Value?)
    }

    private let state = Mutex(State.silent)

    func say(_ value: Value?) {
        let waiting: CheckedContinuation<Value?, Never>? = state.withLock { state in
            switch state {
            case .said: return nil
            case .silent:
                state = .said(value)
                return nil
            case .waiting(let continuation):
                state = .said(value)
                return continuation
            }
        }
        waiting?.resume(returning: value)
    }

    /// To be called once.
    func heard() async -> Value? {
        await withCheckedContinuation { continuation in
            let said: Value?? = state.withLock { state in
                if case .said(let value) = state { return .some(value) }
                state = .waiting(continuation)
                return nil
            }
            if let said { continuation.resume(returning: said) }
        }
    }
}
