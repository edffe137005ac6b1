import PipelineCore
import PipelineTestKit
import Synchronization
import Testing
import Transport
import TwilioSources

/// A secret that is another after it was read anew.
private final class RotatedCredential: CredentialProvider {
    private let state = Mutex((password: "old", refreshes: 0))

    var refreshes: Int { state.withLock { $0.refreshes } }

    func current() throws(SourceError) -> BasicAuth {
        BasicAuth(user: "AC1", password: state.withLock { $0.password })
    }

    func refresh() -> Bool {
        state.withLock { state in
            defer { state.password = "new" }
            state.refreshes += 1
            return state.password != "new"
        }
    }
}

private struct UnreadableCredential: CredentialProvider {
    func current() throws(SourceError) -> BasicAuth {
        throw .unauthorized(reason: "the secret in /etc/x cannot be read", retryAfter: nil)
    }
    func refresh() -> Bool { false }
}

@Suite struct CredentialTests {
    private static func passwords(_ api: Scripted) -> [String] {
        api.transport.requests.compactMap(\.basicAuth?.password)
    }

    @Test func `after a 401 a secret that has changed is tried at once`() async throws {
        let credential = RotatedCredential()
        let api = try Scripted(credential: credential) { request, _ in
            request.basicAuth?.password == "new" ? page([]) : answer(401)
        }
        let before = api.clock.monotonicNow
        _ = try await api.events().serverTime(.live)
        #expect(Self.passwords(api) == ["old", "new"])
        #expect(before.duration(to: api.clock.monotonicNow) < .milliseconds(50))
    }

    @Test func `a secret that changed is tried at once one time only`() async throws {
        let api = try Scripted(credential: RotatedCredential()) { _, _ in answer(401) }
        let source = api.events()
        let error = try await failure { () throws(SourceError) in try await source.serverTime(.live) }
        #expect(error.kind == "unauthorized")
        #expect(Self.passwords(api) == ["old", "new", "new", "new"])
    }

    @Test func `who is answered 401 after another has read the new secret sees it too`() async throws {
        let credential = RotatedCredential()
        let api = try Scripted(credential: credential) { request, number in
            // Another stream's 401 came first.
            if number == 1 { _ = credential.refresh() }
            return request.basicAuth?.password == "new" ? page([]) : answer(401)
        }
        _ = try await api.events().serverTime(.live)
        #expect(Self.passwords(api) == ["old", "new"])
    }

    @Test func `a 401 with a good credential is cured by a retry`() async throws {
        let api = try Scripted { _, number in number < 3 ? answer(401) : page([]) }
        _ = try await api.events().serverTime(.live)
        #expect(Self.passwords(api) == ["hunter2", "hunter2", "hunter2"])
    }

    @Test func `without a secret nothing is sent`() async throws {
        let api = try Scripted(credential: UnreadableCredential()) { _, _ in page([]) }
        let source = api.events()
        let error = try await failure { () throws(SourceError) in try await source.serverTime(.live) }
        #expect("\(error)".contains("/etc/x"))
        #expect(api.transport.requests.isEmpty)
    }

    @Test func `a refused credential is not asked with again by other streams`() async throws {
        let api = try Scripted { _, _ in answer(401, #"{"code":20003,"message":"Authenticate"}"#) }
        let source = api.events()
        _ = try await failure { () throws(SourceError) in try await source.serverTime(.live) }
        let made = api.transport.requests.count
        let other = AlertsSource(line: api.api.line(for: "alerts"))
        let error = try await failure { () throws(SourceError) in try await other.serverTime(.live) }
        #expect(error.kind == "unauthorized" && "\(error)".contains("Authenticate"))
        #expect(api.transport.requests.count == made)
    }
}
