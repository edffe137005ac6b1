@preconcurrency import Dispatch

/// Runs an actor on a thread of its own, so that its blocking calls (files, SQLite) stop nobody on the shared pool.
///
/// After https://forums.swift.org/t/using-dispatchqueue-as-actors-serial-executor-under-linux/75260/3
package final class QueueExecutor: SerialExecutor {
    private let queue: DispatchQueue

    /// - Parameter label: shown by debuggers; by convention the room and what it guards.
    package init(label: String) {
        // No quality of service: libdispatch would try to set priorities, and complain when it may not.
        queue = DispatchQueue(label: label)
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let unowned = UnownedJob(job)
        queue.async {
            unowned.runSynchronously(on: self.asUnownedSerialExecutor())
        }
    }

    package func checkIsolated() {
        dispatchPrecondition(condition: .onQueue(queue))
    }
}
