import Foundation
import Normalising
import Parsing
import PipelineCore
import PipelineTestKit
import Testing

/// 1,000 records that say what nobody should: logs, and every fourth an event, from Twilio's bytes by the real parser and
/// normaliser.
struct NastyRecords {
    static let account = #"a"b\c]d é"#
    private static let made = Result { try NastyRecords(count: 1000) }
    static func all() throws -> NastyRecords { try made.get() }

    let records: [SpooledRecord]
    /// What each is to say. Bytes that are not UTF-8 became U+FFFD on the way.
    let texts: [String]
    /// How many have more than 64 KB to say.
    let longOnes: Int

    /// No byte order mark: Foundation takes it away when it reads JSON. Line ends of all kinds, NUL, escapes of terminals,
    /// other directions of writing, marks of formats and templates.
    private static let pieces = [
        "\n", "\r\n", "\r", "\0", "\t", "\u{7f}", "\u{85}", "\u{2028}", "\u{1b}[31mred\u{1b}]0;title\u{7}", "😀", "👩‍👩‍👧",
        "é", "e\u{301}", "\u{FFFD}", "\u{202e}gnp.exe", "\u{200f}שלום", "]", "[", "|", "=", "\\", "\"", "'",
        "<13>1 - - -", "%s%n%msg%", "${jndi:ldap://x}", "CEF:0|a|b|", "{\"a\":[1]}", "--", " ", "key=value",
        " msg=other", "\\n", "\\u0000",
    ]
    /// A lone byte, a sequence cut short, half of a surrogate pair, an overlong slash, beyond Unicode.
    private static let broken: [[UInt8]] = [
        [0xFF], [0xF0, 0x9F, 0x98], [0xED, 0xA0, 0x80], [0xC0, 0xAF], [0xF4, 0x90, 0x80, 0x80],
    ]

    private init(count: Int) throws {
        var random = SplitMix64(state: 7)
        let said = (0..<count).map { number -> [UInt8] in
            // A log and an event.
            let isLong = number == 99 || number == 500
            var bytes: [UInt8] = []
            var left = isLong ? Int.max : Int.random(in: 0...20, using: &random)
            while left > 0, bytes.count <= 64 << 10 {
                left -= 1
                let isBroken = number % 5 == 0 && Int.random(in: 0..<8, using: &random) == 0
                bytes +=
                    (isBroken ? Self.broken.randomElement(using: &random) : nil)
                    ?? Array(Self.pieces.randomElement(using: &random)?.utf8 ?? "".utf8)
            }
            return bytes
        }
        texts = said.map { String(decoding: $0, as: UTF8.self) }
        longOnes = said.count { $0.count > 64 << 10 }
        var records = try Self.records(said, .logs) { $0 % 4 != 0 }
        records.merge(try Self.records(said, .events) { $0 % 4 == 0 }) { first, _ in first }
        self.records = (0..<count).compactMap { records[$0] }
    }

    /// By number, those that are chosen.
    private static func records(
        _ said: [[UInt8]], _ shape: PageShape, where isChosen: (Int) -> Bool
    ) throws -> [Int: SpooledRecord] {
        let numbers = said.indices.filter(isChosen)
        var body = Array(#"{"\#(shape.listKey)":["#.utf8)
        for number in numbers {
            if body.last == UInt8(ascii: "}") { body.append(UInt8(ascii: ",")) }
            body += json(of: said[number], number, shape)
        }
        body += Array(#"],"meta":{"next_page_url":null}}"#.utf8)
        let page = try PageParser().parse(body, as: shape)
        try #require(page.records.count == numbers.count)
        let accountSID = "AC00000000000000000000000000000001"
        let context = RecordContext(
            account: account, accountSID: accountSID, dataset: shape.dataset,
            collected: Timestamp(milliseconds: 1_795_248_000_123), lane: .live)
        let normaliser = Normaliser(collector: "collector1", version: "1.0.0")
        var block = EnvelopeBlock()
        for index in page.records.indices { normaliser.append(page[index], context: context, to: &block) }
        let made = zip(numbers, block.entries).map { number, entry in
            SpooledRecord(
                sequence: Int64(number) + 1,
                origin: .init(account: account, accountSID: accountSID, dataset: shape.dataset, lane: .live),
                bytes: block.bytes, entry: entry)
        }
        return Dictionary(uniqueKeysWithValues: zip(numbers, made))
    }

    private static func json(of said: [UInt8], _ number: Int, _ shape: PageShape) -> [UInt8] {
        let digits = String(format: "%032d", number + 1)
        let text = string(said)
        if shape.dataset == .serverlessLogs {
            return Array(
                #"{"sid":"NO\#(digits)","level":"warn","date_created":"2026-11-21T08:00:00.417Z","message":"#.utf8)
                + text + Array("}".utf8)
        }
        return Array(
            #"{"sid":"AE\#(digits)","event_type":"account.updated","event_date":"2026-11-21T08:00:00Z","#.utf8)
            + Array(#""resource_sid":"AC1","event_data":{"resource_properties":{"friendly_name":{"previous":"#.utf8)
            + text + Array(#","updated":"new"}}},"description":"#.utf8) + text + Array("}".utf8)
    }

    /// As a string of JSON, but for what is not UTF-8 in it.
    private static func string(_ bytes: [UInt8]) -> [UInt8] {
        var string = [UInt8(ascii: "\"")]
        for byte in bytes {
            switch byte {
            case 0..<0x20: string += Array(String(format: "\\u%04x", byte).utf8)
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): string += [UInt8(ascii: "\\"), byte]
            default: string.append(byte)
            }
        }
        return string + [UInt8(ascii: "\"")]
    }
}
