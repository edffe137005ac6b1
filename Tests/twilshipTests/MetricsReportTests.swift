import Forwarding
import Foundation
import Measuring
import PipelineTestKit
import Spooling
import Testing

@testable import twilship

/// What the real service shows only when it is ill.
@Suite struct MetricsReportTests {
    @Test func `healthz names what stands still, and says when the state cannot be read`() async throws {
        // The threads of transports turn in real time, and often.
        try await withAssembly(pulseInterval: .milliseconds(20)) { assembly, clock in
            let report = MetricsReport(assembly, startedAt: clock.wallNow, clock: clock)
            func advance(by duration: Duration, silent: [String]) async throws {
                clock.advance(by: duration)
                try await eventually("all else has turned") { assembly.pulse.silent(for: duration) == silent }
            }
            func expect(_ status: String, _ words: String) async {
                let answer = await report.health()
                #expect(answer.status == status)
                #expect(String(decoding: answer.body, as: UTF8.self).contains(words))
            }
            await expect("200 OK", "ok")
            assembly.pulse.begin("stream x")
            try await advance(by: .seconds(59), silent: ["stream x"])
            await expect("200 OK", "ok")
            try await advance(by: .seconds(2), silent: ["stream x"])
            await expect("503 Service Unavailable", "These parts do not move on: stream x (1).")
            assembly.pulse.end("stream x")
            await expect("200 OK", "ok")

            try await assembly.close()
            // What was made a moment ago is still told.
            await expect("200 OK", "ok")
            clock.advance(by: .seconds(2))
            await expect("503 Service Unavailable", "The state cannot be read: ")
            let scraped = await report.scraped()
            #expect(scraped.status == "503 Service Unavailable")
            let file = await report.file()
            #expect(file == nil)
        }
    }

    @Test func `each thread that speaks HTTP is watched, from its first moment to its last`() async throws {
        try await withAssembly(pulseInterval: .milliseconds(20)) { assembly, clock in
            clock.advance(by: .seconds(61))
            try await eventually("it turns") { assembly.pulse.silent(for: .seconds(61)).isEmpty }
            await assembly.network.shutdown()
            // Nobody waits for one that has ended.
            clock.advance(by: .seconds(61))
            #expect(assembly.pulse.silent(for: .seconds(1)) == [])
            let name = assembly.pulse.begin(oneOf: "HTTP client of accounts")
            #expect(name == "HTTP client of accounts")
            clock.advance(by: .seconds(61))
            #expect(assembly.pulse.silent(for: .seconds(1)) == [name])
            try await assembly.spool.close()
        }
    }
}
