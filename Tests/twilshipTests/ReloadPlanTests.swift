import Foundation
import Settings
import Testing

@testable import twilship

struct ReloadPlanTests {
    private static func sid(_ number: Int) -> String { "AC" + String(repeating: "\(number)", count: 32) }

    private static func account(_ number: Int, _ name: String, _ more: String = "") -> String {
        "[[account]]\nname = \"\(name)\"\naccount_sid = \"\(sid(number))\"\nsecret = \"env:T\"\n\(more)\n"
    }

    private static func sink(_ name: String, _ more: String = "") -> String {
        "[[sink]]\nname = \"\(name)\"\ntype = \"syslog\"\naddress = \"siem.test:6514\"\ntransport = \"tls\"\n\(more)\n"
    }

    private static func settings(_ parts: String...) throws -> ResolvedSettings {
        try SettingsFile.load(text: Array(parts.joined().utf8), named: "test.toml")
    }

    /// What runs after a start with these settings.
    private static func running(_ settings: ResolvedSettings, found: Set<String> = []) -> ReloadPlan.Now {
        ReloadPlan.Now(
            settings: settings,
            accounts: Dictionary(uniqueKeysWithValues: settings.accounts.map { ($0.accountSID, PartStamp($0, [:])) }),
            sinks: Dictionary(uniqueKeysWithValues: settings.sinks.map { ($0.name, PartStamp($0, [:])) }),
            found: found)
    }

    private static func changes(
        _ before: ResolvedSettings, _ after: ResolvedSettings, found: Set<String> = []
    ) -> [String: String] {
        ReloadPlan(from: running(before, found: found), to: after, environment: [:]).changes
    }

    @Test func `only what differs is touched, in whatever order it stands`() throws {
        let before = try Self.settings(
            Self.account(1, "one"), Self.account(2, "two"), Self.sink("a"), Self.sink("b"), Self.sink("c"))
        let same = try Self.settings(
            "# moved\n", Self.sink("c"), Self.sink("a"), Self.sink("b"), Self.account(2, "two"),
            Self.account(1, "one"))
        #expect(Self.changes(before, same).isEmpty)
        let after = try Self.settings(
            Self.account(1, "renamed"), Self.account(3, "three"), Self.sink("a"),
            Self.sink("b", "format = \"raw\""), Self.sink("d"))
        #expect(
            Self.changes(before, after) == [
                "accounts.added": "three", "accounts.changed": "renamed", "accounts.removed": "two",
                "sinks.added": "d", "sinks.changed": "b", "sinks.removed": "c",
            ])
    }

    @Test func `what is inherited changes those that inherit it`() throws {
        let own = "[account.rate_limit]\nrequests_per_second = 3"
        func settings(_ top: String) throws -> ResolvedSettings {
            try Self.settings(top, Self.account(1, "one"), Self.account(2, "two", own), Self.sink("a"))
        }
        let changes = try Self.changes(
            settings(""), settings("[rate_limit]\nrequests_per_second = 2\n[heartbeat]\ninterval = \"1m\"\n"))
        #expect(changes == ["accounts.changed": "one", "keys.changed": "heartbeat.interval"])
    }

    @Test func `a certificate or secret of which the file has changed begins its sink anew`() throws {
        let folder = NSTemporaryDirectory() + "twilship-plan-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        func write(_ text: String, _ name: String) throws {
            let path = folder + "/" + name
            try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
        }
        for name in ["ca.pem", "other.pem", "token"] { try write("old", name) }
        let webhook =
            "[[sink]]\nname = \"w\"\ntype = \"http\"\nurl = \"https://siem.test\"\ntoken = \"file:\(folder)/token\"\n"
        let settings = try Self.settings(
            Self.account(1, "one"), Self.sink("a", "[sink.tls]\nca_file = \"\(folder)/ca.pem\""),
            Self.sink("b", "[sink.tls]\nca_file = \"\(folder)/other.pem\""), webhook)
        let running = Self.running(settings)
        func changes() -> [String: String] { ReloadPlan(from: running, to: settings, environment: [:]).changes }
        #expect(changes().isEmpty)
        // The same secret in a new file is the same.
        try write("old", "token")
        #expect(changes().isEmpty)
        try write("new", "ca.pem")
        #expect(changes() == ["sinks.changed": "a"])
        try write("new", "token")
        #expect(changes() == ["sinks.changed": "a, w"])
    }

    @Test func `a search for subaccounts begins anew when one that it found gets a table of its own`() throws {
        let parent = Self.account(1, "one", "subaccounts = \"discover\"")
        let before = try Self.settings(parent, Self.account(2, "two"), Self.sink("a"))
        let after = try Self.settings(parent, Self.account(2, "two"), Self.account(3, "three"), Self.sink("a"))
        #expect(Self.changes(before, after) == ["accounts.added": "three"])
        #expect(
            Self.changes(before, after, found: [Self.sid(3)])
                == ["accounts.added": "three", "accounts.changed": "one"])
    }

    @Test func `what needs a restart is named by its keys`() throws {
        let before = try Self.settings(Self.account(1, "one"), Self.sink("a"))
        let after = try Self.settings(
            "[state]\ndirectory = \"/srv/twilship\"\nmax_bytes = \"1 GiB\"\nretain = \"1h\"\n[log]\nlevel = \"debug\"\n",
            "target = \"stderr\"\nformat = \"json\"\n", Self.account(1, "one"), Self.sink("a"))
        #expect(
            ReloadPlan.keysForRestart(before, after) == [
                "state.directory", "state.max_bytes", "state.retain", "log.target", "log.format",
            ])
        #expect(ReloadPlan.keysForRestart(before, before).isEmpty)
        #expect(Self.changes(before, after.with(before.state)) == ["keys.changed": "log.level"])
    }
}
