import Forwarding
import Glibc
import ServiceLifecycle
import Sinks
import Synchronization
import SystemdSupport

/// Whoever reads standard output, for the one sink that writes there: tells when they are gone, which ends the service.
final class OutputReader: Sendable {
    private let departure = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingOldest(1))
    private let hasLeft = Atomic<Bool>(false)

    var isGone: Bool { hasLeft.load(ordering: .relaxed) }

    /// Returns when the reader is gone, or the task is cancelled. For one task.
    func leaving() async {
        for await _ in departure.stream { return }
    }

    func surroundings(_ ending: Ending) -> StandardOutputSink.Surroundings {
        let shown: @Sendable (String) -> String = { $0.terminalSafe }
        return .init(
            isEnding: { ending.now == .soon },
            readerIsGone: {
                self.hasLeft.store(true, ordering: .relaxed)
                self.departure.continuation.yield()
            },
            shown: isatty(STDOUT_FILENO) == 1 ? shown : nil)
    }
}

/// Ends the service when nobody reads standard output any more.
struct OutputWatch: Service {
    let reader: OutputReader
    let stop: @Sendable () async -> Void

    func run() async throws {
        await cancelWhenGracefulShutdown { await reader.leaving() }
        if reader.isGone { await stop() }
        try await gracefulShutdown()
    }
}
