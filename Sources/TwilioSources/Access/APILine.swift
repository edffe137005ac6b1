import Parsing
package import PipelineCore
import Synchronization
import Transport

/// The way from one stream to its API: every request of the stream goes through here and is counted.
///
/// - Passing trouble is retried within the call, with backoff; what is left after that is the caller's to schedule.
/// - A 401 with a secret that has changed meanwhile is tried again at once, one time.
package final class APILine: Sendable {
    /// How often one request is sent at the most: with the backoff below, about half a minute of trouble.
    static let attempts = 6
    static let attemptsWhenRefused = 3
    static let initialBackoff: Duration = .milliseconds(500)
    static let longestBackoff: Duration = .seconds(15)
    /// A server that asks for more than this is asked again by the schedule, not within the pass.
    static let longestRetryAfter: Duration = .seconds(60)

    package let name: String
    package let api: TwilioAPI
    private let counts = Mutex(Asked())

    init(_ api: TwilioAPI, name: String) {
        self.api = api
        self.name = name
    }

    /// How many requests were made so far, successful or not.
    package var requestsMade: Int { asked.requests }
    /// The same with the records that were listed.
    package var asked: Asked { counts.withLock { $0 } }

    /// Notes records that were listed.
    func count(records: Int) { counts.withLock { $0.records += records } }

    /// Gets a 200 and reads it, retrying what passes by itself; an answer that cannot be read is asked for again too.
    /// - Throws: `SourceError` with a sentence that names what was asked and what came.
    func get<Answer>(
        _ url: HTTPURL, _ urgency: Urgency, limits: HTTPLimits,
        read: (HTTPResponse) throws(PageError) -> Answer
    ) async throws(SourceError) -> Answer {
        do throws(RequestFailure) {
            return try await fetch(url, urgency, limits: limits, read: read)
        } catch {
            throw error.error
        }
    }

    /// As `get`, for those who want to know the status too.
    func fetch<Answer>(
        _ url: HTTPURL, _ urgency: Urgency, limits: HTTPLimits,
        read: (HTTPResponse) throws(PageError) -> Answer
    ) async throws(RequestFailure) -> Answer {
        precondition(url.origin == api.baseURL.origin, "credentials go to the configured origin only")
        api.lookForNewSecret()
        var last: RequestFailure?
        do throws(SourceError) {
            return try await api.gate.through { pass throws(SourceError) in
                do throws(RequestFailure) {
                    return try await retrying(url, urgency, limits, pass, read)
                } catch {
                    last = error
                    throw error.error
                }
            }
        } catch {
            throw RequestFailure(error, like: last)
        }
    }

    private func retrying<Answer>(
        _ url: HTTPURL, _ urgency: Urgency, _ limits: HTTPLimits, _ pass: GatePass,
        _ read: (HTTPResponse) throws(PageError) -> Answer
    ) async throws(RequestFailure) -> Answer {
        var backoff = Backoff(initial: Self.initialBackoff, limit: Self.longestBackoff)
        var random = ClockRandomness(api.clock)
        var hasNewSecret = false
        while true {
            let auth = try credential()
            do throws(RequestFailure) {
                let request = HTTPRequest(.get, url, basicAuth: auth, limits: limits)
                return try await once(request, urgency, pass, read)
            } catch {
                if error.status == 401, !hasNewSecret, isSecretChanged(since: auth) {
                    hasNewSecret = true
                    continue
                }
                let isLastAttempt = backoff.attempts + 1 >= error.attempts
                let delay = max(error.retryAfter ?? .zero, backoff.next(using: &random))
                guard !isLastAttempt, delay <= Self.longestRetryAfter else { throw error }
                do {
                    try await api.clock.sleep(for: delay)
                } catch {
                    throw RequestFailure(.cancelled)
                }
            }
        }
    }

    private func once<Answer>(
        _ request: HTTPRequest, _ urgency: Urgency, _ pass: GatePass,
        _ read: (HTTPResponse) throws(PageError) -> Answer
    ) async throws(RequestFailure) -> Answer {
        do {
            try await api.limiter.wait(urgency, for: name)
        } catch {
            throw RequestFailure(.cancelled)
        }
        do throws(SourceError) {
            try pass.check()
        } catch {
            throw RequestFailure(error)
        }
        counts.withLock { $0.requests += 1 }
        let sentAt = api.clock.monotonicNow
        let response: HTTPResponse
        do throws(TransportError) {
            response = try await api.transport.send(request)
        } catch {
            throw RequestFailure(error, request.url)
        }
        guard response.status != 429 else {
            let failure = RequestFailure(response, request.url)
            pass.answered()
            // What the server refuses for being too much, it refuses to every stream of this limiter.
            api.limiter.wasRefused(sentAt: sentAt, retryAfter: failure.retryAfter)
            throw failure
        }
        api.limiter.succeeded()
        guard response.status == 200 else { throw RequestFailure(response, request.url) }
        if let failure = RequestFailure(contentTypeOf: response, request.url) { throw failure }
        api.observeDate(of: response)
        do throws(PageError) {
            return try read(response)
        } catch {
            throw RequestFailure(error, request.url)
        }
    }

    private func credential() throws(RequestFailure) -> BasicAuth {
        do throws(SourceError) {
            return try api.credential.current()
        } catch {
            throw RequestFailure(error)
        }
    }

    /// Of many tasks that are answered 401 at once, only one sees the change itself; the others see its result.
    private func isSecretChanged(since auth: BasicAuth) -> Bool {
        if api.credential.refresh() { return true }
        do throws(SourceError) {
            return try api.credential.current() != auth
        } catch {
            return false
        }
    }
}
