import Parsing
import PipelineCore
import Testing

@Suite struct `Reading a single record` {
    private static let record =
        #"{"sid":"AE0000000000000000000000000000000a","event_date":"2015-03-13T22:17:27Z","meta":{"next_page_url":"x"}}"#

    @Test func `gives what the list would have given`() throws {
        let single = try parseRecord("\n " + Self.record + "\r\n")
        let listed = try parse(events(Self.record))
        #expect(single.raws == listed.raws)
        #expect(single.records.map(\.identity) == listed.records.map(\.identity))
        #expect(single.records.map(\.time) == listed.records.map(\.time))
        #expect(single.records.map(\.flaws) == [[]])
        #expect(single.fieldsPerRecord == listed.fieldsPerRecord)
        for field in EventField.allCases { #expect(single[0].token(field) == listed[0].token(field)) }
        #expect(single.nextPageURL == nil)
    }

    private static let tooDeep =
        #"{"a":"# + String(repeating: "[", count: 128) + String(repeating: "]", count: 128) + "}"

    private static let flawed: [(String, SourceRecord.Flaws)] = [
        ("{}", .noSID), (#"{"sid":"AE1","a":tru}"#, .malformed), (tooDeep, [.malformed, .noSID]),
        (#"{"events":[],"meta":{"next_page_url":null}}"#, .noSID),
        // Behind a fault brackets are counted, not matched.
        (#"{"a":[}}"#, [.malformed, .noSID]),
    ]

    @Test(arguments: flawed)
    func `carries one with flaws, as the list would`(body: String, flaws: SourceRecord.Flaws) throws {
        let page = try parseRecord(body)
        #expect(page.raws == [body])
        #expect(page.records.map(\.flaws) == [flaws])
    }

    @Test func `repairs what is not UTF-8, and drops a byte order mark`() throws {
        let body = [0xEF, 0xBB, 0xBF] + Array(#"{"sid":"AE1","x":""#.utf8) + [0xFF] + Array(#""}"#.utf8)
        let page = try PageParser().parse(record: body, as: .events)
        #expect(page.raws == ["{\"sid\":\"AE1\",\"x\":\"\u{FFFD}\"}"])
        #expect(page.records.map(\.flaws) == [[.repaired]])
    }

    @Test(arguments: [
        ("", "empty"), ("<html>\"</html>", "not a JSON object"), ("[{}]", "not a JSON object"),
        ("null", "not a JSON object"), (#"{"sid":"AE1""#, "breaks off after 12 bytes"), (#"{"sid":"AE"#, "breaks off"),
        ("{} {}", "not JSON from byte 3"), ("{},{}", "not JSON from byte 2"), ("{}]", "not JSON from byte 2"),
        (#"{}],"events":[{}"#, "not JSON"), ("{]]", "not JSON"),
    ])
    func `refuses what is not exactly one object`(body: String, said: String) {
        let error = #expect(throws: PageError.self) { try parseRecord(body) }
        #expect(error?.description.contains(said) == true, "\(error?.description ?? "")")
    }

    @Test func `leaves the parser ready for lists`() throws {
        let parser = PageParser()
        _ = try parser.parse(record: Array("{}".utf8), as: .alerts)
        let page = try parser.parse(Array(events("{},{}").utf8), as: .events)
        #expect(page.records.count == 2)
        #expect(try parser.parse(record: Array("{}".utf8), as: .events).records.count == 1)
    }

    @Test func `never traps, and never gives more or less than one`() {
        var random = SeededRandom(seed: 11)
        let parser = PageParser()
        var accepted = 0
        for _ in 0..<20_000 {
            let body = mutated(Array(Self.record.utf8), using: &random)
            guard let page = try? parser.parse(record: body, as: .events) else { continue }
            accepted += 1
            #expect(page.records.count == 1 && page.fields.count == EventField.allCases.count)
            #expect(page[0].raw.first == UInt8(ascii: "{"))
        }
        #expect(accepted > 2000 && accepted < 19_000, "\(accepted) of 20,000")
    }
}

private func parseRecord(_ body: String) throws -> Page {
    try PageParser().parse(record: Array(body.utf8), as: .events)
}

/// The bytes with one to four of them changed, put in, taken out, or repeated elsewhere.
func mutated(_ seed: [UInt8], using random: inout SeededRandom) -> [UInt8] {
    var body = seed
    let spice = Array(#"{}[]",:\u0d8nulltrue-1.e+ "#.utf8) + [0, 1, 10, 13, 0x7F, 0x80, 0xC3, 0xE2, 0xED, 0xF0, 0xFF]
    for _ in 0..<Int.random(in: 1...4, using: &random) {
        let place = Int.random(in: 0..<body.count, using: &random)
        let byte = spice.randomElement(using: &random) ?? 0
        switch Int.random(in: 0..<5, using: &random) {
        case 0: body[place] = byte
        case 1: body.insert(byte, at: place)
        case 2: body.remove(at: place)
        case 3: body[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        default:
            let end = min(body.count, place + Int.random(in: 1...40, using: &random))
            body.insert(contentsOf: body[place..<end], at: Int.random(in: 0..<body.count, using: &random))
        }
    }
    return body
}
