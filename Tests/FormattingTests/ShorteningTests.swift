import Formatting
import Foundation
import Parsing
import PipelineCore
import Testing

struct ShorteningTests {
    private static let envelopes: [RecordFormat] = [.envelope(), .envelope(raw: .string), .envelope(raw: .none), .raw]

    @Test(arguments: envelopes)
    func `what fits is not touched`(format: RecordFormat) throws {
        for record in try Records.ofAllKinds() {
            let full = format.line(record)
            let (line, isShortened) = format.shortened(record, max(full.utf8.count, RecordFormat.leastMaximumBytes))
            #expect(line == full)
            #expect(!isShortened)
        }
    }

    @Test func `raw goes first, and the mark says how long the record was`() throws {
        let record = try Records.log(["message": String(repeating: "m", count: 2000)])
        let full = RecordFormat.envelope().line(record)
        let (line, isShortened) = RecordFormat.envelope().shortened(record, full.utf8.count - 1)
        #expect(isShortened)
        let object = try object(line)
        #expect(object["raw"] == nil)
        #expect((object["message"] as? String)?.count == 2000)
        #expect((object["truncated"] as? [String: Int]) == ["bytes": full.utf8.count])
        #expect(line.contains(#"","truncated":{"bytes":\#(full.utf8.count)},"collector":"#))
    }

    @Test func `then the message is cut, so that the line is just as long as may be`() throws {
        let record = try Records.log(["message": String(repeating: "m", count: 9000)])
        let (line, _) = RecordFormat.envelope().shortened(record, 2048)
        #expect(line.utf8.count == 2048)
        #expect((try object(line)["message"] as? String)?.allSatisfy { $0 == "m" } == true)
        #expect(try object(line)["function"] != nil)
    }

    @Test(arguments: ["ü", "😀", "\n", "\u{1}", "\"", "\\", "x\u{301}"])
    func `a message is cut between characters, escapes too`(character: String) throws {
        let message = String(repeating: character, count: 3000)
        let record = try Records.log(["message": message])
        for maximum in 1500..<1520 {
            let (line, isShortened) = RecordFormat.envelope().shortened(record, maximum)
            #expect(isShortened)
            #expect(line.utf8.count <= maximum && line.utf8.count > maximum - 12)
            let cut = try #require(try object(line)["message"] as? String)
            #expect(message.unicodeScalars.starts(with: cut.unicodeScalars))
        }
    }

    @Test func `surrogate pairs written as escapes stay whole`() throws {
        let pair = #"\ud83d\ude00"#
        let record = try Records.made(
            from: #"{"sid":"NO00000000000000000000000000000001","level":"info","message":""#
                + String(repeating: pair, count: 500) + #"","date_created":"2026-11-21T08:00:00Z"}"#, as: .logs)
        for maximum in 1300..<1320 {
            let cut = try object(RecordFormat.envelope().shortened(record, maximum).line)["message"] as? String
            #expect(cut?.isEmpty == false && cut?.allSatisfy { $0 == "😀" } == true)
        }
    }

    @Test func `changes go when the message was not enough`() throws {
        let changes = Dictionary(
            uniqueKeysWithValues: (0..<100).map {
                ("field_\($0)", ["previous": "a", "updated": String(repeating: "b", count: 100)])
            })
        let record = try Records.event(["event_data": changes])
        let (line, _) = RecordFormat.envelope().shortened(record, 2048)
        let object = try object(line)
        #expect(object["changes"] == nil)
        #expect((object["message"] as? String)?.hasPrefix("account.updated on AC") == true)
        #expect(object["actor"] != nil)
    }

    /// Values have at most 4,096 bytes each in the envelope.
    private static func hostile() throws -> [SpooledRecord] {
        let long = String(repeating: "\"ü\u{1}", count: 2000)
        return [
            try Records.event([
                "event_type": long, "actor_sid": "US" + long, "actor_type": long, "resource_sid": "US" + long,
                "resource_type": long, "source": long, "source_ip_address": long, "description": long,
            ]),
            try Records.event([
                "sid": long, "event_date": long, "description": long,
            ]),
            try Records.log(["service_sid": long, "environment_sid": long, "function_sid": long, "level": long]),
            try Records.alert(["error_code": long, "more_info": long, "request_url": long]),
            Records.own(details: #""gap":{"reason":"\#(String(repeating: "g", count: 9000))"}"#),
        ]
    }

    @Test(arguments: [RecordFormat.ecs(), .ocsf(), .cef])
    func `no format is longer than the limit, and all stay valid`(format: RecordFormat) throws {
        for record in try Self.hostile() + Records.ofAllKinds(isReplay: true) {
            for maximum in [0, 1024, 1100, 1500, 3000, 20_000] {
                let (line, isShortened) = format.shortened(record, maximum)
                #expect(line.utf8.count <= max(maximum, RecordFormat.leastMaximumBytes))
                #expect(isShortened == (line != format.line(record)))
                if format == .cef { _ = try CEFLine(line) } else { _ = try object(line) }
            }
        }
    }

    @Test(arguments: envelopes)
    func `nothing is longer than the limit, and who, what and when survive`(format: RecordFormat) throws {
        for record in try Self.hostile() + Records.ofAllKinds(isReplay: true) {
            for maximum in [0, 1024, 1025, 1100, 1500, 3000, 20_000] {
                let (line, isShortened) = format.shortened(record, maximum)
                #expect(line.utf8.count <= max(maximum, RecordFormat.leastMaximumBytes))
                #expect(!line.contains("\n"))
                let object = try object(line)
                guard isShortened else { continue }
                #expect((object["truncated"] as? [String: Int])?["bytes"] == format.line(record).utf8.count)
                #expect(object["account"] as? String == "production")
                #expect(object["account_sid"] as? String == Records.accountSID)
                #expect(object["dataset"] as? String == record.origin.dataset.rawValue)
                #expect(object["time"] as? String == record.entry.time.rfc3339)
                #expect(object["severity"] as? String == record.entry.severity.name)
                #expect(object["id"] != nil && object["type"] != nil)
            }
        }
    }
}
