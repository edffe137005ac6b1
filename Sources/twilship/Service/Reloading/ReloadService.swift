import PipelineCore
import ServiceLifecycle
import Synchronization

/// Asks for reloads: however many come while one is under way, one more follows.
final class ReloadRequests: Sendable {
    private let isHungUp = Mutex(false)
    fileprivate let wakeUps: AsyncStream<Void>
    private let inbox: AsyncStream<Void>.Continuation

    init() {
        (wakeUps, inbox) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    func hangUp() {
        isHungUp.withLock { $0 = true }
        inbox.yield()
    }

    fileprivate func wake() { inbox.yield() }
    fileprivate func finish() { inbox.finish() }

    /// Whether a reload was asked for since this was called last.
    fileprivate func take() -> Bool {
        isHungUp.withLock { isHungUp in
            defer { isHungUp = false }
            return isHungUp
        }
    }
}

/// Reloads the configuration whenever it is asked to, one reload after the other.
struct ReloadService: Service {
    /// What could not be set up is tried again after this.
    static let pause: Duration = .seconds(60)

    let reloader: Reloader
    let requests: ReloadRequests
    let clock: any PipelineClock

    func run() async throws {
        await withGracefulShutdownHandler {
            await withDiscardingTaskGroup { group in
                for await _ in requests.wakeUps {
                    let isDone = await requests.take() ? reloader.reload() : reloader.retry()
                    guard !isDone else { continue }
                    group.addTask {
                        if (try? await clock.sleep(for: Self.pause)) != nil { requests.wake() }
                    }
                }
                group.cancelAll()
            }
        } onGracefulShutdown: {
            requests.finish()
            reloader.assembly.hurry()
        }
    }
}
