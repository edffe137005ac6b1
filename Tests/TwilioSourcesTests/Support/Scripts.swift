import PipelineCore
import PipelineTestKit
import Testing
import Transport
import TwilioSources

/// An API over a transport that answers what a closure says.
struct Scripted {
    let clock = VirtualClock()
    let transport: ScriptedTransport
    let api: TwilioAPI

    init(
        _ base: String = "https://monitor.twilio.com",
        credential: any CredentialProvider = FixedCredential(BasicAuth(user: "AC1", password: "hunter2")),
        _ answer: @escaping @Sendable (HTTPRequest, Int) -> HTTPResponse
    ) throws {
        transport = ScriptedTransport(clock: clock, answer: answer)
        api = TwilioAPI(
            baseURL: try HTTPURL(base), credential: credential, transport: transport,
            limiter: RateLimiter(requestsPerSecond: 1000, burst: 1, clock: clock), gate: CredentialGate(clock: clock),
            clock: clock)
    }

    var now: Timestamp { clock.wallNow.rounded(downTo: .seconds(1)) }

    func events(pageSize: Int = 2, cap: Int = 10_000) -> MonitorEventsSource {
        MonitorEventsSource(line: api.line(for: "events"), pageSize: pageSize, cap: cap)
    }
}

/// A second, or a longer window, that ends a little in the past.
func window(_ seconds: Int = 30, before now: Timestamp) -> Window {
    Window(from: now - .seconds(seconds + 30), to: now - .seconds(30))
}

func pass(canSplit: Bool = true, _ urgency: Urgency = .live, memory: MemoryBudget = MemoryBudget()) -> Pass {
    Pass(canSplit: canSplit, urgency: urgency, memory: memory.hold(isFirst: true))
}

/// A page of events, all of one second.
func page(_ sids: [String], next: String? = nil) -> HTTPResponse {
    let events = sids.map { #"{"sid":"\#($0)","event_date":"2026-05-28T20:26:40Z"}"# }.joined(separator: ",")
    let url = next.map { "\"\($0)\"" } ?? "null"
    return HTTPResponse(status: 200, body: Array(#"{"events":[\#(events)],"meta":{"next_page_url":\#(url)}}"#.utf8))
}

func answer(_ status: Int, _ body: String = "", _ headers: [(String, String)] = []) -> HTTPResponse {
    var fields = HTTPHeaders()
    for (name, value) in headers { fields.append(name, value) }
    return HTTPResponse(status: status, headers: fields, body: Array(body.utf8))
}

extension SourceError {
    /// The case alone.
    var kind: String {
        switch self {
        case .tooMuch: "tooMuch"
        case .noRoom: "noRoom"
        case .unavailable: "unavailable"
        case .unauthorized: "unauthorized"
        case .gone: "gone"
        case .refused: "refused"
        case .cancelled: "cancelled"
        }
    }
}

/// What `body` throws.
func failure<Value>(_ body: () async throws(SourceError) -> Value) async throws -> SourceError {
    do throws(SourceError) {
        _ = try await body()
    } catch {
        return error
    }
    Issue.record("nothing was thrown")
    return .cancelled
}
