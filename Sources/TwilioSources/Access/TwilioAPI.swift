package import PipelineCore
import Synchronization
package import Transport

/// One API host with one credential, shared by all streams that are read from it.
///
/// - Credentials go to the configured origin only; no other URL is ever asked.
/// - Every request, retries included, passes the credential's gate and the rate limiter.
/// - The server's clock is one for all streams, and one probe at a time asks for it.
package final class TwilioAPI: Sendable {
    package let baseURL: HTTPURL
    let credential: any CredentialProvider
    let transport: any HTTPTransport
    let limiter: RateLimiter
    let gate: CredentialGate
    let clock: any PipelineClock
    let probe = SharedProbe()
    private let start: ContinuousClock.Instant
    private let serverClock = Mutex(ServerClock())
    private let lastAuth = Mutex<BasicAuth?>(nil)

    /// - Parameter baseURL: the scheme, host and port that the credential is for.
    package init(
        baseURL: HTTPURL, credential: any CredentialProvider, transport: any HTTPTransport, limiter: RateLimiter,
        gate: CredentialGate, clock: any PipelineClock
    ) {
        self.baseURL = baseURL
        self.credential = credential
        self.transport = transport
        self.limiter = limiter
        self.gate = gate
        self.clock = clock
        start = clock.monotonicNow
    }

    /// A new line, its counter at zero.
    /// - Parameter name: the stream's, or `discovery`: lines share what the rate limiter allows by it.
    package func line(for name: String) -> APILine { APILine(self, name: name) }

    /// The server's clock, if answers have told it.
    var serverTime: Timestamp? {
        let monotonic = start.duration(to: clock.monotonicNow)
        return serverClock.withLock { $0.time(at: monotonic) }
    }

    /// Lets a secret that has changed be tried at once, however long the one before was refused.
    func lookForNewSecret() {
        // One that cannot be read is told by the request that needs it.
        guard let auth = try? credential.current() else { return }
        let isNew = lastAuth.withLock { last in
            defer { last = auth }
            return last != nil && last != auth
        }
        if isNew { gate.secretChanged() }
    }

    func observeDate(of response: HTTPResponse) {
        guard let date = response.headers["date"].flatMap(timestamp(httpDate:)) else { return }
        let monotonic = start.duration(to: response.headersReceivedAt)
        let wall = clock.wallNow
        serverClock.withLock { $0.observe(date: date, at: monotonic, wall: wall) }
    }
}
