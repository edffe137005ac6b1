import Foundation
import Parsing
import PipelineCore
import Testing

@Suite struct `Reading a page of records` {
    @Test func `every element of the list is a record, in order, with its bytes, identity and time`() throws {
        let page = try parse(
            """
            {"events":[{"sid":"AE0000000000000000000000000000000a","event_date":"2015-03-13T22:17:27Z"} , {"a":[1]}],\
            "meta":{"next_page_url":"https://x/?a=1\\u0026b=2"}}
            """)
        #expect(
            page.raws == [
                #"{"sid":"AE0000000000000000000000000000000a","event_date":"2015-03-13T22:17:27Z"}"#, #"{"a":[1]}"#,
            ])
        #expect(page.records[0].identity == RecordIdentity(high: 0, low: 10))
        #expect(page.records[0].time == Timestamp(rfc3339: "2015-03-13T22:17:27Z".utf8))
        #expect(page.records[0].flaws == [])
        #expect(page.records[1].time == nil)
        #expect(page.nextPageURL == "https://x/?a=1&b=2")
        #expect(
            page[0].token(EventField.sid).map { String(decoding: $0, as: UTF8.self) }
                == #""AE0000000000000000000000000000000a""#)
        #expect(page[0].token(EventField.actorSID) == nil)
    }

    @Test func `meta may come first and the list may be empty`() throws {
        let page = try parse(#"{"meta":{"next_page_url":null},"events":[]}"#)
        #expect(page.records.isEmpty)
        #expect(page.nextPageURL == nil)
    }

    @Test func `what is no object is a record too`() throws {
        let page = try parse(events(#"1, -0.5e+3, "x", null, true, [ 1, [] ], {}"#))
        #expect(page.raws == ["1", "-0.5e+3", "\"x\"", "null", "true", "[ 1, [] ]", "{}"])
        #expect(page.records.map(\.flaws) == Array(repeating: [.notAnObject], count: 6) + [[.noSID]])
        #expect(Set(page.records.map(\.identity)).count == 7)
    }

    @Test(arguments: [
        #"{"sid":"AE1","a":tru}"#, #"{"sid":"AE1","a":01}"#, #"{"sid":"AE1","a":"\x"}"#, #"{"sid":"AE1","a":"\u12g4"}"#,
        "{\"sid\":\"AE1\",\"a\":\"line\nfeed\"}", "{\"sid\":\"AE1\",\"a\":\"\u{1}\"}", #"{"sid":"AE1","a"}"#,
        #"{"sid":"AE1",}"#, #"{"sid":"AE1" "b":1}"#, #"{"sid":"AE1","a":[1,]}"#, #"{"sid":"AE1","a":1.}"#,
        #"{"sid":"AE1","a":nul\u0000}"#, "{\"sid\":\"AE1\",\"a\":1\u{1}}", #"{"sid":"AE1",b:1}"#,
        #"{"sid":"AE1","a":"b"c}"#,
        #"{"sid":"AE1","a":--1}"#, #"{"sid":"AE1","a":1e}"#, #"{"sid":"AE1","a":NaN}"#,
        "{\"sid\":\"AE1\",\"a\":" + String(repeating: "[", count: 128) + String(repeating: "]", count: 128) + "}",
    ])
    func `a record that is broken inside is carried, and its neighbours are read`(broken: String) throws {
        let page = try parse(events(#"{"sid":"AE0"},"# + broken + #",{"sid":"AE2"}"#))
        #expect(page.raws == [#"{"sid":"AE0"}"#, broken, #"{"sid":"AE2"}"#])
        #expect(page.records.map(\.flaws) == [[], [.malformed], []])
        #expect(page.records[1].identity == (try parse(events(#"{"sid":"AE1"}"#))).records[0].identity)
    }

    @Test func `a record may nest as deep as any consumer of JSON goes`() throws {
        let deep = #"{"a":"# + String(repeating: "[", count: 127) + String(repeating: "]", count: 127) + "}"
        #expect(try parse(events(deep)).records[0].flaws == [.noSID])
        let abyss = String(repeating: "[", count: 100_000) + String(repeating: "]", count: 100_000)
        #expect(try parse(events(abyss)).records[0].flaws == [.malformed, .noSID])
        #expect(throws: PageError.self) { try parse(events(String(repeating: #"{"a":"#, count: 100_000))) }
    }

    @Test func `the first of equal keys counts`() throws {
        let page = try parse(events(#"{"sid":"AE1","sid":"AE2","x":{"sid":"AE3"}}"#))
        #expect(page[0].token(EventField.sid).map { String(decoding: $0, as: UTF8.self) } == "\"AE1\"")
    }

    @Test func `a record without a SID is known by its bytes, one with an odd SID by that`() throws {
        let page = try parse(
            events(
                #"{"sid":null},{"sid":null},{"sid":""},{"sid":7},{"sid":"AE0000000000000000000000000000000A"},"#
                    + #"{"sid":"XX0000000000000000000000000000000a"},{"sid":"AE0000000000000000000000000000000a"},"#
                    + #"{"sid":"XX0000000000000000000000000000000a","x":1}"#))
        let ids = page.records.map(\.identity)
        #expect(ids[0] == ids[1])
        #expect(Set(ids).count == 6)
        #expect(ids[5] == ids[7])
        #expect(page.records.map { $0.flaws.contains(.noSID) } == [true, true, true, true, false, false, false, false])
    }

    @Test func `equal pages are equal, whatever the parser read before`() throws {
        let parser = PageParser()
        let first = try parser.parse(Array(events(#"{"sid":"AE1"}"#).utf8), as: .events)
        _ = try parser.parse(Array(#"{"logs":[{"message":"x"}],"meta":{"next_page_url":null}}"#.utf8), as: .logs)
        _ = try? parser.parse(Array("{".utf8), as: .events)
        let second = try parser.parse(Array(events(#"{"sid":"AE1"}"#).utf8), as: .events)
        #expect(first.buffer == second.buffer && first.fields == second.fields)
        #expect(first.records.map(\.identity) == second.records.map(\.identity))
    }

    @Test func `a large page is read whole`() throws {
        let records = (0..<5000).map { #"{"sid":"AE\#($0)","x":"\#(String(repeating: "y", count: 1000))"}"# }
        let page = try parse(events(records.joined(separator: ",")))
        #expect(page.raws == records)
    }
}

@Suite struct `Pages that are not UTF-8` {
    @Test func `only the records that were repaired are marked`() throws {
        var body = Array(#"{"events":[{"sid":"AE1","x":""#.utf8)
        body += [0xFF, 0xE2, 0x82, 0x41]
        body += Array(#""},{"sid":"AE2","x":"é"},{"sid":"AE3","x":""#.utf8)
        body += [0xC3]
        body += Array(#""}],"meta":{"next_page_url":null}}"#.utf8)
        let page = try PageParser().parse(body, as: .events)
        #expect(page.records.map(\.flaws) == [[.repaired], [], [.repaired]])
        #expect(page.raws[0] == "{\"sid\":\"AE1\",\"x\":\"\u{FFFD}\u{FFFD}A\"}")
        #expect(page.buffer == Array(String(decoding: body, as: UTF8.self).utf8))
    }

    @Test func `records are marked even where there is more to repair than is kept track of`() throws {
        let broken =
            Array(#"{"sid":"AE1","x":""#.utf8) + (0..<70_000).flatMap { _ in [0xFF, 0x61] as [UInt8] }
            + Array(#""}"#.utf8)
        let body =
            Array(#"{"events":[{"sid":"AE0"},"#.utf8) + broken + Array(",".utf8) + broken
            + Array(#"],"meta":{"next_page_url":null}}"#.utf8)
        let page = try PageParser().parse(body, as: .events)
        #expect(page.records.map { $0.flaws.contains(.repaired) } == [false, true, true])
    }

    @Test func `they are repaired as Swift repairs strings`() throws {
        var random = SeededRandom(seed: 7)
        for _ in 0..<2000 {
            let noise = (0..<Int.random(in: 0...12, using: &random)).map { _ in
                let byte = [0xC0, 0xE0, 0xF0, 0x80, 0xED, 0xA0, 0xF4, 0x90, 0x41, 0xFF, 0x9F].randomElement(
                    using: &random)
                return UInt8(byte ?? 0) | UInt8.random(in: 0...3, using: &random)
            }
            let body = Array(#"{"events":[""#.utf8) + noise + Array(#""],"meta":{"next_page_url":null}}"#.utf8)
            let page = try PageParser().parse(body, as: .events)
            #expect(page.buffer == Array(String(decoding: body, as: UTF8.self).utf8))
            #expect(page.records[0].flaws.contains(.repaired) == (page.buffer != body))
        }
    }

    @Test func `bytes outside the records mark none`() throws {
        let body =
            Array(#"{"x":""#.utf8) + [0xFF] + Array(#"","events":[{"sid":"AE1"}],"meta":{"next_page_url":null}}"#.utf8)
        #expect(try PageParser().parse(body, as: .events).records[0].flaws == [])
    }

    @Test func `a byte order mark is dropped`() throws {
        let page = try PageParser().parse([0xEF, 0xBB, 0xBF] + Array(events(#"{"sid":"AE1"}"#).utf8), as: .events)
        #expect(page.records[0].flaws == [])
    }
}

@Suite struct `Answers that are no page` {
    @Test(arguments: [
        ("", "empty"), (" \n", "empty"),
        ("<html><body class=\"a\">\"oops</body></html>", "not a JSON object"), ("[1]", "not a JSON object"),
        ("null", "not a JSON object"), ("\"events\"", "not a JSON object"),
        (#"{"events":[{"sid":"AE1"}"#, "breaks off after 24 bytes"), (#"{"events":[{"sid":"AE"#, "breaks off"),
        (#"{"events":[]"#, "breaks off"), ("{", "breaks off"), (#"{"events":["#, "breaks off"),
        (#"{"events":[1 2],"meta":{"next_page_url":null}}"#, "not JSON from byte 13"),
        (#"{"events":[1,],"meta":{"next_page_url":null}}"#, "not JSON from byte 13"),
        (#"{"events":[{]}],"meta":{"next_page_url":null}} x"#, "not JSON"),
        (#"{"logs":[],"meta":{"next_page_url":null}}"#, "no list \"events\""), ("{}", "no list \"events\""),
        (#"{"events":{"a":1},"meta":{"next_page_url":null}}"#, #""events" is not an array but: {"a":1}"#),
        (#"{"events":null,"meta":{"next_page_url":null}}"#, "not an array"),
        (#"{"events":[]}"#, "meta.next_page_url"), (#"{"events":[],"meta":null}"#, "meta.next_page_url"),
        (#"{"events":[],"meta":{}}"#, "meta.next_page_url"),
        (#"{"events":[],"meta":{"next_page_url":7}}"#, "meta.next_page_url"),
        (
            #"{"code":20003,"message":"Authenticate"}"#,
            #"no list "events"; it begins: {"code":20003,"message":"Authenticate"}"#
        ),
    ])
    func `are refused with what came instead`(body: String, said: String) {
        let error = #expect(throws: PageError.self) { try parse(body) }
        #expect(error?.description.contains(said) == true, "\(error?.description ?? "")")
    }

    @Test func `are quoted in printable characters, 80 at most`() {
        #expect(Excerpt("a\u{1B}[31m\n\n b\u{7F}é".utf8).description == #"a\x1b[31m b\x7f\xc3\xa9"#)
        let long = Excerpt(repeatElement(0, count: 1_000_000)).description
        #expect(long.count <= Excerpt.limit && long.hasSuffix("…"))
    }

    @Test func `with more records than a page can have are refused`() {
        #expect(throws: PageError.tooManyRecords) {
            try parse(events(Array(repeating: "1", count: 70_000).joined(separator: ",")))
        }
    }
}

func parse(_ body: String, as shape: PageShape = .events) throws -> Page {
    try PageParser().parse(Array(body.utf8), as: shape)
}

func events(_ list: String) -> String {
    #"{"events":["# + list + #"],"meta":{"next_page_url":null}}"#
}

extension Page {
    var raws: [String] {
        records.indices.map { String(decoding: self[$0].raw, as: UTF8.self) }
    }
}

/// SplitMix64: the same numbers every time.
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }
}
