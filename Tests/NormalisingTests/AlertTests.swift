import Foundation
import Normalising
import Parsing
import PipelineCore
import Testing

@Suite struct `Envelopes of alerts` {
    @Test func `are written as documented`() throws {
        let raw =
            #"{"sid":"NO0123456789abcdef0123456789abcdef","account_sid":"AC01","service_sid":"ZS1","resource_sid":"CA1","#
            + #""log_level":"error","error_code":"11205","more_info":"https://www.twilio.com/docs/errors/11205","#
            + #""alert_text":"Msg=Read+timed+out&LogLevel=ERROR","request_method":"POST","#
            + #""request_url":"https://example.com/hook?token=t","api_version":"2008-08-01","#
            + #""date_created":"2020-06-20T20:50:25Z","date_generated":"Sat, 20 Jun 2020 20:50:24 +0000"}"#
        let written = try normalise(record: raw, as: .alerts)
        #expect(
            written.line == #"{"schema":"twilship.envelope.v1","id":"NO0123456789abcdef0123456789abcdef","#
                + #""dataset":"monitor.alerts","account":"production","account_sid":"AC00000000000000000000000000000001","#
                + #""time":"2020-06-20T20:50:24.000Z","collected":"2026-11-21T08:00:00.123Z","type":"alert.11205","#
                + #""action":"raised","severity":"error","resource":{"sid":"CA1"},"alert":{"error_code":"11205","#
                + #""more_info":"https://www.twilio.com/docs/errors/11205","request_method":"POST","#
                + #""request_url":"https://example.com/hook?token=t","service_sid":"ZS1"},"message":"alert.11205 on CA1: "#
                + #"Read timed out (https://www.twilio.com/docs/errors/11205)","#
                + #""collector":{"host":"collector1","version":"1.0.0"},"raw":"# + raw + "}")
        #expect(written.type == "alert.11205" && written.entry.severity == .error)
    }

    @Test(arguments: ["{}", nullEverywhere, wrongEverywhere])
    func `leave out what is not known`(record: String) throws {
        let written = try normalise(record: record, as: .alerts)
        #expect(
            written.line.contains(
                #""type":"alert","action":"raised","severity":"warning","message":"alert","tags":["undated"],"#))
        #expect(written.id.hasPrefix("sha256:"))
        #expect(written.raw == record)
    }

    private static let nullEverywhere =
        "{" + AlertField.allCases.map { "\"\($0.key)\":null" }.joined(separator: ",") + "}"
    private static let wrongEverywhere =
        "{" + AlertField.allCases.map { "\"\($0.key)\":[{}]" }.joined(separator: ",") + "}"

    @Test(arguments: [
        (#""11205""#, "alert.11205"), ("11205", "alert.11205"), (#""0""#, "alert.0"),
        (#""1234567890""#, "alert.1234567890"), (#""12345678901""#, "alert"), (#""""#, "alert"), ("null", "alert"),
        (#""E1""#, "alert"), ("-1", "alert"), ("1.5", "alert"), ("1e3", "alert"), (#""1 ""#, "alert"),
        (#""\u0031""#, "alert"), ("true", "alert"), (#""１""#, "alert"),
    ])
    func `have the error code in their type if it is one`(code: String, type: String) throws {
        let written = try normalise(record: #"{"sid":"NO1","error_code":\#(code)}"#, as: .alerts)
        #expect(written.type == type)
        #expect(try written.string("message") == type)
    }

    @Test(arguments: [
        (#""error""#, Severity.error), (#""ERROR""#, .error), (#""warning""#, .warning), (#""Warning""#, .warning),
        (#""warn""#, .warning), (#""notice""#, .notice), (#""debug""#, .debug), (#""info""#, .info),
        (#""fatal""#, .warning), (#""""#, .warning), ("null", .warning), ("3", .warning), ("{}", .warning),
    ])
    func `know the levels in every spelling, and warn of others`(level: String, severity: Severity) throws {
        let written = try normalise(record: #"{"sid":"NO1","log_level":\#(level)}"#, as: .alerts)
        #expect(written.entry.severity == severity)
        #expect(try written.string("severity") == severity.name)
    }

    @Test(arguments: [
        ("Msg=Read+timed+out&ErrorCode=1", "Read timed out"), ("msg=a%20b", "a b"), ("Msg=a&parserMessage=b", "b"),
        ("parserMessage=&Msg=a", "a"), ("Msg=&x=1", "Msg=&x=1"), ("LogLevel=ERROR&x=1", "LogLevel=ERROR&x=1"),
        ("Msg=caf%C3%a9%21", "café!"), ("Msg=%FF%", "\u{FFFD}%"), ("Msg=%4", "%4"), ("Msg=%zz", "%zz"),
        ("Msg=100%25+sure", "100% sure"), ("Msg=a=b", "a=b"), ("Msg", "Msg"), ("&&Msg=a&&", "a"),
        ("https://x/?a=1&Msg=2", "https://x/?a=1&Msg=2"), ("Msg=not a form", "Msg=not a form"),
        ("plain words", "plain words"), (#"say \"Msg\"=\n"#, "say \"Msg\"=\n"), (#"Msg=a\u0026x=1"#, "a"),
        (#"Msg=%22%5C%0A%00\"\ud83d"#, "\"\\\n\0\"\u{FFFD}"), (#"\ud83d cut"#, "\u{FFFD} cut"),
    ])
    func `say in words what the form data says`(text: String, said: String) throws {
        let written = try normalise(record: #"{"sid":"NO1","alert_text":"\#(text)"}"#, as: .alerts)
        let withoutRaw = written.line.replacing(written.raw, with: "null")
        let object = try JSONSerialization.jsonObject(with: Data(withoutRaw.utf8)) as? [String: Any]
        #expect(object?["message"] as? String == "alert: \(said)")
        #expect(written.raw.contains(text))
    }

    @Test func `keep a long text whole, and shorten what is too long to be a name`() throws {
        let words = String(repeating: "0123456789 ", count: 2000)
        let form = "Msg=" + String(repeating: "+", count: 70_000)
        let url = "https://x/" + String(repeating: "€", count: 2000)
        for text in [words, form] {
            let written = try normalise(
                record: #"{"sid":"NO1","alert_text":"\#(text)","request_url":"\#(url)"}"#, as: .alerts)
            #expect(try written.string("message") == "alert: " + text)
            #expect(try written.object["alert"] as? [String: String] == ["request_url": String(url.prefix(10 + 1362))])
            #expect(try written.object["shortened"] as? [String: Int] == ["values": 1])
        }
    }

    @Test(arguments: [
        (#""date_generated":"soon","date_created":"later""#, "soon"), (#""date_created":"later""#, "later"),
        (#""date_generated":null,"date_created":"later""#, "later"), (#""date_generated":null"#, "null"),
        (#""date_generated":null,"date_created":null"#, "null"), (#""x":1"#, "missing"),
    ])
    func `without a date say what stood in its place`(dates: String, said: String) throws {
        let written = try normalise(record: #"{"sid":"NO1",\#(dates)}"#, as: .alerts)
        #expect(try written.string("time_error") == said)
        #expect(try written.string("time") == collected.rfc3339)
    }
}
