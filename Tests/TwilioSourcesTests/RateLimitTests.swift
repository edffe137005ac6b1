import PipelineCore
import PipelineTestKit
import Synchronization
import Testing
import TwilioSources

@Suite(.timeLimit(.minutes(10))) struct RateLimitTests {
    /// Who went when, in order.
    private final class Grants: Sendable {
        private let clock: VirtualClock
        private let start: ContinuousClock.Instant
        private let grants = Mutex<[(who: String, at: Duration)]>([])

        init(_ clock: VirtualClock) {
            self.clock = clock
            start = clock.monotonicNow
        }

        func note(_ who: String) {
            let at = start.duration(to: clock.monotonicNow)
            grants.withLock { $0.append((who, at)) }
        }

        var times: [Duration] { grants.withLock { $0.map(\.at) } }
        var count: Int { grants.withLock { $0.count } }
        func count(_ who: String) -> Int { grants.withLock { $0.filter { $0.who == who }.count } }
        var whos: [String] { grants.withLock { $0.map(\.who) } }
    }

    /// A virtual clock whose sleepers oversleep by up to 5 ms.
    private struct LateClock: PipelineClock {
        let clock: VirtualClock
        var wallNow: Timestamp { clock.wallNow }
        var monotonicNow: ContinuousClock.Instant { clock.monotonicNow }
        func randomNumber() -> UInt64 { clock.randomNumber() }
        func sleep(for duration: Duration) async throws {
            try await clock.sleep(for: duration + .microseconds(Int(clock.randomNumber() % 5_000)))
        }
    }

    @Test(arguments: [0.5, 1, 4, 5, 20])
    func `with work all the time at least 99 % of the rate is used, and no second sees too much`(
        rate: Double
    ) async throws {
        let clock = VirtualClock()
        let limiter = RateLimiter(requestsPerSecond: rate, burst: 1, clock: LateClock(clock: clock))
        let grants = Grants(clock)
        try await clock.run(for: .seconds(1_000)) {
            await withTaskGroup { group in
                for stream in 0..<10 {
                    group.addTask {
                        while (try? await limiter.wait(.live, for: "\(stream)")) != nil {
                            grants.note("\(stream)")
                            try? await clock.sleep(for: .milliseconds(80))
                        }
                    }
                }
            }
        }
        #expect(Double(grants.count) >= 990 * rate)
        #expect(mostInAnyWindow(grants.times, .seconds(max(1, 1 / rate)) + .milliseconds(5)) <= max(1, Int(rate)))
    }

    @Test func `a hundred thousand requests a second are reached by one stream and by many`() async throws {
        for streams in [1, 50] {
            let clock = VirtualClock()
            let limiter = RateLimiter(requestsPerSecond: 100_000, burst: 1, clock: clock)
            let start = clock.monotonicNow
            try await clock.run {
                try await withThrowingTaskGroup { group in
                    for stream in 0..<streams {
                        group.addTask {
                            for _ in 0..<(20_000 / streams) { try await limiter.wait(.live, for: "\(stream)") }
                        }
                    }
                    try await group.waitForAll()
                }
            }
            #expect(start.duration(to: clock.monotonicNow) < .milliseconds(220))
            #expect(start.duration(to: clock.monotonicNow) > .milliseconds(180))
        }
    }

    @Test func `five hundred streams at 4 a second all get the same`() async throws {
        let clock = VirtualClock()
        let limiter = RateLimiter(requestsPerSecond: 4, burst: 1, clock: clock)
        let grants = Grants(clock)
        try await clock.run(for: .seconds(3_600)) {
            await withTaskGroup { group in
                for stream in 0..<500 {
                    // The first fifty ask for ten at once, all the time.
                    for _ in 0..<(stream < 50 ? 10 : 1) {
                        group.addTask {
                            while (try? await limiter.wait(.live, for: "\(stream)")) != nil {
                                grants.note("\(stream)")
                                try? await clock.sleep(for: .milliseconds(100))
                            }
                        }
                    }
                }
            }
        }
        #expect(grants.count >= 14_256)
        let shares = (0..<500).map { grants.count("\($0)") }
        #expect((shares.min() ?? 0) >= 28)
        #expect((shares.max() ?? 99) <= 30)
    }

    @Test func `backlogs do not keep live waiting, and live does not starve them`() async throws {
        let clock = VirtualClock()
        let limiter = RateLimiter(requestsPerSecond: 4, burst: 1, clock: clock)
        let grants = Grants(clock)
        try await clock.run(for: .seconds(1_005)) {
            await withTaskGroup { group in
                for urgency in Urgency.allCases {
                    for stream in 0..<20 {
                        group.addTask {
                            while (try? await limiter.wait(urgency, for: "\(stream)")) != nil {
                                grants.note("\(urgency)")
                            }
                        }
                    }
                }
            }
        }
        #expect(grants.count == 4_001)
        #expect(grants.count("live") >= 2_240)
        #expect(grants.count("catchUp") >= 1_000)
        #expect(grants.count("reread") >= 500)
        #expect(grants.count("idle") >= 250)
    }

    @Test func `who is cancelled while waiting takes no turn, leader or not`() async throws {
        let clock = VirtualClock()
        let limiter = RateLimiter(requestsPerSecond: 1, burst: 1, clock: clock)
        let grants = Grants(clock)
        try await clock.run {
            try await limiter.wait(.live, for: "first")
            try await withThrowingTaskGroup { group in
                for name in ["leader", "middle"] {
                    group.addTask {
                        _ = await #expect(throws: CancellationError.self) {
                            try await withThrowingTaskGroup { inner in
                                inner.addTask { try await limiter.wait(.live, for: name) }
                                try await clock.sleep(for: .milliseconds(name == "leader" ? 500 : 200))
                                inner.cancelAll()
                                try await inner.waitForAll()
                            }
                        }
                    }
                    try await clock.sleep(for: .milliseconds(1))
                }
                for name in ["a", "b"] {
                    group.addTask {
                        try await limiter.wait(.live, for: name)
                        grants.note(name)
                    }
                }
                try await clock.sleep(for: .milliseconds(1))
                #expect(grants.count == 0)
                try await group.waitForAll()
            }
        }
        #expect(grants.whos == ["a", "b"])
        #expect(grants.times == [.milliseconds(1005), .milliseconds(2010)])
    }

    @Test func `a thousand waiters that come and are cancelled at random leave a limiter that works`() async throws {
        let clock = VirtualClock(seed: 5)
        let limiter = RateLimiter(requestsPerSecond: 20, burst: 1, clock: clock)
        let grants = Grants(clock)
        try await clock.run {
            await withTaskGroup { group in
                for stream in 0..<1_000 {
                    let (start, patience) = (clock.randomNumber() % 10_000, clock.randomNumber() % 30_000)
                    group.addTask {
                        try? await clock.sleep(for: .milliseconds(Int(start)))
                        await withTaskGroup { inner in
                            inner.addTask {
                                if (try? await limiter.wait(.live, for: "\(stream % 30)")) != nil { grants.note("x") }
                            }
                            try? await clock.sleep(for: .milliseconds(Int(patience)))
                            inner.cancelAll()
                        }
                    }
                }
            }
            // Nobody is left before it, however idle it is.
            let asked = clock.monotonicNow
            try await limiter.wait(.idle, for: "after")
            #expect(asked.duration(to: clock.monotonicNow) < .milliseconds(100))
        }
        #expect(grants.count > 400)
        #expect(mostInAnyWindow(grants.times, .milliseconds(1005)) == 20)
    }

    @Test func `who is cancelled before asking takes no turn`() async throws {
        let clock = VirtualClock()
        let limiter = RateLimiter(requestsPerSecond: 1, burst: 1, clock: clock)
        let before = clock.monotonicNow
        try await clock.run {
            await withTaskGroup(of: Void.self) { group in
                group.cancelAll()
                group.addTask {
                    _ = await #expect(throws: CancellationError.self) { try await limiter.wait(.live, for: "s") }
                }
            }
            try await limiter.wait(.live, for: "s")
        }
        #expect(clock.monotonicNow == before)
    }

    @Test func `outside of virtual time many threads at once are let through at the rate`() async throws {
        let limiter = RateLimiter(requestsPerSecond: 2_000, burst: 1, clock: SystemClock())
        let took = try await ContinuousClock().measure {
            try await withThrowingTaskGroup { group in
                for stream in 0..<40 {
                    group.addTask { for _ in 0..<10 { try await limiter.wait(.live, for: "\(stream)") } }
                }
                try await group.waitForAll()
            }
        }
        #expect(took >= .milliseconds(170))
    }
}
