import Foundation
import Logging
import PipelineTestKit
import Settings

@testable import twilship

/// Runs `body` with everything wired for one account, at an address where nobody listens, and a file sink; nothing runs.
func withAssembly(
    logger: Logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, pulseInterval: Duration? = nil,
    _ body: (Assembly, VirtualClock) async throws -> Void
) async throws {
    let folder = NSTemporaryDirectory() + "twilship-assembly-" + UUID().uuidString
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
    let assembly = try await Assembly(
        SettingsFile.load(text: Array(text.utf8), named: "test.toml"), clock: clock, logger: logger,
        pulseInterval: pulseInterval)
    try await body(assembly, clock)
}
