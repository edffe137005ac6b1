import Synchronization

/// Takes the clients of a listening socket, so many at a time. Nothing that a client does ends it.
package struct Reception: Sendable {
    private let maximum: Int
    private let notice: @Sendable (String) -> Void
    private let turnAway: @Sendable (StreamSocket) async -> Void
    private let serve: @Sendable (StreamSocket) async -> Void

    /// - Parameters:
    ///   - maximum: served at a time.
    ///   - notice: gets the reason when no client can be taken for a second.
    ///   - turnAway: gets one too many; must not wait for it.
    ///   - serve: its task is cancelled when the reception ends.
    package init(
        atMost maximum: Int, notice: @escaping @Sendable (String) -> Void,
        turnAway: @escaping @Sendable (StreamSocket) async -> Void,
        serve: @escaping @Sendable (StreamSocket) async -> Void
    ) {
        self.maximum = maximum
        self.notice = notice
        self.turnAway = turnAway
        self.serve = serve
    }

    /// Runs until the task is cancelled; then waits for those being served.
    /// - Parameter close: called before that wait.
    package func run(on listening: StreamSocket, close: () -> Void) async {
        let active = Counter()
        await withDiscardingTaskGroup { tasks in
            while !Task.isCancelled {
                do {
                    guard let client = try listening.accepted() else {
                        try await listening.wait(for: .reading)
                        continue
                    }
                    await admit(client, active, &tasks)
                } catch let error as SystemError {
                    // Out of descriptors or memory. The client stays in the queue, so that looking again at once
                    // would look for ever.
                    notice(error.reason)
                    try? await Task.sleep(for: .seconds(1))
                } catch {
                    // Cancelled: the loop sees it.
                }
            }
            close()
            tasks.cancelAll()
        }
    }

    private func admit(_ client: StreamSocket, _ active: Counter, _ tasks: inout DiscardingTaskGroup) async {
        guard active.increment(upTo: maximum) else { return await turnAway(client) }
        let serve = serve
        tasks.addTask {
            await serve(client)
            active.decrement()
        }
    }
}

private final class Counter: Sendable {
    private let count = Mutex(0)

    func increment(upTo limit: Int) -> Bool {
        count.withLock { count in
            guard count < limit else { return false }
            count += 1
            return true
        }
    }

    func decrement() { count.withLock { $0 -= 1 } }
}
