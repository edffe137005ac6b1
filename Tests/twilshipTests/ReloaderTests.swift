import Foundation
import Logging
import PipelineCore
import Settings
import SystemdSupport
import Testing

@testable import twilship

/// What the real program shows only when files vanish at the right moment.
struct ReloaderTests {
    @Test func `what cannot be set up stops nothing else, and is set up when it can be`() async throws {
        let folder = NSTemporaryDirectory() + "twilship-reloader-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        func settings(_ sinks: String..., key: String = "") throws -> ResolvedSettings {
            let text = """
                [state]
                directory = "\(folder)/state"
                [[account]]
                name = "one"
                account_sid = "AC00000000000000000000000000000001"
                secret = "file:\(folder)/secret"
                \(key)
                [account.events]
                base_url = "http://127.0.0.1:9"
                [account.logs]
                enabled = false

                """
            return try SettingsFile.load(text: Array((text + sinks.joined()).utf8), named: "test.toml")
        }
        func write(_ name: String) throws {
            let path = folder + "/" + name
            try Data("s".utf8).write(to: URL(fileURLWithPath: path))
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
        }
        func file(_ name: String) -> String {
            "[[sink]]\nname = \"\(name)\"\ntype = \"file\"\npath = \"\(folder)/\(name).jsonl\"\n"
        }
        let web =
            "[[sink]]\nname = \"web\"\ntype = \"http\"\nurl = \"http://127.0.0.1:9\"\ntoken = \"file:\(folder)/token\"\n"
        let wanted = try settings(
            file("b"), web, file("c"), key: "key_sid = \"SK00000000000000000000000000000001\"")
        try write("secret")
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let assembly = try await Assembly(settings(file("a"), file("b")), clock: SystemClock(), logger: logger)
        let reloader = Reloader(
            assembly, level: SharedLogLevel(.info), notifier: ServiceNotifier(environment: [:]), logger: logger
        ) { () throws(SettingsFaults) in wanted }
        assembly.start()
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await assembly.collecting.run() }
            group.addTask { await assembly.delivering.run() }
            // Both secrets were there when the configuration was checked, and are gone now.
            try? FileManager.default.removeItem(atPath: folder + "/secret")
            let isDone = await reloader.reload()
            #expect(!isDone)
            #expect(assembly.settings == wanted)
            #expect(Set(assembly.parts.now.sinks.keys) == ["b", "c"])
            let kept = assembly.parts.now.accounts.values.map(\.stamp.settings.credential.keySID)
            #expect(kept == [nil])
            #expect(await !reloader.retry())

            #expect(throws: Never.self) {
                try write("secret")
                try write("token")
            }
            #expect(await reloader.retry())
            #expect(Set(assembly.parts.now.sinks.keys) == ["b", "c", "web"])
            let used = assembly.parts.now.accounts.values.map(\.stamp.settings.credential.keySID)
            #expect(used == ["SK00000000000000000000000000000001"])
            group.cancelAll()
        }
        try await assembly.close()
    }
}
