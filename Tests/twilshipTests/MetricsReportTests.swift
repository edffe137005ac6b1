import Forwarding
import Foundation
import Logging
import Measuring
import PipelineTestKit
import Settings
import Testing

@testable import twilship

/// What the real service shows only when it is ill.
@Suite struct MetricsReportTests {
    @Test func `healthz names what stands still, and says when the state cannot be read`() async throws {
        let folder = NSTemporaryDirectory() + "twilship-health-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try Data("s".utf8).write(to: URL(fileURLWithPath: folder + "/secret"))
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: folder + "/secret")
        let text = """
            [state]
            directory = "\(folder)/state"
            [[account]]
            name = "production"
            account_sid = "AC00000000000000000000000000000001"
            secret = "file:\(folder)/secret"
            [account.events]
            base_url = "http://127.0.0.1:9"
            [account.logs]
            enabled = false
            [[sink]]
            name = "archive"
            type = "file"
            path = "\(folder)/out.jsonl"
            """
        let clock = VirtualClock()
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let assembly = try await Assembly(
            SettingsFile.load(text: Array(text.utf8), named: "test.toml"), clock: clock, logger: logger,
            pulseInterval: .seconds(15))
        let report = MetricsReport(assembly, startedAt: clock.wallNow, clock: clock)

        func expect(_ status: String, _ words: String) async {
            let answer = await report.health()
            #expect(answer.status == status)
            #expect(String(decoding: answer.body, as: UTF8.self).contains(words))
        }
        await expect("200 OK", "ok")
        assembly.pulse.begin("stream x")
        clock.advance(by: .seconds(59))
        await expect("200 OK", "ok")
        clock.advance(by: .seconds(2))
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
