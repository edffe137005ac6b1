import Parsing
package import PipelineCore
import Synchronization
package import Transport

/// One API host with one credential: every request to Twilio goes through here.
///
/// - Credentials go to the configured origin only; no other URL is ever asked.
/// - Every request, retries included, waits for the rate limiter.
/// - Passing trouble is retried within the call, with backoff; what is left after that is the caller's to schedule.
package final class TwilioAPI: Sendable {
    /// How often one request is sent at the most: with the backoff below, about half a minute of trouble.
    static let attempts = 6
    static let attemptsWhenRefused = 3
    static let initialBackoff: Duration = .milliseconds(500)
    static let longestBackoff: Duration = .seconds(15)
    /// A server that asks for more than this is asked again by the schedule, not within the pass.
    static let longestRetryAfter: Duration = .seconds(60)

    package let baseURL: HTTPURL
    private let credential: BasicAuth
    private let transport: any HTTPTransport
    private let limiter: RateLimiter
    private let clock: any PipelineClock
    private let start: ContinuousClock.Instant
    private let serverClock = Mutex(ServerClock())
    private let requests = Mutex(0)

    /// - Parameter limits: of one answer.
    package init(
        baseURL: HTTPURL, credential: BasicAuth, transport: any HTTPTransport, limiter: RateLimiter,
        clock: any PipelineClock
    ) {
        self.baseURL = baseURL
        self.credential = credential
        self.transport = transport
        self.limiter = limiter
        self.clock = clock
        start = clock.monotonicNow
    }

    /// The server's clock, if answers have told it.
    var serverTime: Timestamp? {
        let monotonic = start.duration(to: clock.monotonicNow)
        return serverClock.withLock { $0.time(at: monotonic) }
    }

    /// How many requests were made so far, successful or not.
    var requestsMade: Int { requests.withLock { $0 } }

    /// Gets a 200 and reads it, retrying what passes by itself; an answer that cannot be read is asked for again too.
    /// - Throws: `SourceError` with a sentence that names what was asked and what came.
    func get<Answer>(
        _ url: HTTPURL, limits: HTTPLimits, read: (HTTPResponse) throws(PageError) -> Answer
    ) async throws(SourceError) -> Answer {
        precondition(url.origin == baseURL.origin, "credentials go to the configured origin only")
        var backoff = Backoff(initial: Self.initialBackoff, limit: Self.longestBackoff)
        var random = SystemRandomNumberGenerator()
        while true {
            let failure: Failure
            do {
                try await limiter.wait()
                requests.withLock { $0 += 1 }
                let response = try await transport.send(HTTPRequest(.get, url, basicAuth: credential, limits: limits))
                guard response.status == 200 else { throw Failure(response, url) }
                observeDate(of: response)
                return try read(response)
            } catch let error as Failure {
                failure = error
            } catch let error as PageError {
                failure = Failure(error, url)
            } catch let error as TransportError {
                if case .cancelled = error { throw .cancelled }
                if case .bodyTooLarge = error { throw .tooMuch(reason: "\(error)") }
                failure = Failure(error)
            } catch {
                throw .cancelled
            }
            let isLastAttempt = backoff.attempts + 1 >= failure.attempts
            let delay = max(failure.retryAfter ?? .zero, backoff.next(using: &random))
            // What the server refuses for being too much, it refuses to every stream of this limiter.
            if failure.status == 429 { limiter.pause(for: delay) }
            guard !isLastAttempt, delay <= Self.longestRetryAfter else { throw failure.error }
            do {
                try await clock.sleep(for: delay)
            } catch {
                throw .cancelled
            }
        }
    }

    private func observeDate(of response: HTTPResponse) {
        guard let date = response.headers["date"].flatMap(timestamp(httpDate:)) else { return }
        let monotonic = start.duration(to: response.headersReceivedAt)
        let wall = clock.wallNow
        serverClock.withLock { $0.observe(date: date, at: monotonic, wall: wall) }
    }
}

/// An answer other than 200, or none, by the error table of Twilio's APIs (https://www.twilio.com/docs/api/errors).
private struct Failure: Error {
    let error: SourceError
    /// How often the request may be sent in all.
    var attempts = 1
    var status: Int?
    var retryAfter: Duration?

    init(_ error: TransportError) {
        if error.isTransient { attempts = TwilioAPI.attempts }
        self.error =
            error.isTransient ? .unavailable(reason: "\(error)", retryAfter: nil) : .refused(reason: "\(error)")
    }

    init(_ error: PageError, _ url: HTTPURL) {
        attempts = TwilioAPI.attempts
        self.error = .unavailable(reason: "\(url.origin)\(url.path): \(error)", retryAfter: nil)
    }

    init(_ response: HTTPResponse, _ url: HTTPURL) {
        let said = TwilioErrorBody(response.body)
        let request =
            response.headers["twilio-request-id"].map { " (Twilio-Request-Id \(String($0.prefix(64))))" } ?? ""
        let words = said.message.map { ": \"\($0)\"" } ?? ""
        let code = said.code.map { ", Twilio error \($0)" } ?? ""
        let reason = "\(url.origin)\(url.path) answered \(response.status)\(code)\(words)\(request)"
        status = response.status
        retryAfter = response.headers["retry-after"].flatMap(Self.seconds)
        switch response.status {
        case 401:
            // Twilio refuses good credentials now and then.
            attempts = TwilioAPI.attemptsWhenRefused
            error = .unauthorized(reason: reason)
        case 403:
            error = .unauthorized(reason: reason)
        case 404:
            error = .gone(reason: reason)
        case 400 where said.message?.contains("Invalid page and pageSize combination") == true:
            // Paging past what the server lists for one query, seen as Alerts' form of the 10,000 cap.
            error = .tooMuch(reason: reason)
        case 300..<400:
            error = .refused(reason: reason + "; redirects are never followed")
        case 408, 425, 429, 500...:
            attempts = TwilioAPI.attempts
            error = .unavailable(reason: reason, retryAfter: retryAfter)
        default:
            // 400 with a bad page token (21481, 70002) among them: the window is read anew, later.
            error = .unavailable(reason: reason, retryAfter: nil)
        }
    }

    /// Retry-After in seconds; the date form is not used by Twilio and left to the backoff.
    private static func seconds(_ text: String) -> Duration? {
        Int(text).flatMap { (0...86_400).contains($0) ? .seconds($0) : nil }
    }
}
