import Parsing
import Testing

@Suite struct `Reading a list of resources` {
    private static let accounts =
        #"{"first_page_uri":"/2010-04-01/Accounts.json?Page=0","end":1,"previous_page_uri":null,"accounts":[{"#
        + #""auth_token":"0123456789abcdef","friendly_name":"caf\u00e9 \"x\"","owner_account_sid":"AC1","sid":"AC1","#
        + #""status":"active","subresource_uris":{"sid":"inner"}},{"sid":"AC2","auth_token":null,"status":7}],"#
        + #""uri":"x","page_size":50,"next_page_uri":"/2010-04-01/Accounts.json?Page=1&PageToken=PA\u0031","page":0}"#

    @Test func `gives the strings of each item`() throws {
        let list = try resources(Self.accounts, "accounts")
        #expect(list.items.count == 2)
        #expect(list.items[0].string("sid") == "AC1")
        #expect(list.items[0].string("friendly_name") == #"café "x""#)
        #expect(list.items[0].string("auth_token") == "0123456789abcdef")
        #expect(list.items[0].string("subresource_uris") == nil && list.items[0].string("missing") == nil)
        #expect(list.items[1].string("status") == nil && !list.items[1].isNull("status"))
        #expect(list.items[1].string("auth_token") == nil && list.items[1].isNull("auth_token"))
        #expect(!list.items[1].isNull("friendly_name"))
    }

    @Test(
        arguments: [
            (#""next_page_uri":"/a?b""#, "/a?b"), (#""next_page_uri":null"#, nil), (#""next_page_uri":"""#, nil),
            (#""meta":{"next_page_url":"https://x/y?a=1\u0026b=2"}"#, "https://x/y?a=1&b=2"),
            (#""meta":{"next_page_url":null}"#, nil),
            (#""next_page_uri":"/root","meta":{"next_page_url":"https://x/y"}"#, "https://x/y"),
            (#""next_page_uri":"/root","meta":{"next_page_url":null}"#, nil),
            (#""next_page_uri":"/root","meta":{"key":"services"}"#, "/root"),
            (#""next_page_uri":"/first","next_page_uri":"/second""#, "/first"),
            (#""meta":{"next_page_url":"https://x/1"},"meta":{"next_page_url":"https://x/2"}"#, "https://x/1"),
        ] as [(String, String?)])
    func `finds the next page in either style`(end: String, next: String?) throws {
        #expect(try resources(#"{"services":[],\#(end)}"#, "services").nextPage == next)
    }

    @Test(arguments: [
        ("", "empty"), ("<html>oops</html>", "begins: <html>oops"), ("null", "not a JSON object"),
        (#"{"accounts":[{"auth_token":"SECRET"}"#, "breaks off"),
        (#"{"accounts":[{"auth_token":"SECRET"} {"auth_token":"SECRET"}],"next_page_uri":null}"#, "not JSON"),
        (#"{"accounts":{"auth_token":"SECRET"},"next_page_uri":null}"#, "not an array"),
        (#"{"account":[{"auth_token":"SECRET"}],"next_page_uri":null}"#, "no list \"accounts\""),
        (#"{"accounts":[{"auth_token":"SECRET"}]}"#, "next_page_url"),
        (#"{"accounts":[{"auth_token":"SECRET"}],"next_page_uri":7}"#, "next_page_url"),
        (#"{"accounts":[{"auth_token":"SECRET"}],"next_page_uri":"\x"}"#, "not JSON"),
        (#""auth_token":"SECRET","#, "not a JSON object"),
    ])
    func `refuses what is no list, and never quotes a secret`(body: String, said: String) {
        let error = #expect(throws: PageError.self) { try resources(body, "accounts") }
        let description = error?.description ?? ""
        #expect(description.contains(said), "\(description)")
        #expect(!description.contains("SECRET"))
    }

    @Test func `prints no secret`() throws {
        let list = try resources(Self.accounts, "accounts")
        #expect(!"\(list) \(list.items[0])".contains("0123456789"))
        #expect(!String(reflecting: list).contains("0123456789"))
    }

    @Test func `takes the first of equal keys, and no key with escapes, as pages do`() throws {
        let list = try resources(
            #"{"services":[{"sid":null,"sid":"ZS2"},{"\u0073id":"ZS1"},{"sid":"ZS3","sid":"ZS4"}],"next_page_uri":null}"#,
            "services")
        #expect(list.items.map { $0.string("sid") } == [nil, nil, "ZS3"])
        #expect(list.items.map { $0.isNull("sid") } == [true, false, false])
    }

    @Test func `takes no string of more than 1 KiB for a name`() throws {
        let longest = String(repeating: "é", count: 512)
        let escaped = String(repeating: #"\u0061"#, count: 1024)
        let list = try resources(
            #"{"services":[{"a":"\#(longest)","b":"\#(longest)x","c":"\#(escaped)","d":"\#(escaped)b"}],"next_page_uri":null}"#,
            "services")
        #expect(list.items[0].string("a") == longest)
        #expect(list.items[0].string("b") == nil)
        #expect(list.items[0].string("c") == String(repeating: "a", count: 1024))
        #expect(list.items[0].string("d") == nil)
    }

    @Test func `carries items that are no objects or broken inside`() throws {
        let abyss = String(repeating: "[", count: 100_000) + String(repeating: "]", count: 100_000)
        let list = try resources(
            #"{"services":[7,null,"sid",["sid"],\#(abyss),{"sid":"ZS1","x":tru},{}],"next_page_uri":null}"#, "services")
        #expect(list.items.map { $0.string("sid") } == [nil, nil, nil, nil, nil, "ZS1", nil])
        #expect(list.items.allSatisfy { !$0.isNull("sid") })
    }

    @Test func `repairs what is not UTF-8`() throws {
        let body = Array(#"{"services":[{"sid":""#.utf8) + [0xFF] + Array(#""}],"next_page_uri":null}"#.utf8)
        #expect(try ResourceListParser().parse(body, key: "services").items[0].string("sid") == "\u{FFFD}")
    }

    @Test func `reads lists under different keys one after the other`() throws {
        let parser = ResourceListParser()
        for key in ["services", "environments", "functions", "services"] {
            let list = try parser.parse(Array(#"{"\#(key)":[{"sid":"\#(key)"}],"next_page_uri":null}"#.utf8), key: key)
            #expect(list.items.map { $0.string("sid") } == [key])
        }
    }

    @Test func `never traps, whatever comes`() {
        var random = SeededRandom(seed: 17)
        let parser = ResourceListParser()
        var items = 0
        for _ in 0..<20_000 {
            let body = mutated(Array(Self.accounts.utf8), using: &random)
            guard let list = try? parser.parse(body, key: "accounts") else { continue }
            for item in list.items {
                items += 1
                for key in ["sid", "auth_token", "status", "x"] {
                    let text = item.string(key)
                    #expect((text?.utf8.count ?? 0) <= ResourceItem.longest)
                    #expect(text == nil || !item.isNull(key))
                }
            }
        }
        #expect(items > 5000, "\(items)")
    }
}

private func resources(_ body: String, _ key: String) throws -> ResourceList {
    try ResourceListParser().parse(Array(body.utf8), key: key)
}
