import PipelineCore
import PipelineTestKit
import Synchronization
import Testing
import TwilioSources

@Suite(.timeLimit(.minutes(10))) struct GateLimitTests {
    private static let refusal = SourceError.unauthorized(reason: "answered 401", retryAfter: nil)
    private static let outage = SourceError.unavailable(reason: "answered 503", retryAfter: nil)

    private let clock: VirtualClock
    private let gate: CredentialGate

    init() {
        clock = VirtualClock()
        gate = CredentialGate(clock: clock)
    }

    /// Passes with a given finding.
    /// - Returns: whether it was let in, what was thrown, and when to come again.
    @discardableResult private func pass(
        _ error: SourceError? = nil, answered: Bool = false
    ) async -> (isIn: Bool, text: String, retryAfter: Duration?) {
        var isIn = false
        do throws(SourceError) {
            try await gate.through { pass throws(SourceError) in
                isIn = true
                if answered { pass.answered() }
                if let error { throw error }
            }
            return (isIn, "", nil)
        } catch {
            var retryAfter: Duration?
            if case .unauthorized(_, let pause) = error { retryAfter = pause }
            if case .unavailable(_, let pause) = error { retryAfter = pause }
            return (isIn, "\(error)", retryAfter)
        }
    }

    @Test func `a refused credential is not used again before the pause is over, and everyone is told since when`()
        async
    {
        await pass(Self.refusal)
        clock.advance(by: .milliseconds(500))
        let turnedAway = await pass()
        #expect(!turnedAway.isIn)
        #expect(
            turnedAway.text
                == "answered 401 (since 2026-05-28T20:26:40Z; until the next try nothing is asked for)")
        guard let pause = turnedAway.retryAfter, case .open(let until, let reason) = gate.state else {
            Issue.record("the gate is closed")
            return
        }
        #expect(pause >= .milliseconds(500) && pause <= .milliseconds(1_500))
        #expect(reason == turnedAway.text)
        #expect(until == clock.wallNow + pause)
        clock.advance(by: pause)
        let probe = await pass()
        #expect(probe.isIn)
        #expect(gate.state == .closed)
    }

    @Test(arguments: [(refusal, 2, 300), (outage, 1, 60)])
    func `pauses double up to their limit, with chance in half of them`(trouble: SourceError, first: Int, limit: Int)
        async
    {
        for _ in 0..<5 { await pass(trouble) }
        var ceiling = Duration.seconds(first)
        for _ in 0..<12 {
            let turnedAway = await pass()
            let pause = turnedAway.retryAfter ?? .zero
            #expect(!turnedAway.isIn)
            #expect(pause >= ceiling / 2 && pause <= ceiling)
            clock.advance(by: pause)
            let probe = await pass(trouble)
            #expect(probe.isIn)
            ceiling = min(ceiling * 2, .seconds(limit))
        }
        clock.advance(by: .seconds(limit))
        await pass()
        #expect(gate.state == .closed)
        // And the next opening begins with the first pause again.
        for _ in 0..<5 { await pass(trouble) }
        let again = await pass()
        #expect(again.retryAfter ?? .zero <= .seconds(first))
    }

    @Test func `four outages in a row do not open it, nor do more with an answer between them`() async {
        for _ in 0..<3 {
            for _ in 0..<4 { await pass(Self.outage) }
            #expect(gate.state == .closed)
            await pass()
            for _ in 0..<4 { await pass(Self.outage) }
            await pass(.gone(reason: "404"))
            for _ in 0..<4 { await pass(Self.outage) }
            await pass(.tooMuch(reason: "400"))
        }
        for _ in 0..<4 { await pass(Self.outage) }
        await pass(.refused(reason: "redirect"))
        await pass(.noRoom)
        await pass(.cancelled)
        #expect(gate.state == .closed)
        await pass(Self.outage)
        #expect(gate.state != .closed)
        let turnedAway = await pass()
        #expect(
            turnedAway.text
                == "answered 503 (since 2026-05-28T20:26:40Z; until the next try nothing is asked for)")
    }

    @Test func `other errors and 429s never open it`() async {
        for _ in 0..<20 {
            await pass(.gone(reason: "404"))
            await pass(.tooMuch(reason: "400"))
            await pass(.refused(reason: "redirect"))
            await pass(.noRoom)
            await pass(.cancelled)
        }
        for _ in 0..<20 { await pass(Self.outage, answered: true) }
        #expect(gate.state == .closed)
    }

    @Test(arguments: [SourceError.cancelled, .noRoom, .refused(reason: "redirect")])
    func `a probe that finds nothing out makes room for the next at once`(error: SourceError) async {
        await pass(Self.refusal)
        clock.advance(by: .seconds(2))
        for _ in 0..<3 {
            let probe = await pass(error)
            #expect(probe.isIn)
        }
        let probe = await pass()
        #expect(probe.isIn)
        #expect(gate.state == .closed)
    }

    @Test(arguments: [false, true])
    func `a probe of a refused credential that finds an outage or a 429 waits as long again`(answered: Bool) async {
        await pass(Self.refusal)
        for _ in 0..<4 {
            clock.advance(by: .seconds(2))
            let probe = await pass(Self.outage, answered: answered)
            #expect(probe.isIn)
            let turnedAway = await pass()
            #expect(!turnedAway.isIn)
            #expect(turnedAway.text.hasPrefix("answered 401"))
            #expect(turnedAway.retryAfter ?? .zero <= .seconds(2))
        }
        clock.advance(by: .seconds(2))
        await pass()
        #expect(gate.state == .closed)
    }

    @Test func `an outage that turns out to be a refused credential is called so, and a 429 ends it`() async {
        for _ in 0..<5 { await pass(Self.outage) }
        clock.advance(by: .seconds(1))
        await pass(Self.outage, answered: true)
        #expect(gate.state == .closed)
        for _ in 0..<5 { await pass(Self.outage) }
        clock.advance(by: .seconds(1))
        await pass(Self.refusal)
        let turnedAway = await pass()
        #expect(turnedAway.text.hasPrefix("answered 401"))
    }

    @Test func `one probe at a time, and a probe whose task is cancelled does not block the gate`() async throws {
        await pass(Self.refusal)
        clock.advance(by: .seconds(2))
        let (clock, gate) = (clock, gate)
        try await clock.run {
            await withTaskGroup { group in
                group.addTask {
                    _ = await #expect(throws: SourceError.self) {
                        try await gate.through { _ throws(SourceError) in
                            do { try await clock.sleep(for: .seconds(100)) } catch { throw .cancelled }
                        }
                    }
                }
                try? await clock.sleep(for: .seconds(3))
                let second = await pass()
                #expect(!second.isIn)
                #expect(second.retryAfter == .seconds(1))
                group.cancelAll()
            }
            let third = await pass()
            #expect(third.isIn)
        }
        #expect(gate.state == .closed)
    }

    @Test func `what was sent before the gate changed says nothing after it`() async throws {
        let (clock, gate) = (clock, gate)
        try await clock.run {
            await withTaskGroup { group in
                for (seconds, error) in [(1, Self.refusal), (2, Self.refusal), (3, nil)] {
                    group.addTask {
                        try? await gate.through { pass throws(SourceError) in
                            try? await clock.sleep(for: .milliseconds(100 * seconds))
                            if seconds > 1 { #expect(throws: SourceError.self) { try pass.check() } }
                            if let error { throw error }
                        }
                    }
                }
            }
            #expect(gate.state != .closed)
            try await clock.sleep(for: .milliseconds(1_800))
            let probe = await pass()
            #expect(probe.isIn)
        }
    }

    /// Counts requests, and knows whether it is well again.
    private final class Server: Sendable {
        private let state = Mutex((requests: 0, isWell: false))

        var requests: Int { state.withLock { $0.requests } }

        func ask() -> Bool {
            state.withLock { state in
                state.requests += 1
                return state.isWell
            }
        }

        func recover() { state.withLock { $0.isWell = true } }
    }

    /// Requests of 500 streams that share a credential, at 20 a second, during an hour of one answer.
    private func requests(anHourOf trouble: SourceError) async throws -> (bad: Int, afterwards: Int) {
        let (clock, gate) = (clock, gate)
        let limiter = RateLimiter(requestsPerSecond: 20, burst: 1, clock: clock)
        let server = Server()
        return try await clock.run(for: .seconds(3_600 + 400)) {
            await withTaskGroup { group in
                for stream in 0..<500 {
                    group.addTask {
                        while !Task.isCancelled {
                            var pause = Duration.seconds(10)
                            do throws(SourceError) {
                                try await gate.through { pass throws(SourceError) in
                                    do { try await limiter.wait(.live, for: "\(stream)") } catch { throw .cancelled }
                                    try pass.check()
                                    let isOver = server.ask()
                                    try? await clock.sleep(for: .milliseconds(100))
                                    if !isOver { throw trouble }
                                }
                            } catch {
                                if case .unauthorized(_, let told?) = error { pause = told }
                                if case .unavailable(_, let told?) = error { pause = told }
                            }
                            try? await clock.sleep(for: pause)
                        }
                    }
                }
                try? await clock.sleep(for: .seconds(3_600))
                let bad = server.requests
                server.recover()
                try? await clock.sleep(for: .seconds(399))
                group.cancelAll()
                return (bad, server.requests - bad)
            }
        }
    }

    @Test func `an hour of 401s costs 500 streams at most 34 requests`() async throws {
        // The first, two more that were under way within its 100 ms, and the probes: 8 in the first 255 s at the earliest,
        // then one in 150 s at the most often.
        let (bad, afterwards) = try await requests(anHourOf: Self.refusal)
        #expect(bad <= 34)
        #expect(bad >= 14)
        #expect(afterwards > 500)
    }

    @Test func `an hour of 503s costs 500 streams at most 135 requests`() async throws {
        let (bad, afterwards) = try await requests(anHourOf: Self.outage)
        #expect(bad <= 135)
        #expect(bad >= 60)
        #expect(afterwards > 500)
    }
}
