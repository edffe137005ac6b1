@preconcurrency import Dispatch
import Glibc
import Synchronization

/// What becomes of SIGINT and SIGTERM in a command that does something longer: it says what goes on without it, ends
/// what it does here, and then itself. A second signal ends it at once.
final class Interruption: Sendable {
    private struct State {
        var stop: (@Sendable () -> Void)?
        var hasCome = false
    }

    private final class Shared: Sendable {
        let state = Mutex(State())
    }

    private let shared = Shared()
    private let sources: [any DispatchSourceSignal]

    /// - Parameters:
    ///   - isNoted: the sentence; nil says nothing.
    ///   - signals: more than a terminal's hang-up or quit may matter to who has changed the terminal.
    ///   - restoring: puts back what must not stay as it is, before anything else.
    init(
        isNoted: String?, signals: [Int32] = [SIGINT, SIGTERM], restoring: @escaping @Sendable () -> Void = {}
    ) {
        let queue = DispatchQueue(label: "twilship.interruption")
        let shared = shared
        sources = signals.map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler {
                restoring()
                let (stop, isSecond) = shared.state.withLock { state in
                    defer { state.hasCome = true }
                    return (state.stop, state.hasCome)
                }
                if !isSecond {
                    Terminal.endProgress()
                    if let isNoted { Terminal.complain(isNoted) }
                }
                guard let stop, !isSecond else { _exit(128 + number) }
                stop()
            }
            source.resume()
            return source
        }
    }

    /// From now on signals do nothing.
    func disregard() {
        for source in sources { source.cancel() }
    }

    var hasCome: Bool { shared.state.withLock { $0.hasCome } }

    /// From now on, a signal calls `stop` and leaves the ending to the caller.
    func whenItComes(_ stop: @escaping @Sendable () -> Void) {
        let hasCome = shared.state.withLock { state in
            state.stop = stop
            return state.hasCome
        }
        if hasCome { stop() }
    }
}
