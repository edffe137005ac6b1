import Foundation
import PipelineCore
import Testing
import Transport

@testable import Sinks

/// Asking a server whether it is there and knows us, without writing.
@Suite(.timeLimit(.minutes(2))) struct HTTPProbeTests {
    private func splunk(
        acknowledgement: Bool = false,
        _ answer: @escaping @Sendable (Collector.Request) -> Collector.Answer
    ) async throws -> (findings: [Finding], requests: [Collector.Request]) {
        try await withSink {
            $0.preset = .splunk(SplunkOptions(host: "collector1", acknowledgement: acknowledgement))
            $0.authentication = .token(SecretBox("s3cr3t-token").secret)
            $0.timeout = .seconds(1)
        } answering: { request, _ in
            answer(request)
        } _: { sink, collector in
            (await sink.probe(), collector.requests)
        }
    }

    @Test func `a healthy collector that knows the token is told so, and gets no event`() async throws {
        let (findings, requests) = try await splunk(acknowledgement: true) { request in
            if request.target.hasSuffix("/health") { return .init(200, #"{"text":"HEC is healthy","code":17}"#) }
            if request.target.contains("/ack") { return .init(200, #"{"acks":{}}"#) }
            return .init(400, #"{"text":"No data","code":5}"#)
        }
        #expect(findings.map(\.level) == [.fine, .fine, .fine], "\(findings)")
        #expect(requests.map(\.method) == ["GET", "POST", "POST"])
        #expect(requests.map { $0["Authorization"] } == [String?](repeating: "Splunk s3cr3t-token", count: 3))
        #expect(requests[1].body.isEmpty && requests[1]["X-Splunk-Request-Channel"] != nil)
    }

    @Test func `a token that Splunk does not know is a refusal that does not show it`() async throws {
        let (findings, _) = try await splunk { request in
            request.target.hasSuffix("/health")
                ? .init(200, #"{"text":"HEC is healthy","code":17}"#)
                : .init(403, #"{"text":"Invalid token s3cr3t-token\#u{1b}[2J","code":4}"#)
        }
        #expect(findings.map(\.level) == [.fine, .refusal])
        let text = findings[1].text
        #expect(text.contains("check the token in credential:test") && text.contains("[redacted]"))
        #expect(!text.contains("s3cr3t") && !text.contains("\u{1b}"))
    }

    @Test func `acknowledgement that is off at one end only is told`() async throws {
        let (off, _) = try await splunk(acknowledgement: true) { request in
            if request.target.hasSuffix("/health") { return .init(200) }
            return request.target.contains("/ack")
                ? .init(400, #"{"text":"ACK is disabled","code":14}"#) : .init(400, #"{"text":"No data","code":5}"#)
        }
        #expect(off.last?.level == .failure && off.last?.text.contains("`ack = false`") == true)
        let (on, _) = try await splunk { request in
            request.target.hasSuffix("/health")
                ? .init(200) : .init(400, #"{"text":"Data channel is missing","code":10}"#)
        }
        #expect(on.last?.level == .failure && on.last?.text.contains("`ack = true`") == true)
    }

    @Test func `a collector that is full, hangs or is none fails in time`() async throws {
        let (full, _) = try await splunk { _ in .init(503, #"{"text":"HEC is unhealthy, queues are full","code":18}"#) }
        #expect(full.map(\.level) == [.failure])
        #expect(full[0].text.contains("queues are full"))
        let (none, _) = try await splunk { _ in .init(200, "<html>") }
        #expect(none.last?.level == .failure && none.last?.text.contains("check `url`") == true)
        let begin = ContinuousClock.now
        let (silent, _) = try await splunk { _ in .init(raw: "", then: .silence) }
        #expect(silent.map(\.level) == [.failure] && .now - begin < .seconds(20))
    }

    private func elastic(
        _ answer: @escaping @Sendable (Collector.Request) -> Collector.Answer
    ) async throws -> (findings: [Finding], requests: [Collector.Request]) {
        try await withSink {
            $0.preset = .elastic()
            $0.authentication = .token(SecretBox("id:s3cr3t-key").secret)
        } answering: { request, _ in
            answer(request)
        } _: { sink, collector in
            (await sink.probe(), collector.requests)
        }
    }

    private static let version = #"{"cluster_name":"siem","version":{"number":"9.1.2"},"tagline":"You Know"}"#

    @Test func `a cluster is told with its version, and what the credential may do there`() async throws {
        let (good, requests) = try await elastic { request in
            .init(200, request.method == "GET" ? Self.version : #"{"has_all_requested":true,"index":{}}"#)
        }
        #expect(good.map(\.level) == [.fine, .fine])
        #expect(good[0].text == "answers: elasticsearch 9.1.2, cluster siem")
        #expect(try #require(good.last).text.contains("logs-twilio.audit-default"))
        #expect(requests.map(\.target) == ["/", "/_security/user/_has_privileges"])
        #expect(try #require(requests.last).text.contains(#""create_doc","auto_configure""#))
        let (poor, _) = try await elastic { request in
            request.method == "GET"
                ? .init(403, "{}")
                : .init(
                    200,
                    #"{"has_all_requested":false,"index":{"logs-twilio.audit-default":"#
                        + #"{"auto_configure":false,"create_doc":true}}}"#)
        }
        #expect(poor.map(\.level) == [.fine, .refusal])
        #expect(try #require(poor.last).text.contains("lacks auto_configure on logs-twilio.audit-default"))
    }

    @Test func `a key that is refused, a server that is another, and one that tells no privileges`() async throws {
        let (refused, _) = try await elastic { _ in .init(401, #"{"error":"id:s3cr3t-key"}"#) }
        #expect(refused.map(\.level) == [.refusal, .refusal])
        #expect(!refused.contains { $0.text.contains("s3cr3t") })
        let (other, _) = try await elastic { _ in .init(200, "welcome to nginx") }
        #expect(other.map(\.level) == [.failure])
        let (silent, _) = try await elastic { request in
            request.method == "GET"
                ? .init(200, #"{"cluster_name":"c","version":{"distribution":"opensearch","number":"3.0.0"}}"#)
                : .init(404, "no handler")
        }
        #expect(silent.map(\.level) == [.fine, .warning])
        #expect(silent[0].text == "answers: opensearch 3.0.0, cluster c")
    }
}
