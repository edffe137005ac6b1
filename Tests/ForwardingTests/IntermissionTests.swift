import Synchronization
import Testing

@testable import Forwarding

@Suite struct IntermissionTests {
    /// Work that runs until it is cancelled, and counts.
    private final class Work: Sendable {
        let counts = Mutex((begun: 0, running: 0))
        let begun: AsyncStream<Int>
        private let continuation: AsyncStream<Int>.Continuation

        init() {
            (begun, continuation) = AsyncStream.makeStream(of: Int.self)
        }

        var running: Int { counts.withLock { $0.running } }

        func run() async {
            let number = counts.withLock { counts in
                counts.begun += 1
                counts.running += 1
                return counts.begun
            }
            continuation.yield(number)
            let (forever, end) = AsyncStream.makeStream(of: Never.self)
            for await _ in forever {}
            end.finish()
            counts.withLock { $0.running -= 1 }
        }
    }

    @Test(.timeLimit(.minutes(5)))
    func `work does not run while it is held, and is begun anew afterwards`() async throws {
        let intermission = Intermission()
        let work = Work()
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await intermission.run { await work.run() } }
            var begun = work.begun.makeAsyncIterator()
            for round in 1...10 {
                let number = await begun.next()
                #expect(number == round)
                #expect(work.running == 1)
                let running = await intermission.hold {
                    await Task.yield()
                    return work.running
                }
                #expect(running == 0)
            }
            group.cancelAll()
        }
        #expect(work.running == 0)
    }

    @Test(.timeLimit(.minutes(5)))
    func `several may hold it at once`() async throws {
        let intermission = Intermission()
        let work = Work()
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await intermission.run { await work.run() } }
            await withTaskGroup(of: Int.self) { holders in
                for _ in 1...100 {
                    holders.addTask {
                        await intermission.hold {
                            await Task.yield()
                            return work.running
                        }
                    }
                }
                for await running in holders { #expect(running == 0) }
            }
            // Whether or not it ran between them, it runs now.
            while work.running == 0 { await Task.yield() }
            group.cancelAll()
        }
        #expect(work.running == 0)
    }

    @Test(.timeLimit(.minutes(5)))
    func `work that has ended by itself is not begun anew, and can be held all the same`() async {
        let intermission = Intermission()
        let begun = Mutex(0)
        await intermission.run { begun.withLock { $0 += 1 } }
        let value = await intermission.hold { 7 }
        #expect(value == 7)
        #expect(begun.withLock { $0 } == 1)
    }
}
