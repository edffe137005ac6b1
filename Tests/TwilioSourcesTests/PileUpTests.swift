import PipelineCore
import PipelineTestKit
import Simulating
import Testing
import Transport
import TwilioSources

/// Answers one query with an empty list, and the others as Twilio does.
private struct ForgetfulTransport: HTTPTransport {
    let twilio: SimulatedTransport
    /// What the query must contain.
    let query: String

    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        var response = try await twilio.send(request)
        if request.url.query?.contains(query) ?? false {
            response.body = Array(#"{"logs":[],"meta":{"next_page_url":null}}"#.utf8)
        }
        return response
    }
}

/// A second that holds more than one query lists; the cap is 100 and a page has 10, to keep the numbers small.
@Suite struct PileUpTests {
    private static let cap = 100
    private static let listing = 11

    private static func twilio(
        functions: Int = 3, _ pileUps: [PileUp], _ change: (inout SimulatorOptions) -> Void = { _ in }
    ) throws -> SimulatedAPI {
        try SimulatedAPI { options in
            options.functions = functions
            options.environments = 1
            options.logsCap = cap
            options.pileUps = pileUps
            change(&options)
        }
    }

    /// `count` records in one millisecond of the tenth second before the start.
    private static func pile(_ count: Int, at millisecond: Int64 = 0, _ function: FunctionChoice = .one(0)) -> PileUp {
        PileUp(
            dataset: .logs, at: SimulatedAPI.start - 10_000 + millisecond, count: count, function: function)
    }

    private static func read(_ twilio: SimulatedAPI) async throws -> WindowContents {
        let contents = try await twilio.logs().read(twilio.second(10), pass(canSplit: false))
        twilio.expectDocumentedRequests()
        return contents
    }

    @Test(arguments: SimulatorOptions.CapForm.allCases, [SimulatorOptions.Bounds.exclusive, .inclusive])
    func `a second that is too full for one query is had whole by time`(
        form: SimulatorOptions.CapForm, bounds: SimulatorOptions.Bounds
    ) async throws {
        let twilio = try Self.twilio((0..<1000).map { Self.pile(1, at: $0) }) { options in
            options.capForm = form
            options.logBounds = bounds
        }
        let contents = try await Self.read(twilio)
        #expect(contents.gap == nil)
        #expect(contents.sids(in: twilio.second(10)) == twilio.truth(.logs, in: twilio.second(10)))
        #expect(contents.sids(in: twilio.second(10)).count == 1000)
        // L × (2 + 66 n/C), and much less where records are spread.
        #expect(twilio.transport.requests.count <= Self.listing * (2 + 66 * 1000 / Self.cap))
        #expect(twilio.transport.requests.count < 400)
    }

