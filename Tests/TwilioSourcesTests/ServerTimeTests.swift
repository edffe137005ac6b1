import PipelineCore
import PipelineTestKit
import Synchronization
import Testing
import Transport
import TwilioSources

/// Answers after a virtual second, so that callers overlap.
private final class SlowTransport: HTTPTransport {
    private let clock: VirtualClock
    private let script: @Sendable (HTTPRequest, Int) -> HTTPResponse
    private let log = Mutex<[String]>([])

    init(_ clock: VirtualClock, _ script: @escaping @Sendable (HTTPRequest, Int) -> HTTPResponse) {
        self.clock = clock
        self.script = script
    }

    var paths: [String] { log.withLock { $0 } }

    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        let number = log.withLock { log in
            log.append(request.url.path)
            return log.count
        }
        do {
            try await clock.sleep(for: .seconds(1))
        } catch {
            throw .cancelled
        }
        var response = script(request, number)
        response.headers["Date"] = response.headers["Date"] ?? "Thu, 28 May 2026 20:26:40 GMT"
        response.headersReceivedAt = clock.monotonicNow
        return response
    }
}

@Suite struct ServerTimeTests {
    private struct Fleet: Sendable {
        let clock = VirtualClock()
        let transport: SlowTransport
        let sources: [MonitorEventsSource]

        init(_ count: Int, _ script: @escaping @Sendable (HTTPRequest, Int) -> HTTPResponse) throws {
            let transport = SlowTransport(clock, script)
            let api = TwilioAPI(
                baseURL: try HTTPURL("https://monitor.twilio.com"),
                credential: FixedCredential(BasicAuth(user: "AC1", password: "x")), transport: transport,
                limiter: RateLimiter(requestsPerSecond: 1000, burst: 1, clock: clock),
                gate: CredentialGate(clock: clock), clock: clock)
            self.transport = transport
            sources = (0..<count).map { MonitorEventsSource(line: api.line(for: "stream \($0)")) }
        }

        /// All sources ask at once.
        func times() async throws -> [Result<Timestamp, SourceError>] {
            try await clock.run {
                await withTaskGroup(of: Result<Timestamp, SourceError>.self) { group in
                    for source in sources {
                        group.addTask {
                            do throws(SourceError) {
                                return .success(try await source.serverTime(.live))
                            } catch {
                                return .failure(error)
                            }
                        }
                    }
                    return await group.reduce(into: []) { $0.append($1) }
                }
            }
        }
    }

    @Test func `five hundred streams ask for the time once`() async throws {
        let fleet = try Fleet(500) { _, _ in page([]) }
        let times = try await fleet.times()
        #expect(times.count == 500)
        #expect(times.allSatisfy { (try? $0.get()) != nil })
        #expect(fleet.transport.paths.count == 1)
    }

    @Test func `a failure is shared`() async throws {
        let fleet = try Fleet(50) { _, _ in answer(503) }
        let times = try await fleet.times()
        let kinds = Set(
            times.map { result -> String in
                guard case .failure(let error) = result else { return "time" }
                return error.kind
            })
        #expect(kinds == ["unavailable"])
        #expect(fleet.transport.paths.count == 6)
    }

    @Test func `that one stream is gone is no answer for the others`() async throws {
        let fleet = try Fleet(5) { _, number in number <= 2 ? answer(404) : page([]) }
        let times = try await fleet.times()
        let gone = times.filter { result in
            guard case .failure(let error) = result else { return false }
            return error.kind == "gone"
        }
        #expect(gone.count == 2)
        #expect(fleet.transport.paths.count == 3)
    }

    @Test func `when the one who asks is cancelled, another asks`() async throws {
        let fleet = try Fleet(2) { _, _ in page([]) }
        let time = try await fleet.clock.run {
            try await withThrowingTaskGroup(of: Timestamp?.self) { group in
                let (first, second) = (fleet.sources[0], fleet.sources[1])
                group.addTask {
                    await withTaskGroup(of: Void.self) { asker in
                        asker.addTask { _ = try? await first.serverTime(.live) }
                        try? await fleet.clock.sleep(for: .milliseconds(500))
                        asker.cancelAll()
                    }
                    return nil
                }
                group.addTask {
                    try await fleet.clock.sleep(for: .milliseconds(100))
                    return try await second.serverTime(.live)
                }
                return try await group.reduce(nil) { $0 ?? $1 }
            }
        }
        #expect(time != nil)
        #expect(fleet.transport.paths.count == 2)
    }

    @Test func `a Date that is hard to believe is asked for three times, by all together`() async throws {
        let fleet = try Fleet(20) { _, _ in
            answer(200, #"{"events":[],"meta":{"next_page_url":null}}"#, [("Date", "Thu, 28 May 2020 20:26:40 GMT")])
        }
        let times = try await fleet.times()
        #expect(times.allSatisfy { (try? $0.get()) != nil })
        #expect(fleet.transport.paths.count == 3)
    }

    @Test func `each kind of source asks its own list, for one record`() async throws {
        let twilio = try SimulatedAPI { _ in }
        let line = twilio.api.line(for: "x")
        _ = try await twilio.logs().serverTime(.live)
        let logs = try #require(twilio.transport.requests.last)
        #expect(logs.url.path.hasSuffix("/Logs") && logs.url.query == "PageSize=1")
        for (source, path) in [
            (MonitorEventsSource(line: line) as any Source, "/v1/Events"), (AlertsSource(line: line), "/v1/Alerts"),
        ] {
            // The clock is known by now, so only the path of a read can be looked at.
            let to = Timestamp(milliseconds: SimulatedAPI.start)
            _ = try await source.read(Window(from: to - .seconds(10), to: to), pass())
            #expect(twilio.transport.requests.last?.url.path == path)
        }
        twilio.expectDocumentedRequests()
    }
}
