import PipelineCore
import PipelineTestKit
import Synchronization
import Testing
import Transport
import TwilioSources

/// Gives no answer but a transport's error, after the first, which tells the time.
private final class BrokenTransport: HTTPTransport {
    private let clock: VirtualClock
    private let error: TransportError
    private let count = Mutex(0)

    init(_ clock: VirtualClock, _ error: TransportError) {
        self.clock = clock
        self.error = error
    }

    var requests: Int { count.withLock { $0 } }

    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        let number = count.withLock { count in
            count += 1
            return count
        }
        guard number == 1 else { throw error }
        var response = page([])
        response.headers = ["Date": "Thu, 28 May 2026 20:26:40 GMT"]
        response.headersReceivedAt = clock.monotonicNow
        return response
    }
}

@Suite struct BrokenTransportTests {
    private static let at = TransportError.Context(
        target: "monitor.twilio.com:443", code: .init(rawValue: 0), detail: "after decompression")

    private static func read(
        _ error: TransportError, canSplit: Bool = true
    ) async throws -> (error: SourceError, requests: Int) {
        let clock = VirtualClock()
        let transport = BrokenTransport(clock, error)
        let api = TwilioAPI(
            baseURL: try HTTPURL("https://monitor.twilio.com"),
            credential: FixedCredential(BasicAuth(user: "AC1", password: "x")), transport: transport,
            limiter: RateLimiter(requestsPerSecond: 1000, burst: 1, clock: clock), gate: CredentialGate(clock: clock),
            clock: clock)
        let source = MonitorEventsSource(line: api.line(for: "x"))
        _ = try await source.serverTime(.live)
        let from = clock.wallNow.rounded(downTo: .seconds(1)) - .seconds(60)
        let failed = try await failure { () throws(SourceError) in
            try await source.read(Window(from: from, to: from + .seconds(1)), pass(canSplit: canSplit))
        }
        return (failed, transport.requests - 1)
    }

    @Test func `an answer that inflates beyond the limit splits the window, with a sentence`() async throws {
        let (error, requests) = try await Self.read(.bodyTooLarge(Self.at, limit: 16 << 20))
        #expect(error.kind == "tooMuch" && requests == 1)
        #expect("\(error)".contains("monitor.twilio.com") && "\(error)".contains("larger than the limit of 16777216"))
    }

    @Test func `where the window cannot be split, smaller pages are tried, and then it is read again later`()
        async throws
    {
        let (error, requests) = try await Self.read(.bodyTooLarge(Self.at, limit: 256 << 20), canSplit: false)
        #expect(error.kind == "unavailable" && requests == 3)
        #expect("\(error)".contains("PageSize 1000, 500, 100"))
    }

    @Test(arguments: [
        (TransportError.tooSlow(at, bytesPerSecond: 100, duration: .seconds(30)), "unavailable", 6),
        (.timedOut(at, after: .seconds(60)), "unavailable", 6), (.interrupted(at), "unavailable", 6),
        (.badResponse(at), "unavailable", 6), (.couldNotConnect(at), "unavailable", 6),
        (.certificateRefused(at), "refused", 1), (.headersTooLarge(at, limit: "200 lines"), "refused", 1),
        (.cancelled, "cancelled", 1),
    ])
    func `what breaks on the way is retried if that can help, and told with its place`(
        error: TransportError, kind: String, times: Int
    ) async throws {
        let (failed, requests) = try await Self.read(error)
        #expect(failed.kind == kind && requests == times)
        if kind != "cancelled" { #expect("\(failed)".contains("https://monitor.twilio.com/v1/Events")) }
    }
}
