import Foundation
import Testing

@testable import Settings

struct ExampleTests {
    @Test func `the example is accepted as it is`() throws {
        let settings = try load(Self.example(), .thisVersion)
        #expect(settings.accounts.map(\.name) == ["production"])
        #expect(settings.sinks.map(\.type) == [.file])
    }

    @Test func `the example is accepted with every key in it`() throws {
        #expect(try faults(in: Self.withEveryKey(), .thisVersion) == [])
    }

    @Test func `what the example shows as defaults are the defaults`() throws {
        let plain = try load(Self.example(), .thisVersion)
        let full = try load(Self.withEveryKey(), .thisVersion)
        #expect(full.state == plain.state)
        #expect(full.log == plain.log)
        #expect(full.rateLimit == plain.rateLimit)
        #expect(full.sinks[0].batch == plain.sinks[0].batch)
        #expect(full.sinks[0].retry == plain.sinks[0].retry)
        #expect(full.accounts[0].events.start == plain.accounts[0].events.start)
        #expect(full.accounts[0].events.baseURL == WebAddress(scheme: .https, host: "monitor.twilio.com"))
    }

    private static func example() throws -> String {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return try String(contentsOf: root.appending(path: "config/twilship.toml"), encoding: .utf8)
    }

    /// Commented keys and headers stand right behind their `#`; prose has a space there.
    private static func withEveryKey() throws -> String {
        try example().split(separator: "\n", omittingEmptySubsequences: false).map { line in
            let rest = line.dropFirst()
            return line.hasPrefix("#") && rest.first.map { $0.isLetter || $0 == "[" } == true ? rest : line
        }.joined(separator: "\n")
    }
}
