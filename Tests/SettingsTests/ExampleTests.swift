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

    @Test func `each sink that the example shows is accepted on its own`() throws {
        let lines = try Self.example().split(separator: "\n", omittingEmptySubsequences: false)
        let blocks = lines.split(separator: "#[[sink]]").dropFirst().map { block in
            // What comes behind a blank line is about something else.
            block.prefix { !$0.isEmpty }.filter { $0.hasPrefix("#") }.map(Self.uncommented).joined(separator: "\n")
        }
        var types: Set<SinkType> = []
        for block in blocks {
            let settings = try load(Self.example() + "\n[[sink]]\n" + block + "\n", .thisVersion)
            let sink = try #require(settings.sinks.last)
            types.insert(sink.type)
            let keys = block.split(separator: "\n").filter { !$0.hasPrefix("#") }
            #expect(keys.count >= 3, "\(block)")
        }
        #expect(blocks.count == 7)
        #expect(types == [.http, .syslog, .stdout, .journal])
    }

    private static func example() throws -> String {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return try String(contentsOf: root.appending(path: "config/twilship.toml"), encoding: .utf8)
    }

    private static func withEveryKey() throws -> String {
        try example().split(separator: "\n", omittingEmptySubsequences: false).map(uncommented).joined(separator: "\n")
    }

    /// Commented keys and headers stand right behind their `#`; prose has a space there.
    private static func uncommented(_ line: Substring) -> Substring {
        let rest = line.dropFirst()
        return line.hasPrefix("#") && rest.first.map { $0.isLetter || $0 == "[" } == true ? rest : line
    }
}
