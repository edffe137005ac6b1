import PipelineCore
import PipelineTestKit
import Simulating
import Testing
import Transport
import TwilioSources

@Suite struct MonitorEventsSourceTests {
    private static let start = VirtualClock().wallNow.milliseconds

    /// A source over a transport that answers what the closure says.
    private static func source(
        _ base: String = "https://monitor.twilio.com", _ clock: VirtualClock = VirtualClock(),
        _ answer: @escaping @Sendable (HTTPRequest, Int) -> HTTPResponse
    ) throws -> (MonitorEventsSource, ScriptedTransport) {
        let transport = ScriptedTransport(clock: clock, answer: answer)
        clock.run(for: .seconds(10_000))
        let api = TwilioAPI(
            baseURL: try HTTPURL(base), credential: BasicAuth(user: "AC1", password: "secret"), transport: transport,
            limiter: RateLimiter(requestsPerSecond: 1000, burst: 1, clock: clock), clock: clock)
        return (MonitorEventsSource(api: api, pageSize: 2), transport)
    }

    private static func page(_ sids: [String], next: String?) -> HTTPResponse {
        let events = sids.map { #"{"sid":"\#($0)","event_date":"2026-05-28T20:26:40Z"}"# }.joined(separator: ",")
        let url = next.map { "\"\($0)\"" } ?? "null"
        return HTTPResponse(status: 200, body: Array(#"{"events":[\#(events)],"meta":{"next_page_url":\#(url)}}"#.utf8))
    }

    private static let window = Window(
        from: Timestamp(milliseconds: start - 60_000), to: Timestamp(milliseconds: start - 30_000))

    @Test func `a window is asked a tick wider at both ends, in whole seconds, with basic auth`() async throws {
        let (source, transport) = try Self.source { _, _ in Self.page([], next: nil) }
        _ = try await source.read(Self.window, canSplit: true)
        let request = try #require(transport.requests.last)
        #expect(request.url.query == "StartDate=2026-05-28T20%3A25%3A39Z&EndDate=2026-05-28T20%3A26%3A11Z&PageSize=2")
        #expect(request.basicAuth == BasicAuth(user: "AC1", password: "secret"))
    }

    @Test func `pages are followed to the null one, empty ones too`() async throws {
        let (source, _) = try Self.source { _, number in
            switch number {
            case 2: Self.page(["AE1"], next: "https://monitor.twilio.com/v1/Events?Page=1&PageToken=a")
            case 3: Self.page([], next: "https://monitor.twilio.com/v1/Events?Page=2&PageToken=b")
            default: Self.page(["AE2"], next: nil)
            }
        }
        let contents = try await source.read(Self.window, canSplit: true)
        #expect(contents.pages.map(\.records.count) == [1, 0, 1])
        #expect(contents.requestIDs.count == 3)
    }

    @Test(arguments: [
        "https://evil.example.com/v1/Events?Page=1", "http://monitor.twilio.com/v1/Events?Page=1",
        "https://monitor.twilio.com:444/v1/Events?Page=1", "https://monitor.twilio.com/v1/Alerts?Page=1",
        "//evil.example.com/v1/Events", "https://monitor.twilio.com@evil.example.com/v1/Events", "ftp://x",
        "/v2/Events",
    ])
    func `a next page elsewhere is refused and never asked`(next: String) async throws {
        let (source, transport) = try Self.source { _, _ in Self.page(["AE1"], next: next) }
        let error = await #expect(throws: SourceError.self) { _ = try await source.read(Self.window, canSplit: true) }
        guard case .refused = error else {
            Issue.record("refused, not \(String(describing: error))")
            return
        }
        #expect(transport.requests.count == 2)
        #expect(Set(transport.requests.map(\.url.origin.authority)) == ["monitor.twilio.com:443"])
    }

    @Test func `a next page on the product's plain name is asked from the configured host`() async throws {
        let (source, transport) = try Self.source("https://monitor.dublin.ie1.twilio.com") { _, number in
            Self.page(
                ["AE\(number)"], next: number == 2 ? "https://monitor.twilio.com/v1/Events?Page=1&PageToken=a" : nil)
        }
        #expect(try await source.serverTime().milliseconds > 0)
        _ = try await source.read(Self.window, canSplit: true)
        #expect(transport.requests.count == 3)
        #expect(Set(transport.requests.map(\.url.origin.host)) == ["monitor.dublin.ie1.twilio.com"])
    }

    @Test func `the same next page twice ends the pass`() async throws {
        let (source, transport) = try Self.source { _, _ in
            Self.page(["AE1"], next: "https://monitor.twilio.com/v1/Events?Page=1&PageToken=a")
        }
        await #expect(throws: SourceError.self) { _ = try await source.read(Self.window, canSplit: true) }
        #expect(transport.requests.count == 3)
    }

    @Test func `endless paging ends`() async throws {
        let (source, transport) = try Self.source { _, number in
            Self.page([], next: "https://monitor.twilio.com/v1/Events?Page=1&PageToken=\(number)")
        }
        let error = await #expect(throws: SourceError.self) { _ = try await source.read(Self.window, canSplit: true) }
        guard case .tooMuch = error else {
            Issue.record("too much, not \(String(describing: error))")
            return
        }
        #expect(transport.requests.count < 200)
    }

    @Test(arguments: [
        (429, 6), (500, 6), (503, 6), (408, 6), (401, 3), (403, 1), (404, 1), (400, 1), (302, 1),
    ])
    func `each status is retried as often as makes sense`(status: Int, times: Int) async throws {
        let (source, transport) = try Self.source { _, _ in HTTPResponse(status: status, body: Array("<html>".utf8)) }
        await #expect(throws: SourceError.self) { _ = try await source.serverTime() }
        #expect(transport.requests.count == times)
    }

    @Test func `a 429 waits as long as it is told`() async throws {
        let clock = VirtualClock()
        let (source, _) = try Self.source("https://monitor.twilio.com", clock) { _, number in
            var headers = HTTPHeaders()
            headers.append("Retry-After", "40")
            return number == 1 ? HTTPResponse(status: 429, headers: headers) : Self.page([], next: nil)
        }
        let before = clock.monotonicNow
        _ = try await source.serverTime()
        #expect(before.duration(to: clock.monotonicNow) >= .seconds(40))
    }

    @Test func `Twilio's own words and request id are in the error, the secret is not`() async throws {
        let (source, _) = try Self.source { _, _ in
            var headers = HTTPHeaders()
            headers.append("Twilio-Request-Id", "RQ0123")
            return HTTPResponse(
                status: 401, headers: headers,
                body: Array(#"{"code":20003,"message":"Authenticate","status":401}"#.utf8))
        }
        let error = await #expect(throws: SourceError.self) { _ = try await source.serverTime() }
        let text = "\(try #require(error))"
        #expect(text.contains("20003") && text.contains("Authenticate") && text.contains("RQ0123"))
        #expect(text.contains("monitor.twilio.com") && !text.contains("secret"))
    }

    @Test func `a server without a Date is said to be unusable`() async throws {
        let (source, _) = try Self.source { _, _ in
            var page = Self.page([], next: nil)
            page.headers = HTTPHeaders()
            page.headers.append("X-No-Date", "1")
            return page
        }
        let error = await #expect(throws: SourceError.self) { _ = try await source.serverTime() }
        #expect("\(try #require(error))".contains("Date"))
    }
}
