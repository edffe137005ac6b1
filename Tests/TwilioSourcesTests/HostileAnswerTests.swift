import PipelineCore
import PipelineTestKit
import Simulating
import Testing
import Transport
import TwilioSources

@Suite struct HostileAnswerTests {
    private static let base = "https://monitor.twilio.com"

    /// Reads a window from a server that answers the clock's question well and everything after it as the script says.
    private static func reading(
        _ base: String = base, _ script: @escaping @Sendable (Int) -> HTTPResponse
    ) async throws -> (error: SourceError, api: Scripted) {
        let api = try Scripted(base) { _, number in number == 1 ? page([]) : script(number) }
        let source = api.events()
        _ = try await source.serverTime(.live)
        let error = try await failure { () throws(SourceError) in
            try await source.read(window(before: api.now), pass())
        }
        #expect(Set(api.transport.requests.map(\.url.origin.description)) == [base])
        return (error, api)
    }

    @Test(arguments: [
        "https://evil.example.com/v1/Events?Page=1", "http://monitor.twilio.com/v1/Events?Page=1",
        "https://monitor.twilio.com:444/v1/Events?Page=1", "https://monitor.twilio.com/v1/Alerts?Page=1",
        "//evil.example.com/v1/Events", "https://monitor.twilio.com@evil.example.com/v1/Events", "ftp://x",
        "/v2/Events", "https://monitor.twilio.com/v1/Events/../Alerts",
        "https://monitor.twilio.com.evil.example.com/v1/Events",
    ])
    func `a next page elsewhere is refused and never asked`(next: String) async throws {
        let (error, api) = try await Self.reading { _ in page(["AE1"], next: next) }
        #expect(error.kind == "refused")
        #expect("\(error)".contains("next_page_url"))
        #expect(api.transport.requests.count == 2)
    }

    @Test func `a redirect is refused and never followed`() async throws {
        let (error, api) = try await Self.reading { _ in
            answer(307, "", [("Location", "https://evil.example.com/v1/Events")])
        }
        #expect(error.kind == "refused" && "\(error)".contains("redirects are never followed"))
        #expect(api.transport.requests.count == 2)
    }

    @Test func `a next page on the product's plain name is asked from the configured host`() async throws {
        let api = try Scripted("https://monitor.dublin.ie1.twilio.com") { _, number in
            page(["AE\(number)"], next: number == 2 ? "https://monitor.twilio.com/v1/Events?Page=1&PageToken=a" : nil)
        }
        let contents = try await api.events().read(window(before: api.now), pass())
        #expect(contents.pages.count == 2)
        #expect(Set(api.transport.requests.map(\.url.origin.host)) == ["monitor.dublin.ie1.twilio.com"])
    }

    @Test func `the same next page twice ends the pass`() async throws {
        let (error, api) = try await Self.reading { _ in page([], next: Self.base + "/v1/Events?Page=1&PageToken=a") }
        #expect(error.kind == "refused" && "\(error)".contains("same next_page_url twice"))
        #expect(api.transport.requests.count == 3)
    }

    private static func next(_ number: Int) -> String { base + "/v1/Events?Page=1&PageToken=\(number)" }

    @Test func `endless paging ends`() async throws {
        let (error, api) = try await Self.reading { number in
            page(number % 40 == 0 ? ["AE\(number)"] : [], next: Self.next(number))
        }
        #expect(error.kind == "tooMuch" && "\(error)".contains("100 answers"))
        #expect(api.transport.requests.count == 101)
    }

    @Test func `endless paging without a record ends sooner`() async throws {
        let (error, api) = try await Self.reading { page([], next: Self.next($0)) }
        #expect(error.kind == "tooMuch" && "\(error)".contains("50 pages in a row"))
        #expect(api.transport.requests.count == 51)
    }

    @Test func `endless paging of a window that cannot be split is a gap, and what came is kept`() async throws {
        let api = try Scripted { _, number in page(["AE\(number)"], next: number == 1 ? nil : Self.next(number)) }
        let second = Window(from: api.now - .seconds(60), to: api.now - .seconds(59))
        let contents = try await api.events().read(second, pass(canSplit: false))
        let gap = try #require(contents.gap)
        #expect(gap.contains("1600 answers"))
        #expect(contents.pages.count == 1600)
        #expect(api.transport.requests.count == 1601)
    }

