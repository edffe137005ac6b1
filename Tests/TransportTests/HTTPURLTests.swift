import Testing
import Transport

@Suite struct HTTPURLTests {
    @Test func `parts are found and the origin is normalised`() throws {
        let url = try HTTPURL("HTTPS://Monitor.Twilio.com/v1/Events?PageSize=50&Page=1")
        #expect(url.origin.description == "https://monitor.twilio.com")
        #expect(url.origin.authority == "monitor.twilio.com:443")
        #expect(url.path == "/v1/Events")
        #expect(url.query == "PageSize=50&Page=1")
        #expect(url.description == "https://monitor.twilio.com/v1/Events?PageSize=50&Page=1")
        #expect(try HTTPURL("http://[::1]:8080").description == "http://[::1]:8080/")
        #expect(try url.origin == HTTPURL("https://monitor.twilio.com:443/x").origin)
        #expect(try url.origin != HTTPURL("http://monitor.twilio.com:443/x").origin)
    }

    @Test(arguments: [
        ("ftp://a/", HTTPURLError.notHTTP), ("a/b", .notHTTP), ("", .notHTTP), ("https:///x", .badHost),
        ("https://", .badHost),
        ("https://user@a/", .userInfo), ("https://user:p@a/", .userInfo),
        ("https://good.example@evil.example/", .userInfo),
        ("https://a:0/", .badPort), ("https://a:65536/", .badPort), ("https://a:+1/", .badPort),
        ("https://a:x/", .badPort),
        ("https://[::1/", .badHost), ("https://[::1]x/", .badPort), ("https://a!b/", .badHost),
        ("https://a/#x", .fragment), ("https://a/b/../c", .dotSegment), ("https://a/%2E%2e/c", .dotSegment),
        ("https://a/ b", .forbiddenCharacter), ("https://a/\r\nX: y", .forbiddenCharacter),
        ("https://ä/", .forbiddenCharacter),
        ("https://a\\@b/", .forbiddenCharacter), ("https://a/\0", .forbiddenCharacter),
    ])
    func `what cannot be sent safely is refused`(_ text: String, _ error: HTTPURLError) {
        #expect(throws: error) { try HTTPURL(text) }
    }

    @Test func `8 KiB is allowed and a byte more is not`() throws {
        let base = "https://a/"
        let longest = base + String(repeating: "x", count: HTTPURL.maxBytes - base.count)
        #expect(try HTTPURL(longest).description == longest)
        #expect(throws: HTTPURLError.tooLong(bytes: HTTPURL.maxBytes + 1)) { try HTTPURL(longest + "x") }
    }

    @Test(arguments: [
        ("/2010/Accounts.json?Page=2", "https://a:1/2010/Accounts.json?Page=2"),
        ("?Page=3", "https://a:1/v1/Events?Page=3"),
        ("Other", "https://a:1/v1/Other"), ("//b/x", "https://b/x"), ("http://c/x", "http://c/x"),
        ("", "https://a:1/v1/Events?q"),
        ("x?u=a:b", "https://a:1/v1/x?u=a:b"),
    ])
    func `references resolve against the page they stand on`(_ reference: String, _ expected: String) throws {
        #expect(try HTTPURL("https://a:1/v1/Events?q").resolving(reference).description == expected)
    }

    @Test func `a reference cannot climb out or name another scheme`() throws {
        let base = try HTTPURL("https://a/v1/Events")
        #expect(throws: HTTPURLError.dotSegment) { try base.resolving("../../x") }
        #expect(throws: HTTPURLError.notHTTP) { try base.resolving("file:///etc/passwd") }
        #expect(throws: HTTPURLError.notHTTP) { try base.resolving("javascript:x") }
    }

    @Test func `a query is composed with everything encoded that needs it`() throws {
        let url = try HTTPURL("https://a/base/").appending(path: "/v1/Events")
            .withQuery([("StartDate", "2026-11-21T08:00:00Z"), ("EventType", "a&b=c d+é%")])
        #expect(
            url.description
                == "https://a/base/v1/Events?StartDate=2026-11-21T08%3A00%3A00Z&EventType=a%26b%3Dc%20d%2B%C3%A9%25")
        let moved = try url.withOrigin(HTTPURL("http://127.0.0.1:8080").origin)
        #expect(moved.description.hasPrefix("http://127.0.0.1:8080/base/v1/Events?"))
    }

    @Test(arguments: [
        ("http://localhost/", true), ("http://127.0.0.1/", true), ("http://127.9.9.9:1/", true),
        ("http://[::1]/", true),
        ("http://127.0.0.1.example.com/", false), ("http://127.1/", false), ("http://10.0.0.1/", false),
        ("http://localhost.evil/", false),
    ])
    func `loopback is told from what looks like it`(_ text: String, _ expected: Bool) throws {
        #expect(try HTTPURL(text).origin.isLoopback == expected)
    }
}
