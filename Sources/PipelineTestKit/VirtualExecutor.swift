@preconcurrency import Dispatch
import Synchronization

/// Runs jobs one at a time in the order in which they came, and lets time pass when there are none.
///
/// Both a task's preferred executor and one that actors are given, so that all that a test runs takes turns here. It has
/// a thread only while there are jobs.
final class VirtualExecutor: SerialExecutor, TaskExecutor {
    private struct State {
        /// Taken from the end; the jobs that came meanwhile are in `arrived`.
        var jobs: [UnownedJob] = []
        var arrived: [UnownedJob] = []
        var isRunning = false
        /// Whether somebody may sleep of whom was not known when time was asked last.
        var isPoked = false
        var jobsRun = 0

        mutating func next() -> UnownedJob? {
            if jobs.isEmpty {
                swap(&jobs, &arrived)
                jobs.reverse()
            }
            return jobs.popLast()
        }
    }

    private let queue = DispatchQueue(label: "PipelineTestKit.VirtualExecutor")
    private let state = Mutex(State())
    private let time: VirtualTime
    private let patience: Duration

    /// - Parameter patience: how long a run may wait for jobs from elsewhere, in real time.
    init(time: VirtualTime, patience: Duration) {
        self.time = time
        self.patience = patience
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        start { $0.arrived.append(job) }
    }

    /// Sees to it that time is asked again who sleeps.
    func poke() {
        start { $0.isPoked = true }
    }

    func checkIsolated() {
        dispatchPrecondition(condition: .onQueue(queue))
    }

    private func start(_ change: (inout State) -> Void) {
        let isStart = state.withLock { state in
            change(&state)
            defer { state.isRunning = true }
            return !state.isRunning
        }
        if isStart { queue.async { self.drain() } }
    }

    private func drain() {
        while true {
            let job = state.withLock { state in
                let job = state.next()
                if job == nil { state.isPoked = false } else { state.jobsRun += 1 }
                return job
            }
            if let job {
                job.runSynchronously(isolatedTo: asUnownedSerialExecutor(), taskExecutor: asUnownedTaskExecutor())
                continue
            }
            let idleness = time.wakeNext()
            if case .woke = idleness { continue }
            if case .waits(let run) = idleness { watch(run) }
            let isDone = state.withLock { state in
                guard state.arrived.isEmpty, !state.isPoked else { return false }
                state.isRunning = false
                return true
            }
            if isDone { return }
        }
    }

    /// Ends a run when no job comes for as long as there is patience.
    private func watch(_ run: Int) {
        let before = state.withLock { $0.jobsRun }
        DispatchQueue.global().asyncAfter(deadline: .now() + patience / .seconds(1)) { [weak self] in
            guard let self, time.isUnderWay(run) else { return }
            let isStuck = state.withLock { !$0.isRunning && $0.jobsRun == before }
            if isStuck { time.fail(run, VirtualClock.Stalled(patience: patience)) } else { watch(run) }
        }
    }
}
