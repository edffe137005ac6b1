import PipelineCore
import PipelineTestKit
import Simulating
import Testing
import Transport
import TwilioSources

/// Random pile-ups on servers that read bounds and fractions in every way: what is not said to be a gap is complete.
@Suite struct PileUpCampaign {
    private static let cap = 40

    private struct Random: RandomNumberGenerator {
        let clock: VirtualClock

        mutating func next() -> UInt64 { clock.randomNumber() }
    }

    private static func twilio(_ seed: UInt64) throws -> SimulatedAPI {
        var random = Random(clock: VirtualClock(seed: seed))
        return try SimulatedAPI { options in
            options.seed = seed + 1
            options.environments = 1
            options.functions = Int.random(in: 0...4, using: &random)
            options.logsCap = cap
            options.capForm = .allCases.randomElement(using: &random) ?? .silent
            options.logBounds = .allCases.randomElement(using: &random) ?? .exclusive
            options.logFractions = .allCases.randomElement(using: &random)
            options.logPrecision = .allCases.randomElement(using: &random) ?? .seconds
            options.paging = .allCases.randomElement(using: &random) ?? .offset
            options.unordered = Bool.random(using: &random)
            for _ in 0..<Int.random(in: 1...8, using: &random) {
                let function = Int.random(in: -1...max(0, options.functions), using: &random)
                options.pileUps.append(
                    PileUp(
                        dataset: .logs,
                        at: SimulatedAPI.start - 10_000 + Int64.random(in: -1200...2200, using: &random),
                        count: Int.random(in: 1...60, using: &random),
                        function: function < 0 ? .none : function < options.functions ? .one(function) : .spread))
            }
        }
    }

    @Test(arguments: 1...100 as ClosedRange<UInt64>)
    func `what is not said to be a gap is complete`(seed: UInt64) async throws {
        let twilio = try Self.twilio(seed)
        let window = twilio.second(10)
        let source = twilio.logs(pageSize: 10, cap: Self.cap)
        let contents = try await source.read(window, pass(canSplit: false))
        let (found, truth) = (contents.sids(in: window), twilio.truth(.logs, in: window))
        #expect(found.isSubset(of: truth))
        if contents.gap == nil { #expect(found == truth) }
        // The bound of the doc comment, with the neighbours' records among the n, since they fill listings too.
        let near = Window(from: window.from - .seconds(2), to: window.to + .seconds(2))
        let (n, listing) = (twilio.truth(.logs, in: near).count, Self.cap / 10 + 1)
        let functions = twilio.service.functions.count
        let byTime = listing * (2 + 66 * n / Self.cap)
        let byFunction = listing * max(functions * 3 * n / Self.cap, 5 * (functions + 1))
        #expect(twilio.transport.requests.count <= 2 + byTime + byFunction)
        twilio.expectDocumentedRequests()
    }

    @Test func `a gap is rarely told where nothing is missing`() async throws {
        var (whole, gaps, needless) = (0, 0, 0)
        for seed in 1...60 as ClosedRange<UInt64> {
            let twilio = try Self.twilio(seed)
            let window = twilio.second(10)
            let source = twilio.logs(pageSize: 10, cap: Self.cap)
            let contents = try await source.read(window, pass(canSplit: false))
            // More than the one query that any second takes.
            if contents.gap == nil, twilio.transport.requests.count > 8 { whole += 1 }
            if contents.gap != nil { gaps += 1 }
            if contents.gap != nil, contents.sids(in: window) == twilio.truth(.logs, in: window) { needless += 1 }
        }
        #expect(whole > 10)
        #expect(gaps > 10)
        #expect(needless < 10)
    }
}
