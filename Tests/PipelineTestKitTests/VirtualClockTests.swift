import PipelineCore
import PipelineTestKit
import Synchronization
import Testing

/// What happened, in order, with the virtual milliseconds since the beginning.
final class Trace: Sendable {
    private let clock: VirtualClock
    private let start: ContinuousClock.Instant
    private let lines = Mutex<[String]>([])

    init(_ clock: VirtualClock) {
        self.clock = clock
        start = clock.monotonicNow
    }

    var text: [String] { lines.withLock { $0 } }

    func note(_ what: String) {
        let line = "\(start.duration(to: clock.monotonicNow) / .milliseconds(1)) \(what)"
        lines.withLock { $0.append(line) }
    }
}

actor Counter {
    private nonisolated let executor: any SerialExecutor & TaskExecutor
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }
    private(set) var count = 0

    init(on executor: any SerialExecutor & TaskExecutor) { self.executor = executor }

    func add(_ clock: VirtualClock) async throws -> Int {
        try await clock.sleep(for: .milliseconds(10))
        assertIsolated()
        count += 1
        return count
    }
}

actor PlainCounter {
    private(set) var count = 0
    func add() { count += 1 }
}

@Suite(.timeLimit(.minutes(10))) struct VirtualClockTests {
    @Test func `sleepers wake in order of their time, and equal times in order of falling asleep`() async throws {
        let clock = VirtualClock()
        let trace = Trace(clock)
        try await clock.run {
            try await withThrowingTaskGroup { group in
                for (name, time) in [("a", 30), ("b", 10), ("c", 20), ("d", 10), ("e", 0)] {
                    group.addTask {
                        try await clock.sleep(for: .milliseconds(time))
                        trace.note(name)
                    }
                }
                try await group.waitForAll()
            }
        }
        #expect(trace.text == ["0.0 e", "10.0 b", "10.0 d", "20.0 c", "30.0 a"])
    }

    @Test func `wall time passes with it, and can be set without time passing`() async throws {
        let clock = VirtualClock(start: 5_000)
        try await clock.run {
            try await clock.sleep(for: .hours(1))
            #expect(clock.wallNow.milliseconds == 3_605_000)
            let before = clock.monotonicNow
            clock.setWall(Timestamp(milliseconds: 1_000))
            #expect(clock.monotonicNow == before)
            for _ in 0..<4 { try await clock.sleep(for: .microseconds(250)) }
            #expect(clock.wallNow.milliseconds == 1_001)
        }
    }

    @Test func `time that passes by hand wakes who is due`() async throws {
        let clock = VirtualClock()
        let trace = Trace(clock)
        try await clock.run {
            async let sleeper: Void = clock.sleep(for: .seconds(5))
            async let mover: Void = {
                try await clock.sleep(for: .seconds(1))
                clock.advance(by: .seconds(60))
                trace.note("moved")
            }()
            _ = try await (sleeper, mover)
            trace.note("woke")
        }
        #expect(trace.text == ["61000.0 moved", "61000.0 woke"])
    }

    @Test func `a cancelled sleeper wakes at once, and time does not go where it would have woken`() async throws {
        let clock = VirtualClock()
        let trace = Trace(clock)
        try await clock.run {
            try await withThrowingTaskGroup { group in
                group.addTask {
                    await #expect(throws: CancellationError.self) { try await clock.sleep(for: .hours(1)) }
                    trace.note("cancelled")
                    await #expect(throws: CancellationError.self) { try await clock.sleep(for: .zero) }
                }
                try await clock.sleep(for: .seconds(1))
                group.cancelAll()
                try await group.waitForAll()
            }
            try await clock.sleep(for: .seconds(1))
            trace.note("end")
        }
        #expect(trace.text == ["1000.0 cancelled", "2000.0 end"])
    }

    @Test func `after the limit everything sleeping in the body is cancelled, and its value still comes`() async throws
    {
        let clock = VirtualClock()
        let start = clock.monotonicNow
        let rounds = try await clock.run(for: .seconds(60)) {
            await withTaskGroup(of: Int.self) { group in
                for seconds in 1...3 {
                    group.addTask {
                        var rounds = 0
                        while (try? await clock.sleep(for: .seconds(seconds))) != nil { rounds += 1 }
                        return rounds
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
        }
        #expect(start.duration(to: clock.monotonicNow) == .seconds(60))
        #expect(rounds.sorted() == [20, 30, 60])
        await #expect(throws: CancellationError.self) {
            try await clock.run(for: .seconds(60)) { try await clock.sleep(for: .seconds(61)) }
        }
        let early = try await clock.run(for: .seconds(60)) { clock.wallNow }
        #expect(early == clock.wallNow)
    }

    @Test func `cancelling the task that runs cancels the body`() async throws {
        let clock = VirtualClock()
        let task = Task {
            try await clock.run {
                while true { try await clock.sleep(for: .seconds(1)) }
            }
        }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test func `a stream carries values between tasks`() async throws {
        let clock = VirtualClock()
        let trace = Trace(clock)
        try await clock.run {
            let (stream, sender) = AsyncStream.makeStream(of: Int.self)
            async let sending: Void = {
                for number in 0..<3 {
                    try await clock.sleep(for: .milliseconds(100))
                    sender.yield(number)
                }
                sender.finish()
            }()
            for await number in stream { trace.note("got \(number)") }
            try await sending
        }
        #expect(trace.text == ["100.0 got 0", "200.0 got 1", "300.0 got 2"])
    }

    @Test func `actors on the executor and plain actors take turns with the body`() async throws {
        let clock = VirtualClock()
        let counter = Counter(on: clock.executor)
        let plain = PlainCounter()
        try await clock.run {
            try await withThrowingTaskGroup { group in
                for _ in 0..<50 {
                    group.addTask {
                        _ = try await counter.add(clock)
                        await plain.add()
                    }
                }
                try await group.waitForAll()
            }
            #expect(await counter.count == 50)
            #expect(await plain.count == 50)
        }
        #expect(clock.wallNow.milliseconds == 1_780_000_000_010)
    }

    @Test(arguments: [0, 7]) func `a run repeats exactly`(seed: UInt64) async throws {
        func trace() async throws -> [String] {
            let clock = VirtualClock(seed: seed)
            let trace = Trace(clock)
            let counter = Counter(on: clock.executor)
            try await clock.run(for: .seconds(100)) {
                await withTaskGroup { group in
                    for name in 0..<20 {
                        group.addTask {
                            while !Task.isCancelled {
                                let pause = Duration.milliseconds(Int(clock.randomNumber() % 1_000))
                                try? await clock.sleep(for: pause)
                                await Task.yield()
                                trace.note("\(name) \((try? await counter.add(clock)) ?? -1)")
                            }
                        }
                    }
                }
            }
            return trace.text
        }
        let first = try await trace()
        let second = try await trace()
        #expect(first.count > 1_000)
        #expect(first == second)
    }

    @Test func `other seeds give other chance`() {
        let (one, two) = (VirtualClock(seed: 1), VirtualClock(seed: 2))
        #expect(one.randomNumber() != two.randomNumber())
    }

    @Test func `a task that is no child of the body may take part`() async throws {
        let clock = VirtualClock()
        let value = try await clock.run {
            let foreign = Task {
                try await clock.sleep(for: .seconds(3))
                return 42
            }
            return try await foreign.value
        }
        #expect(value == 42)
        #expect(clock.wallNow.milliseconds == 1_780_000_003_000)
    }

    @Test func `who still sleeps when the body has ended is cancelled`() async throws {
        let clock = VirtualClock()
        let left = try await clock.run {
            let left = Task(executorPreference: clock.executor) { try await clock.sleep(for: .hours(1)) }
            await Task.yield()
            return left
        }
        await #expect(throws: CancellationError.self) { try await left.value }
        #expect(clock.wallNow.milliseconds == 1_780_000_000_000)
    }

    @Test func `a body that waits for nothing is told so`() async throws {
        let clock = VirtualClock(patience: .milliseconds(20))
        let (stream, sender) = AsyncStream.makeStream(of: Int.self)
        await #expect(throws: VirtualClock.Stalled.self) {
            try await clock.run { for await _ in stream {} }
        }
        sender.finish()
        let after = try await clock.run { 1 }
        #expect(after == 1)
    }

    @Test func `outside of a run sleeping moves the time at once`() async throws {
        let clock = VirtualClock(start: 0)
        try await clock.sleep(for: .hours(1))
        #expect(clock.wallNow.milliseconds == 3_600_000)
    }

    @Test func `ten thousand sleepers all wake`() async throws {
        let clock = VirtualClock()
        let woken = try await clock.run {
            await withTaskGroup { group in
                for number in 0..<10_000 {
                    group.addTask { try? await clock.sleep(for: .milliseconds(number % 100 * 37)) }
                }
                return await group.reduce(0) { count, _ in count + 1 }
            }
        }
        #expect(woken == 10_000)
        #expect(clock.wallNow.milliseconds == 1_780_000_000_000 + 99 * 37)
    }
}

extension Duration {
    static func hours(_ count: Int) -> Duration { .seconds(3_600 * count) }
}
