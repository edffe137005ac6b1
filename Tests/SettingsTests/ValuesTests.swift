import Testing

@testable import Settings

struct ValuesTests {
    @Test(arguments: [
        ("*", "", true), ("*", "a.b", true), ("a*", "account.created", true), ("a*", "b", false),
        ("account*", "account", true), ("*.deleted", "user.x.deleted", true), ("a?c", "abc", true),
        ("a?c", "aéc", true), ("a?c", "ac", false), ("?", "", false), ("a*b*c", "aXbYbZc", true),
        ("a*b*c", "acb", false), ("abc", "abcd", false), ("A*", "abc", false), ("**", "x", true),
    ])
    func `a glob matches whole strings`(_ pattern: String, _ text: String, _ expected: Bool) throws {
        let glob = try #require(Glob(pattern))
        #expect(glob.matches(text) == expected)
    }

    @Test(.timeLimit(.minutes(10))) func `a glob of many stars takes no exponential time`() throws {
        let glob = try #require(Glob(String(repeating: "a*", count: 100)))
        #expect(!glob.matches(String(repeating: "a", count: 99) + String(repeating: "b", count: 10_000)))
    }

    @Test func `an exclusion of one name excludes under all`() throws {
        let selection = GlobSelection(include: [], exclude: [try #require(Glob("dev-*"))])
        #expect(selection.selects("ZS1", "shop"))
        #expect(!selection.selects("ZS1", "dev-shop"))
    }

    @Test(arguments: ["500ms", "30s", "10m", "24h", "30d", "0s", "1d", "90m"])
    func `durations are read as written`(_ text: String) throws {
        let duration = try #require(DurationText.duration(text))
        #expect(DurationText.duration(DurationText.text(duration)) == duration)
    }

    @Test(arguments: [
        ("1024 B", 1024), ("1KiB", 1024), ("512 MiB", 512 << 20), ("2 GB", 2_000_000_000), ("2 GiB", 2 << 30),
        ("1 TB", 1_000_000_000_000), ("7 kB", 7_000),
    ])
    func `sizes are read as written`(_ text: String, _ bytes: Int) {
        #expect(ByteSize.bytes(text) == bytes)
        #expect(ByteSize.bytes(ByteSize.text(bytes)) == bytes)
    }

    @Test(arguments: ["", "MiB", " MiB", "1  MiB", "-1 MiB", "1 mib", "1MiB ", "0x10 B", "١ MiB"])
    func `what is no size is not read`(_ text: String) {
        #expect(ByteSize.bytes(text) == nil)
    }

    @Test(arguments: [
        ("https://siem.example", "siem.example", 443, ""),
        ("https://SIEM.example:8088/a/b/", "siem.example", 8088, "/a/b"),
        ("http://localhost:8080", "localhost", 8080, ""), ("http://127.8.0.1/", "127.8.0.1", 80, ""),
        ("http://[::1]:1/", "::1", 1, ""), ("https://[2001:db8::1]", "2001:db8::1", 443, ""),
    ])
    func `web addresses come in parts`(_ text: String, _ host: String, _ port: Int, _ path: String) throws {
        let address = try WebAddress(parsing: text)
        #expect(address.host == host)
        #expect(address.port == port)
        #expect(address.path == path)
        #expect(try WebAddress(parsing: address.description) == address)
    }

    @Test(arguments: [
        "siem.example", "https://", "https://:80", "https://a:0", "https://a:65536", "https://a b", "https://-a",
        "https://a..b", "https://[::1", "https://[1.2.3.4]", "https://u@a", "https://a#b", "http://a", "file:///a",
        "http://127.0.0.1.evil.example", "http://127.1", "https://a:+1", "https://ä.example", "http://localhost@evil",
    ])
    func `what is no web address is refused`(_ text: String) {
        #expect(throws: WebAddress.Malformed.self) { try WebAddress(parsing: text) }
    }

    @Test(arguments: [
        ("1970-01-01T00:00:00Z", 0), ("2026-11-21T08:00:00.123Z", 1_795_248_000_123),
        ("2024-02-29T23:59:59.9+01:30", 1_709_245_799_900), ("2000-03-01T00:00:00-00:00", 951_868_800_000),
    ])
    func `instants are read to the millisecond`(_ text: String, _ milliseconds: Int64) {
        #expect(StartPoint.Instant(text)?.millisecondsSinceEpoch == milliseconds)
    }

    @Test(arguments: [
        "2026-02-29T00:00:00Z", "2026-01-01", "2026-01-01T00:00:00", "2026-13-01T00:00:00Z", "2026-01-01T24:00:00Z",
        "1969-12-31T23:59:59Z", "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00+1:00", "2026-01-01T00:00:00Zx", "",
    ])
    func `what is no instant is not read`(_ text: String) {
        #expect(StartPoint.Instant(text) == nil)
    }

    @Test func `a suggestion is near or none`() {
        #expect(Suggestion.nearest(to: "levl", among: ["level", "label"]) == "level")
        #expect(Suggestion.nearest(to: "acitve", among: ["active"]) == "active")
        #expect(Suggestion.nearest(to: "colour", among: ["level", "label"]) == nil)
        #expect(Suggestion.nearest(to: String(repeating: "x", count: 1_000), among: ["level"]) == nil)
    }
}