    // Nothing is known of the window then, as hostile schedule 1067 showed: it must not become a gap.
    @Test(arguments: [[], ["AE1", "AE2"]])
    func `endless paging that brings nothing new is no gap but a refusal, and the window is read again later`(
        sids: [String]
    ) async throws {
        let api = try Scripted { _, number in page(sids, next: number == 1 ? nil : Self.next(number)) }
        let second = Window(from: api.now - .seconds(60), to: api.now - .seconds(59))
        let error = try await failure { () throws(SourceError) in
            try await api.events().read(second, pass(canSplit: false))
        }
        #expect(error.kind == "refused" && "\(error)".contains("50 pages in a row"))
        #expect(api.transport.requests.count == 1 + 50 + (sids.isEmpty ? 0 : 1))
    }

    @Test func `HTML with 200 is asked for again, and then quoted in short`() async throws {
        let html = "<!DOCTYPE html>\n<title>Maintenance\u{1b}[2J</title>" + String(repeating: "x", count: 5000)
        let (error, api) = try await Self.reading { _ in
            answer(200, html, [("Content-Type", "text/html; charset=utf-8")])
        }
        #expect(error.kind == "unavailable")
        let text = "\(error)"
        #expect(text.contains("text/html") && text.contains("instead of JSON") && text.contains("<title>Maintenance"))
        #expect(text.contains("/v1/Events") && !text.contains("\u{1b}") && text.utf8.count < 400)
        #expect(api.transport.requests.count == 1 + 6)
    }

    @Test func `JSON that is called HTML is not believed, and not quoted`() async throws {
        let (error, _) = try await Self.reading { _ in
            answer(200, #"{"accounts":[{"auth_token":"deadbeef"}]}"#, [("Content-Type", "text/html")])
        }
        #expect(error.kind == "unavailable" && !"\(error)".contains("deadbeef"))
    }

    @Test(arguments: ["application/json", "application/json;charset=utf-8", "Application/Problem+JSON"])
    func `JSON is known by its names`(type: String) async throws {
        let api = try Scripted { _, _ in
            var page = page(["AE1"])
            page.headers = ["Content-Type": type, "Date": "Thu, 28 May 2026 20:26:40 GMT"]
            return page
        }
        let contents = try await api.events().read(window(before: api.now), pass())
        #expect(contents.pages.map(\.records.count) == [1])
        #expect(api.transport.requests.count == 2)
    }

    @Test(arguments: ["", "{", #"{"events":[{"sid":"AE1"}"#, "[]", "null", #"{"events":{}}"#, #"{"events":[]}"#])
    func `an answer that breaks off or is something else is asked for again`(body: String) async throws {
        let (error, api) = try await Self.reading { _ in answer(200, body, [("Content-Type", "application/json")]) }
        #expect(error.kind == "unavailable" && "\(error)".contains("https://monitor.twilio.com/v1/Events"))
        #expect(api.transport.requests.count == 1 + 6)
    }

    @Test func `a server without a Date is said to be unusable`() async throws {
        let api = try Scripted { _, _ in
            var page = page([])
            page.headers = ["X-No-Date": "1"]
            return page
        }
        let source = api.events()
        let error = try await failure { () throws(SourceError) in try await source.serverTime(.live) }
        #expect(error.kind == "refused" && "\(error)".contains("Date"))
        #expect(api.transport.requests.count == 3)
    }

    @Test(arguments: [
        SimulatedFault.serverError, .unavailable, .tooMany, .truncated, .reset, .malformedJSON, .contentType,
        .nextElsewhere, .redirect, .unauthorized, .htmlAnswer, .sameNext, .tokenRefused,
    ])
    func `a simulated fault on every answer ends in a sentence, soon, and nothing leaves the host`(
        fault: SimulatedFault
    ) async throws {
        let twilio = try SimulatedAPI { options in
            options.history = 200
            options.historySpan = .seconds(60)
        }
        let source = twilio.logs()
        _ = try await source.serverTime(.live)
        twilio.twilio.setFault(fault, rate: 1)
        let from = Timestamp(milliseconds: SimulatedAPI.start - 60_000)
        let error = try await failure { () throws(SourceError) in
            try await source.read(Window(from: from, to: from + .seconds(60)), pass())
        }
        #expect("\(error)".contains("serverless.test"))
        #expect(!"\(error)".contains(twilio.account.authToken))
        #expect(Set(twilio.transport.requests.map(\.url.origin.host)) == ["serverless.test"])
        #expect(twilio.transport.requests.count < 30)
    }
}
