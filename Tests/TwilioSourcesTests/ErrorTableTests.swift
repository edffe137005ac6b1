import PipelineCore
import PipelineTestKit
import Testing
import Transport
import TwilioSources

@Suite struct ErrorTableTests {
    private func failing(
        _ status: Int, _ body: String, _ headers: [(String, String)] = []
    ) async throws -> (error: SourceError, requests: Int) {
        let api = try Scripted { _, _ in answer(status, body, headers) }
        let source = api.events()
        let error = try await failure { () throws(SourceError) in try await source.serverTime(.live) }
        return (error, api.transport.requests.count)
    }

    @Test(arguments: [
        (400, #"{"code":400,"message":"Invalid combination of AuditEvent filters"}"#, "unavailable", 1),
        (400, #"{"code":21481,"message":"Invalid PageToken"}"#, "unavailable", 1),
        (400, #"{"code":70002,"message":"Paged requests must include a PageToken"}"#, "unavailable", 1),
        (400, #"{"code":20001,"message":"Invalid page and pageSize combination"}"#, "tooMuch", 1),
        (401, #"{"code":20003,"message":"Authenticate","status":401}"#, "unauthorized", 3),
        (401, #"{"code":70051,"message":"the key lacks a permission"}"#, "unauthorized", 3),
        (403, #"{"code":20403,"message":"Forbidden"}"#, "unauthorized", 1),
        (404, #"{"code":20404,"message":"not found"}"#, "gone", 1),
        (404, "", "gone", 1),
        (408, "", "unavailable", 6),
        (429, #"{"code":20429,"message":"Too Many Requests"}"#, "unavailable", 6),
        (500, #"{"code":20500,"message":"An internal server error has occurred"}"#, "unavailable", 6),
        (502, "<html>Bad Gateway</html>", "unavailable", 6),
        (503, "<html><title>ERROR: The request could not be satisfied</title></html>", "unavailable", 6),
        (504, #"{"type":"x","title":"Timeout","detail":"upstream is slow","status":504}"#, "unavailable", 6),
        (302, "", "refused", 1), (307, "", "refused", 1),
    ])
    func `each row of the error table is retried and told as it says`(
        status: Int, body: String, kind: String, times: Int
    ) async throws {
        let (error, requests) = try await failing(status, body)
        #expect(error.kind == kind)
        #expect(requests == times)
        #expect("\(error)".contains("https://monitor.twilio.com/v1/Events answered \(status)"))
        #expect(!"\(error)".contains("PageSize"))
    }

    @Test func `Twilio's own words and request id are in the error, the secret is not`() async throws {
        let (error, _) = try await failing(
            401, #"{"code":20003,"message":"Authenticate\u001b[2J\u202e","status":401}"#,
            [("Twilio-Request-Id", "RQ0123")])
        let text = "\(error)"
        #expect(text.contains("Twilio error 20003") && text.contains("Authenticate") && text.contains("RQ0123"))
        #expect(!text.contains("hunter2"))
        #expect(!text.contains("\u{1b}") && !text.contains("\u{202e}"))
    }

    @Test func `what is not JSON is quoted, 80 characters of it at the most`() async throws {
        let (error, _) = try await failing(503, "<html>" + String(repeating: "x", count: 10_000))
        #expect("\(error)".contains("it begins: <html>xxx"))
        #expect("\(error)".utf8.count < 300)
    }

    @Test(arguments: [
        "40", "Fri, 29 May 2026 00:27:20 GMT",
    ])
    func `a 429 waits as long as it is told, in seconds or until a date`(retryAfter: String) async throws {
        let api = try Scripted { _, number in
            guard number == 1 else { return page([]) }
            return answer(
                429, "", [("Retry-After", retryAfter), ("Date", "Fri, 29 May 2026 00:26:40 GMT")])
        }
        let before = api.clock.monotonicNow
        _ = try await api.events().serverTime(.live)
        let waited = before.duration(to: api.clock.monotonicNow)
        #expect(waited >= .seconds(40) && waited < .seconds(60))
        #expect(api.transport.requests.count == 2)
    }

    @Test func `a server that wants more than a minute is asked again by the schedule`() async throws {
        let (error, requests) = try await failing(429, "", [("Retry-After", "900")])
        guard case .unavailable(_, let retryAfter) = error else {
            Issue.record("unavailable, not \(error)")
            return
        }
        #expect(retryAfter == .seconds(900))
        #expect(requests == 1)
    }

    @Test func `trouble that lasts is no hot loop`() async throws {
        let api = try Scripted { _, _ in answer(500) }
        let before = api.clock.monotonicNow
        let source = api.events()
        _ = try await failure { () throws(SourceError) in try await source.serverTime(.live) }
        #expect(before.duration(to: api.clock.monotonicNow) >= .seconds(1))
    }

    @Test func `every attempt is counted, of each line by itself`() async throws {
        let api = try Scripted { _, number in number < 3 ? answer(503) : page([]) }
        let first = MonitorEventsSource(line: api.api.line(for: "first"))
        let second = MonitorEventsSource(line: api.api.line(for: "second"))
        _ = try await first.serverTime(.live)
        _ = try await second.read(window(before: api.now), pass())
        #expect(first.asked.requests == 3)
        #expect(second.asked.requests == 1)
    }
}
