import Foundation
import Normalising
import Parsing
import PipelineCore
import Testing

@Suite struct `Whatever a page holds` {
    private static let seedPages: [(shape: PageShape, body: String)] = [
        (.events, list([event, "[1, \"two\", null]", "{}", #"{ "sid" : "AE1" , "x" : -0.1 }"#])),
        (.events, list(["{\n\"event_data\": {\n\"a\": {\"updated\": true}},\n\"event_date\": 7}"])),
        (
            .alerts,
            list([alert, #"{"alert_text":"Msg=&msg=%","error_code":11205,"date_generated":null}"#], as: .alerts)
        ),
        (.logs, list([log, #"{"message":["x",{"y":"\u0000"}],"level":7}"#], as: .logs)),
    ]
    private static let event =
        #"{"sid":"AE0000000000000000000000000000000a","event_type":"user.updated","event_date":"2015-03-13T22:17:27Z","#
        + #""actor_type":"user","actor_sid":"US1","resource_sid":"US2","resource_type":"user","source":"web","#
        + #""source_ip_address":"192.0.2.96","description":"caf\u00e9 \ud83d\ude00 é","event_data":"#
        + #"{"resource_properties":{"email_address":{"previous":"a@b","updated":null},"n":{"updated":[1.5e3,{}]}}}}"#
    private static let alert =
        #"{"sid":"NO0000000000000000000000000000000a","log_level":"error","error_code":"11205","alert_text":"#
        + #""LogLevel=ERROR&Msg=caf%C3%A9+%f0%9f%98%80\u0026%41\ud83d&ErrorCode=11205","more_info":"http://x/1","#
        + #""resource_sid":"CA1","service_sid":null,"request_method":"POST","request_url":"http://x/?a=%1","#
        + #""date_created":"Tue, 09 Feb 2010 01:23:53 +0000","date_generated":"2010-02-09T01:23:53Z"}"#
    private static let log =
        #"{"sid":"NO0000000000000000000000000000000b","level":"WARN","message":"caf\u00e9 \ud83d\ude00\n{}","#
        + #""date_created":"2018-11-10T20:00:00.417Z","service_sid":"ZS1","request_sid":null}"#

    @Test(.timeLimit(.minutes(2)))
    func `every record of it becomes a valid envelope or the page is refused`() throws {
        var random = SeededRandom(seed: 20_261_121)
        let parser = PageParser()
        let normaliser = Normaliser(collector: "collector1", version: "1.0.0")
        var accepted = 0
        var flawed = 0
        for _ in 0..<20_000 {
            let seed = try #require(Self.seedPages.randomElement(using: &random))
            let shape = seed.shape
            let body = mutated(Array(seed.body.utf8), using: &random)
            guard let page = try? parser.parse(body, as: shape) else { continue }
            var block = EnvelopeBlock()
            for index in page.records.indices {
                let record = page[index]
                normaliser.append(record, context: context(shape), to: &block)
                let entry = try #require(block.entries.last)
                let line = block.bytes[entry.line]
                #expect(!line.contains { $0 < 0x20 && $0 != 9 })
                accepted += 1
                if record.slot.flaws != [] { flawed += 1 }
                try check(block, entry, of: record)
            }
        }
        // Enough of both for the test to mean something.
        #expect(accepted > 5000 && flawed > 1000, "\(accepted) records, \(flawed) with flaws")
    }

    /// Foundation reads less than RFC 8259 allows (no halves of surrogate pairs, no number beyond Double): it must read
    /// everything before `raw`, and all of the envelope if it can read the record alone.
    private func check(_ block: EnvelopeBlock, _ entry: EnvelopeBlock.Entry, of record: SourceRecord) throws {
        let line = Data(block.bytes[entry.line])
        let withoutRaw = Data(block.bytes[entry.line.lowerBound..<entry.raw.lowerBound] + Array("null}".utf8))
        try #require(try JSONSerialization.jsonObject(with: withoutRaw) is [String: Any])
        let raw = block.bytes[entry.raw]
        if record.slot.flaws.contains(.malformed) {
            let envelope = try JSONSerialization.jsonObject(with: line) as? [String: Any]
            #expect(envelope?["raw"] as? String == String(decoding: record.raw, as: UTF8.self))
            return
        }
        if (try? JSONSerialization.jsonObject(with: Data(record.raw), options: .fragmentsAllowed)) != nil {
            try #require(try JSONSerialization.jsonObject(with: line) is [String: Any])
        }
        if record.raw.contains(10) || record.raw.contains(13) {
            #expect(!raw.contains(10) && !raw.contains(13))
        } else {
            #expect(raw == record.raw)
        }
    }

    private func mutated(_ seed: [UInt8], using random: inout SeededRandom) -> [UInt8] {
        var body = seed
        let spice =
            Array(#"{}[]",:\u0d8nulltrue-1.e+ "#.utf8) + [0, 1, 10, 13, 0x7F, 0x80, 0xC3, 0xE2, 0xED, 0xF0, 0xFF]
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

    @Test func `noise is refused without a trap`() {
        var random = SeededRandom(seed: 5)
        let parser = PageParser()
        for length in 0..<2000 {
            let body = (0..<length % 200).map { _ in UInt8.random(in: .min ... .max, using: &random) }
            #expect(throws: PageError.self) { try parser.parse(body, as: .events) }
        }
    }

    @Test(arguments: [
        #"{"sid":null,"event_date":null,"event_type":null,"resource_type":null,"resource_sid":null,"actor_type":null,"#
            + #""actor_sid":null,"source":null,"source_ip_address":null,"description":null,"event_data":null}"#,
        #"{"sid":{},"event_date":[],"event_type":{},"resource_type":1,"resource_sid":[],"actor_type":false,"#
            + #""actor_sid":{},"source":[[]],"source_ip_address":{},"description":[],"event_data":[{"previous":1}]}"#,
        #"{"sid":"\u0000","event_date":"\u0000","event_type":"\u0000.\u0000","event_data":{"\u0000":{"updated":"\u0000"}}}"#,
        #"{"sid":"\ud800","event_type":"\ud800.\udfff","event_data":{"\ud800":{"updated":"\ud800"}}}"#,
        #"{"sid":"AE1","event_type":123456789012345678901234567890e99999,"event_data":{"a":{"updated":-1e-99999}}}"#,
        #"{"sid":"AE1","event_type":".","event_data":{"resource_properties":{"resource_properties":{"previous":{}}}}}"#,
        #"{"sid":"AE1","event_data":{"a":{"previous":{"previous":{"updated":1}}},"a":{"updated":2},"a":{}}}"#,
    ])
    func `odd records become envelopes that Foundation reads`(record: String) throws {
        let written = try normalise(record: record)
        #expect(written.raw == record)
        // What is not readable in raw must still be readable in everything that was made of it.
        let withoutRaw = written.line.replacing(record, with: "null")
        #expect(try JSONSerialization.jsonObject(with: Data(withoutRaw.utf8)) is [String: Any])
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
