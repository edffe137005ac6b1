import Forwarding
import PipelineCore
import Synchronization

/// Pieces of work beside each other, each under a name: others can be added and ended while they run.
///
/// - One piece of work at a time has a name: end it before another one is started under it.
/// - What has ended by itself is forgotten.
final class Crew: Sendable {
    private struct Member {
        let stop: Stop
        let ended: AsyncStream<Never>
        var isEnding = false
    }

    private struct State {
        var members: [String: Member] = [:]
        var isHurried = false
    }

    private struct Job: Sendable {
        let name: String
        let stop: Stop
        let ended: AsyncStream<Never>.Continuation
        let work: @Sendable () async -> Void
    }

    private let state = Mutex(State())
    private let jobs: AsyncStream<Job>
    private let inbox: AsyncStream<Job>.Continuation

    init() {
        (jobs, inbox) = AsyncStream.makeStream(of: Job.self)
    }

    /// Runs what is started, until the task is cancelled, or `finish` was called and everything has ended.
    func run() async {
        await withDiscardingTaskGroup { group in
            for await job in jobs {
                group.addTask { [self] in
                    await job.stop.run(job.work)
                    forget(job)
                }
            }
        }
    }

    /// Has `work` run; it is cancelled when it is to end.
    func start(_ name: String, _ work: @escaping @Sendable () async -> Void) {
        let (ended, continuation) = AsyncStream.makeStream(of: Never.self)
        let job = Job(name: name, stop: Stop(), ended: continuation, work: work)
        state.withLock { state in
            precondition(state.members[name] == nil, "a name is given to one piece of work at a time")
            state.members[name] = Member(stop: job.stop, ended: ended)
        }
        // Nothing runs any more.
        if case .terminated = inbox.yield(job) { forget(job) }
    }

    /// Waits until the work has ended; cancels it after `patience`, or as soon as somebody is in a hurry.
    func end(_ name: String, within patience: Duration, _ clock: any PipelineClock) async {
        let (member, isHurried) = state.withLock { state in
            state.members[name]?.isEnding = true
            return (state.members[name], state.isHurried)
        }
        guard let member else { return }
        if isHurried || patience == .zero { member.stop.stop() }
        await withDiscardingTaskGroup { group in
            group.addTask {
                if (try? await clock.sleep(for: patience)) != nil { member.stop.stop() }
            }
            for await _ in member.ended {}
            group.cancelAll()
        }
    }

    /// Nobody waits from now on: what is to end is cancelled.
    func hurry() {
        let ending = state.withLock { state in
            state.isHurried = true
            return state.members.values.filter(\.isEnding)
        }
        for member in ending { member.stop.stop() }
    }

    /// Nothing more will be started.
    func finish() { inbox.finish() }

    private func forget(_ job: Job) {
        state.withLock { $0.members[job.name] = nil }
        job.ended.finish()
    }
}