    @Test(arguments: SimulatorOptions.CapForm.allCases, [SimulatorOptions.Bounds.exclusive, .inclusive])
    func `a full millisecond is had whole by function`(
        form: SimulatorOptions.CapForm, bounds: SimulatorOptions.Bounds
    ) async throws {
        let twilio = try Self.twilio((0..<3).map { Self.pile(90, at: 700, .one($0)) }) { options in
            options.capForm = form
            options.logBounds = bounds
        }
        let contents = try await Self.read(twilio)
        #expect(contents.gap == nil)
        #expect(contents.sids(in: twilio.second(10)).count == 270)
        let (n, functions) = (270, 3)
        #expect(
            twilio.transport.requests.count
                <= Self.listing * (2 + 66 * n / Self.cap) + Self.listing * functions * 3 * n / Self.cap + 2)
    }

    @Test func `where fractions are ignored, functions divide the whole second`() async throws {
        let twilio = try Self.twilio(functions: 4, (0..<4).map { Self.pile(80, at: 250 * Int64($0), .one($0)) }) {
            options in
            options.logFractions = .ignored
        }
        let contents = try await Self.read(twilio)
        #expect(contents.gap == nil)
        #expect(contents.sids(in: twilio.second(10)).count == 320)
        #expect(twilio.transport.requests.count <= Self.listing * 5 * (4 + 1) + 1)
    }

    @Test func `where dates have whole seconds, functions divide them`() async throws {
        let twilio = try Self.twilio(functions: 4, (0..<4).map { Self.pile(80, .one($0)) }) { options in
            options.logPrecision = .seconds
        }
        let contents = try await Self.read(twilio)
        #expect(contents.gap == nil)
        #expect(contents.sids(in: twilio.second(10)).count == 320)
        let fractions = twilio.transport.requests.filter { ($0.url.query ?? "").contains(".") }
        #expect(fractions.isEmpty)
    }

    @Test(arguments: [SimulatorOptions.Fractions.honoured, .ignored])
    func `a function that fills a millisecond alone is a gap, and what was listed is kept`(
        fractions: SimulatorOptions.Fractions
    ) async throws {
        let twilio = try Self.twilio([Self.pile(500, at: 300), Self.pile(5, at: 300, .one(1))]) { options in
            options.logFractions = fractions
        }
        let contents = try await Self.read(twilio)
        let gap = try #require(contents.gap)
        #expect(gap.contains(twilio.service.functions[0]) && !gap.contains(twilio.service.functions[1]))
        #expect(gap.contains("\(contents.sids(in: twilio.second(10)).count) of it were listed"))
        #expect(contents.sids(in: twilio.second(10)).count >= Self.cap)
        #expect(twilio.transport.requests.count <= Self.listing * (2 + 66 * 505 / Self.cap))
    }

    @Test func `records that name no function are a gap where the listing was cut`() async throws {
        let twilio = try Self.twilio([Self.pile(120, at: 300, .none), Self.pile(50, at: 300, .one(1))])
        let contents = try await Self.read(twilio)
        let gap = try #require(contents.gap)
        #expect(gap.contains("name no function"))
    }

    @Test func `records that name no function are no gap where time divides them`() async throws {
        let twilio = try Self.twilio((0..<4).map { Self.pile(60, at: 200 * $0, .none) })
        let contents = try await Self.read(twilio)
        #expect(contents.gap == nil)
        #expect(contents.sids(in: twilio.second(10)).count == 240)
    }

    @Test func `a dense neighbour does not make a gap`() async throws {
        for (bounds, precision) in [
            (SimulatorOptions.Bounds.exclusive, SimulatorOptions.LogPrecision.milliseconds),
            (.inclusive, .milliseconds),
            (.exclusive, .seconds), (.inclusive, .seconds), (.startInclusive, .seconds), (.endInclusive, .seconds),
        ] {
            for neighbour: Int64 in [-1000, 1000] {
                let twilio = try Self.twilio(functions: 1, [Self.pile(20, at: 0), Self.pile(300, at: neighbour)]) {
                    options in
                    options.logBounds = bounds
                    options.logPrecision = precision
                }
                let contents = try await Self.read(twilio)
                #expect(contents.gap == nil, "\(bounds) \(precision) \(neighbour)")
                #expect(contents.sids(in: twilio.second(10)).count == 20, "\(bounds) \(precision) \(neighbour)")
            }
        }
    }

    @Test func `an answer that lacks what was listed before is not believed`() async throws {
        let twilio = try Self.twilio((0..<1000).map { Self.pile(1, at: $0) })
        // The part from 875 ms on, of which the newest hundred have been listed.
        let transport = ForgetfulTransport(twilio: twilio.transport, query: ".874Z&EndDate")
        let api = TwilioAPI(
            baseURL: twilio.api.baseURL,
            credential: FixedCredential(BasicAuth(user: twilio.account.sid, password: twilio.account.authToken)),
            transport: transport,
            limiter: RateLimiter(requestsPerSecond: 1000, burst: 1, clock: twilio.clock),
            gate: CredentialGate(clock: twilio.clock), clock: twilio.clock)
        let source = FunctionLogsSource(
            line: api.line(for: "logs"), serviceSID: twilio.service.sid, environmentSID: twilio.environment.sid,
            pageSize: 10, cap: Self.cap)
        let contents = try await source.read(twilio.second(10), pass(canSplit: false))
        #expect(twilio.transport.requests.contains { $0.url.query?.contains(transport.query) ?? false })
        #expect(contents.gap != nil)
    }

    @Test func `functions are listed once in ten minutes`() async throws {
        let twilio = try Self.twilio((0..<3).map { Self.pile(90, at: 700, .one($0)) })
        let source = twilio.logs()
        func lists() -> Int { twilio.transport.requests.count { $0.url.path.hasSuffix("/Functions") } }
        _ = try await source.read(twilio.second(10), pass(canSplit: false))
        _ = try await source.read(twilio.second(10), pass(canSplit: false))
        #expect(lists() == 1)
        twilio.clock.advance(by: .seconds(601))
        _ = try await source.read(twilio.second(10), pass(canSplit: false))
        #expect(lists() == 2)
    }

    @Test func `a window that can be split is given up after eight pages, and costs no more`() async throws {
        let twilio = try Self.twilio([Self.pile(500)])
        let error = try await failure { () throws(SourceError) in
            try await twilio.logs().read(twilio.second(10), pass(canSplit: true))
        }
        #expect(error.kind == "tooMuch")
        #expect(twilio.transport.requests.count == 1 + 9)
    }
}
