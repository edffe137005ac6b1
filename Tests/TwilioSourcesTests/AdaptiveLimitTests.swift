import PipelineCore
import PipelineTestKit
import Testing
import TwilioSources

/// What a 429 does.
@Suite(.timeLimit(.minutes(10))) struct AdaptiveLimitTests {
    private let clock = VirtualClock()

    @Test func `a 429 halves the rate once for all that were sent before, down to a sixteenth`() {
        let limiter = RateLimiter(requestsPerSecond: 8, burst: 1, clock: clock)
        let sent = clock.monotonicNow
        clock.advance(by: .milliseconds(100))
        for _ in 0..<5 { limiter.wasRefused(sentAt: sent, retryAfter: nil) }
        #expect(limiter.current == 4)
        for expected in [2, 1, 0.5, 0.5] {
            clock.advance(by: .seconds(60))
            limiter.wasRefused(sentAt: clock.monotonicNow, retryAfter: .seconds(1))
            #expect(limiter.current == expected)
        }
        #expect(limiter.configured == 8)
    }

    @Test func `each second with successes adds a twentieth, until the configured rate is reached`() {
        let limiter = RateLimiter(requestsPerSecond: 4, burst: 1, clock: clock)
        limiter.wasRefused(sentAt: clock.monotonicNow, retryAfter: .zero)
        var rates: [Double] = []
        for _ in 0..<12 {
            clock.advance(by: .seconds(1))
            for _ in 0..<3 { limiter.succeeded() }
            rates.append(limiter.current)
        }
        for (index, rate) in rates.enumerated() { #expect(abs(rate - min(4, 2 + 0.2 * Double(index + 1))) < 1e-9) }
        #expect(rates.last == 4)
    }

    @Test(arguments: [(7, 7), (86_400, 900)])
    func `everyone pauses as long as the server says, at most 15 minutes`(said: Int, expected: Int) async throws {
        let limiter = RateLimiter(requestsPerSecond: 4, burst: 1, clock: clock)
        let start = clock.monotonicNow
        limiter.wasRefused(sentAt: start, retryAfter: .seconds(said))
        let clock = clock
        try await clock.run { try await limiter.wait(.live, for: "s") }
        #expect(start.duration(to: clock.monotonicNow) == .seconds(expected))
    }

    @Test func `who waits already pauses too`() async throws {
        let clock = clock
        let limiter = RateLimiter(requestsPerSecond: 1, burst: 1, clock: clock)
        let start = clock.monotonicNow
        try await clock.run {
            try await limiter.wait(.live, for: "s")
            async let waiting: Void = limiter.wait(.live, for: "s")
            try await clock.sleep(for: .milliseconds(100))
            limiter.wasRefused(sentAt: clock.monotonicNow, retryAfter: .seconds(30))
            try await waiting
        }
        #expect(start.duration(to: clock.monotonicNow) == .milliseconds(30_100))
    }

    @Test func `without a word from the server pauses grow, and are short again after successes`() async throws {
        let clock = clock
        let limiter = RateLimiter(requestsPerSecond: 1_000, burst: 1, clock: clock)
        let pauses = try await clock.run {
            var pauses: [Duration] = []
            for round in 0..<9 {
                if round == 8 {
                    try await clock.sleep(for: .seconds(2))
                    limiter.succeeded()
                }
                limiter.wasRefused(sentAt: clock.monotonicNow, retryAfter: nil)
                let start = clock.monotonicNow
                try await limiter.wait(.live, for: "s")
                pauses.append(start.duration(to: clock.monotonicNow))
            }
            return pauses
        }
        #expect(pauses[0] <= .seconds(1))
        #expect(pauses.allSatisfy { $0 >= .milliseconds(100) && $0 <= .milliseconds(30_001) })
        #expect(pauses[5...7].contains { $0 > .seconds(3) })
        #expect(pauses[8] <= .seconds(1))
    }

    @Test func `against a server that allows less than configured the rate finds its way, and back`() async throws {
        let clock = clock
        let limiter = RateLimiter(requestsPerSecond: 16, burst: 1, clock: clock)
        /// Answers 429 at more than `limit` in a second.
        actor Server {
            private let clock: VirtualClock
            private var accepted: [ContinuousClock.Instant] = []
            var limit = 4
            private(set) var refusals = 0
            var acceptedCount: Int { accepted.count }

            init(_ clock: VirtualClock) { self.clock = clock }

            func allow(_ limit: Int) { self.limit = limit }

            func ask() -> Bool {
                let now = clock.monotonicNow
                let isFree = accepted.suffix(limit).first.map { accepted.count < limit || $0 + .seconds(1) <= now }
                guard isFree ?? true else {
                    refusals += 1
                    return false
                }
                accepted.append(now)
                return true
            }
        }
        let server = Server(clock)
        let counts = try await clock.run(for: .seconds(700)) {
            await withTaskGroup { group in
                for stream in 0..<8 {
                    group.addTask {
                        while (try? await limiter.wait(.live, for: "\(stream)")) != nil {
                            let sent = clock.monotonicNow
                            try? await clock.sleep(for: .milliseconds(50))
                            if await server.ask() {
                                limiter.succeeded()
                            } else {
                                limiter.wasRefused(sentAt: sent, retryAfter: nil)
                            }
                        }
                    }
                }
                try? await clock.sleep(for: .seconds(600))
                let limited = (await server.acceptedCount, await server.refusals)
                await server.allow(100)
                try? await clock.sleep(for: .seconds(60))
                let rate = limiter.current
                group.cancelAll()
                return (accepted: limited.0, refusals: limited.1, rate: rate)
            }
        }
        // 2,400 would be all that this server allows.
        #expect(counts.accepted > 1_400)
        #expect(counts.refusals < counts.accepted / 5)
        #expect(counts.rate == 16)
    }
}
