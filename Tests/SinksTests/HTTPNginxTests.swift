import Foundation
import PipelineCore
import Testing
import Transport

@testable import Sinks

/// nginx as it comes from Debian, which wants a client certificate and hands records on to what is behind it.
@Suite(.timeLimit(.minutes(5)), .enabled(if: Nginx.isThere, "nginx is not installed")) struct HTTPNginxTests {
    private let nginx: Nginx

    init() async throws { nginx = try await Nginx(try CollectorCertificates()) }

    @Test func `with a client certificate records arrive whole, and a batch that is too large is said to be`()
        async throws
    {
        defer { nginx.stop() }
        let batch = Batch.sample(1...3, key: "batch-7")
        let delivery = try await deliver(batch)
        #expect(delivery.kind == "accepted")
        let request = try #require(try nginx.requests().last)
        #expect(request["status"] == "200" && request["key"] == "batch-7")
        #expect(request["client"] == "CN=good.example")
        let lines = request["body"]?.split(separator: "\n").map(String.init)
        #expect(lines == batch.records.map { $0.text.trimmingCharacters(in: .newlines) })
        let large = try await deliver(Batch.sample(1...1000))
        #expect(large.kind == "split" && large.words.contains("413"))
    }

    @Test func `without a client certificate the sink is held, and no record is blamed`() async throws {
        defer { nginx.stop() }
        let delivery = try await deliver(.sample()) { ($0.certFile, $0.keyFile) = (nil, nil) }
        #expect(delivery.kind == "hold")
        #expect(delivery.words.contains("answered 400") && delivery.words.contains("cert_file and key_file"))
        #expect(try nginx.requests().map { $0["body"] } == [""])
    }

    @Test func `what is behind it may be gone for a while`() async throws {
        defer { nginx.stop() }
        let delivery = try await deliver(.sample(), path: "/gone")
        #expect(delivery.kind == "fault" && delivery.words.contains("answered 502"))
    }

    private func deliver(
        _ batch: Batch, path: String = "/in", _ change: (inout TransportOptions) -> Void = { _ in }
    ) async throws -> Delivery {
        var options = HTTPSinkOptions(url: try HTTPURL("https://127.0.0.1:\(nginx.port)\(path)"))
        options.compresses = false
        return try await withTransport {
            nginx.trust(&$0)
            change(&$0)
        } _: { transport in
            await (try HTTPSink(options, transport: transport)).deliver(batch)
        }
    }
}
