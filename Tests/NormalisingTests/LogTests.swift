import Foundation
import Normalising
import Parsing
import PipelineCore
import Testing

@Suite struct `Envelopes of function logs` {
    @Test(arguments: [
        ("2018-11-10T20:00:00Z", "2018-11-10T20:00:00.000Z"), ("2018-11-10T20:00:00.4Z", "2018-11-10T20:00:00.400Z"),
        ("2018-11-10T20:00:00.417Z", "2018-11-10T20:00:00.417Z"),
        ("2018-11-10T20:00:00.417999Z", "2018-11-10T20:00:00.417Z"),
        ("2018-11-10T21:00:00+01:00", "2018-11-10T20:00:00.000Z"),
        ("Sat, 10 Nov 2018 20:00:00 +0000", "2018-11-10T20:00:00.000Z"),
    ])
    func `have the time whatever its fraction`(date: String, time: String) throws {
        let written = try normalise(record: #"{"sid":"NO1","date_created":"\#(date)"}"#, as: .logs)
        #expect(try written.string("time") == time)
        #expect(try written.object["tags"] == nil && written.object["time_error"] == nil)
    }

    @Test func `are made of records in which everything is null or of the wrong type`() throws {
        for value in ["null", "[{}]", "{}"] {
            let raw = "{" + LogField.allCases.map { "\"\($0.key)\":\(value)" }.joined(separator: ",") + "}"
            let written = try normalise(record: raw, as: .logs)
            #expect(written.id.hasPrefix("sha256:"))
            #expect(try written.string("severity") == "info")
            #expect(
                try written.object["function"] as? [String: String]
                    == ["service_sid": "ZSofTheStream", "environment_sid": "ZEofTheStream"])
            #expect(try written.string("message") == ["[{}]": "[{}]", "{}": "{}"][value])
            #expect(try written.string("time_error") == value)
            #expect(written.raw == raw)
        }
    }

    @Test func `without a SID are known by all that is in them`() throws {
        let first = #"{"message":"x","date_created":"2018-11-10T20:00:00Z"}"#
        let later = #"{"message":"x","date_created":"2018-11-10T20:00:01Z"}"#
        let written = try normalise(list([first, later, first], as: .logs), as: .logs)
        #expect(written[0].id != written[1].id && written[0].id == written[2].id)
        #expect(written[0].entry.identity == written[2].entry.identity)
    }

    @Test(
        arguments: [
            (#""""#, ""), (#""line 1\nline 2\r\n\u001b[31mred\u0000""#, "line 1\nline 2\r\n\u{1B}[31mred\0"),
            ("7", "7"),
            ("false", "false"), (#""\udc00 cut in the middle""#, "\u{FFFD} cut in the middle"), ("null", nil),
        ] as [(String, String?)])
    func `carry whatever was printed`(message: String, said: String?) throws {
        let written = try normalise(record: #"{"sid":"NO1","message":\#(message)}"#, as: .logs)
        let withoutRaw = written.line.replacing(written.raw, with: "null")
        let object = try JSONSerialization.jsonObject(with: Data(withoutRaw.utf8)) as? [String: Any]
        #expect(object?["message"] as? String == said)
        #expect(!written.line.utf8.contains { $0 < 0x20 })
    }

    @Test func `name the record's own service before the stream's`() throws {
        let written = try normalise(
            record: #"{"sid":"NO1","service_sid":"ZS1","environment_sid":""}"#, as: .logs)
        #expect(
            try written.object["function"] as? [String: String]
                == ["service_sid": "ZS1", "environment_sid": "ZEofTheStream"])
    }
}
