import Forwarding
import PipelineCore
import ServiceLifecycle
import Spooling
import SystemdSupport

/// Everything that is collected, and backfills; stops at once when it is to stop.
struct IngestingService: Service {
    let assembly: Assembly

    func run() async throws {
        await cancelWhenGracefulShutdown {
            // Apart from this task and what it knows of the shutdown: for that, each of the thousands of tasks that
            // many streams have would keep a kilobyte.
            let work = Task.detached { await assembly.collecting.run() }
            await withTaskCancellationHandler {
                await work.value
            } onCancel: {
                work.cancel()
            }
        }
    }
}

/// What twilship says of itself; what it says last is there before the deliveries end.
struct HeraldService: Service {
    let herald: Herald
    let announcer: LifeAnnouncer

    func run() async throws {
        await announcer.started()
        await cancelWhenGracefulShutdown { await herald.run() }
        await announcer.stopped()
        await herald.publish()
    }
}

/// All dispatchers; delivers what can be delivered at once before it stops.
struct DispatchingService: Service {
    let assembly: Assembly

    func run() async throws {
        await withGracefulShutdownHandler {
            await assembly.delivering.run()
        } onGracefulShutdown: {
            assembly.ending.request(.soon)
            assembly.delivering.finish()
        }
    }
}

/// Tells the service manager that the service stops, as soon as it does, and how long that may take.
struct StoppingService: Service {
    let notifier: ServiceNotifier

    func run() async throws {
        try await gracefulShutdown()
        notifier.stopping(status: "stopping: what can be delivered at once is delivered, the rest is kept")
        notifier.extendTimeout(by: StopSignals.patience + .seconds(5))
    }
}

/// The keeper stops last: what others did while stopping is saved too.
struct KeepingService: Service {
    let keeper: SpoolKeeper

    func run() async throws {
        await cancelWhenGracefulShutdown { await keeper.run() }
        await keeper.keep()
    }
}

/// Ends the service when nothing new has come and nothing is left to deliver for a while: `--until-idle`.
struct IdleWatch: Service {
    static let interval: Duration = .milliseconds(250)

    let assembly: Assembly
    let idle: Duration
    let clock: any PipelineClock
    let announcer: LifeAnnouncer
    let stop: @Sendable () async -> Void

    func run() async throws {
        try await cancelWhenGracefulShutdown {
            var last: Int64 = -1
            var since = clock.monotonicNow
            while (try? await clock.sleep(for: Self.interval)) != nil {
                // What we say ourselves keeps nobody awake.
                let sequence = await assembly.spool.lastCollectedSequence
                let board = assembly.board.now
                let isWaiting = try await assembly.spool.isAnythingWaiting()
                let isSearching = assembly.fleet.discoveries.contains {
                    board.discoveries[$0.name]?.succeededAt == nil
                }
                let isBusy =
                    isWaiting || isSearching || board.streams.count < assembly.registry.ingestors.count
                    || board.streams.values.contains { $0.state != .waiting }
                if sequence != last || isBusy { since = clock.monotonicNow }
                last = sequence
                if since.duration(to: clock.monotonicNow) >= idle {
                    announcer.isIdle()
                    await stop()
                    return
                }
            }
        }
        try await gracefulShutdown()
    }
}
