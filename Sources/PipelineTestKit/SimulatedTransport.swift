import PipelineCore
package import Simulating
import Synchronization
package import Transport

/// Asks a simulated Twilio without a network, over virtual time; every request takes `latency`.
package final class SimulatedTransport: HTTPTransport {
    package let twilio: SimulatedTwilio
    private let clock: VirtualClock
    private let latency: Duration
    private let log = Mutex<[(request: HTTPRequest, sentAt: ContinuousClock.Instant)]>([])

    package init(_ twilio: SimulatedTwilio, clock: VirtualClock, latency: Duration = .milliseconds(20)) {
        self.twilio = twilio
        self.clock = clock
        self.latency = latency
    }

    /// Every request so far.
    package var requests: [HTTPRequest] { log.withLock { $0.map(\.request) } }
    /// When each was sent.
    package var sentAt: [ContinuousClock.Instant] { log.withLock { $0.map(\.sentAt) } }

    package func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        let sent = clock.monotonicNow
        log.withLock { $0.append((request, sent)) }
        let target = request.url.path + (request.url.query.map { "?" + $0 } ?? "")
        let auth = request.basicAuth ?? BasicAuth(user: "", password: "")
        let answer = twilio.answer(
            .get(target, user: auth.user, password: auth.password, host: request.url.origin.host),
            at: clock.wallNow.milliseconds)
        do {
            try await clock.sleep(for: latency)
        } catch {
            throw .cancelled
        }
        let context = TransportError.Context(
            target: request.url.origin.authority, code: .init(rawValue: 18), detail: "cut")
        switch answer.delivery {
        case .whole, .slow: break
        case .truncated, .reset: throw .interrupted(context)
        }
        var headers = HTTPHeaders()
        for (name, value) in answer.headers { headers.append(name, value) }
        return HTTPResponse(
            status: answer.status, headers: headers, body: answer.body, sentAt: sent,
            headersReceivedAt: clock.monotonicNow)
    }
}
