import Foundation
import Normalising
import Parsing
import PipelineCore
import Testing

@Suite struct `Envelopes` {
    @Test func `of an event are written as documented`() throws {
        let raw =
            #"{"sid":"AE0123456789abcdef0123456789abcdef","account_sid":"AC01","event_date":"2014-10-03T16:48:25Z","#
            + #""event_type":"account.updated","resource_type":"account","resource_sid":"AC02","actor_type":"account","#
            + #""actor_sid":"AC01","source":"api","source_ip_address":"10.86.6.250","description":null,"event_data":"#
            + #"{"friendly_name":{"previous":"SubAccount Created at 2014","updated":"Mr. Friendly"}},"links":{}}"#
        let written = try normalise(record: raw)
        #expect(
            written.line == #"{"schema":"twilship.envelope.v1","id":"AE0123456789abcdef0123456789abcdef","#
                + #""dataset":"monitor.events","account":"production","account_sid":"AC00000000000000000000000000000001","#
                + #""time":"2014-10-03T16:48:25.000Z","collected":"2026-11-21T08:00:00.123Z","type":"account.updated","#
                + #""action":"updated","severity":"notice","actor":{"type":"account","sid":"AC01","ip":"10.86.6.250","#
                + #""via":"api"},"resource":{"type":"account","sid":"AC02"},"changes":[{"field":"friendly_name","#
                + #""previous":"SubAccount Created at 2014","updated":"Mr. Friendly"}],"message":"account.updated on AC02 "#
                + #"by account AC01 via api from 10.86.6.250","collector":{"host":"collector1","version":"1.0.0"},"raw":"#
                + raw + "}")
        #expect(written.raw == raw)
        #expect(written.id == "AE0123456789abcdef0123456789abcdef" && written.type == "account.updated")
        #expect(written.entry.severity == .notice && written.entry.time.rfc3339 == "2014-10-03T16:48:25.000Z")
    }

    @Test func `of a log line are written as documented`() throws {
        let raw =
            #"{"sid":"NO0123456789abcdef0123456789abcdef","service_sid":"ZS1","environment_sid":"ZE1","build_sid":"ZB1","#
            + #""deployment_sid":"ZD1","function_sid":"ZH1","request_sid":"RQ1","level":"warn","#
            + #""message":"This is a warning","date_created":"2018-11-10T20:00:00.5Z"}"#
        let written = try normalise(record: raw, as: .logs)
        #expect(
            written.line == #"{"schema":"twilship.envelope.v1","id":"NO0123456789abcdef0123456789abcdef","#
                + #""dataset":"serverless.logs","account":"production","account_sid":"AC00000000000000000000000000000001","#
                + #""time":"2018-11-10T20:00:00.500Z","collected":"2026-11-21T08:00:00.123Z","type":"function.log","#
                + #""action":"log","severity":"warning","function":{"service_sid":"ZS1","environment_sid":"ZE1","#
                + #""build_sid":"ZB1","deployment_sid":"ZD1","function_sid":"ZH1","request_sid":"RQ1"},"#
                + #""message":"This is a warning","collector":{"host":"collector1","version":"1.0.0"},"raw":"# + raw
                + "}")
    }

    @Test func `leave out what is not known`() throws {
        let event = try normalise(record: #"{"sid":"AE1","event_type":null,"event_date":"2014-10-03T16:48:25Z"}"#)
        #expect(
            event.line.contains(
                #""type":"unknown","action":"unknown","severity":"notice","message":"unknown","collector""#))
        let log = try normalise(record: #"{"sid":"NO1","date_created":"2014-10-03T16:48:25Z"}"#, as: .logs)
        #expect(
            log.line.contains(
                #""severity":"info","function":{"service_sid":"ZSofTheStream","environment_sid":"ZEofTheStream"},"collector""#
            ))
    }

    @Test func `carry values of the wrong type as text or not at all`() throws {
        let written = try normalise(
            record:
                #"{"sid":7,"event_type":true,"actor_sid":[1],"actor_type":{"a":"b"},"source":1.5,"resource_sid":"","#
                + #""event_data":"x","description":12,"event_date":99}"#)
        #expect(written.type == "true")
        #expect(try written.object["actor"] as? [String: String] == ["via": "1.5"])
        #expect(try written.object["resource"] == nil)
        #expect(try written.string("message") == "true via 1.5: 12")
        #expect(try written.string("time_error") == "99")
    }

    @Test func `build the message of the parts that are there`() throws {
        let written = try normalise(
            record: #"{"sid":"AE1","event_type":"x.y","actor_sid":"US1","description":"a \"b\"\n"}"#)
        #expect(try written.string("message") == "x.y by US1: a \"b\"\n")
    }

    @Test func `of undated records say when they were collected and what the date was`() throws {
        for (date, said) in [
            (#""Tuesday, 09-Feb-10 01:23:53 GMT""#, "Tuesday, 09-Feb-10 01:23:53 GMT"), ("null", "null"),
        ] {
            let written = try normalise(record: #"{"sid":"AE1","event_date":\#(date)}"#, lane: .late)
            #expect(try written.string("time") == collected.rfc3339)
            #expect(try written.string("time_error") == said)
            #expect(try written.object["tags"] as? [String] == ["late", "undated"])
        }
        #expect(try normalise(record: #"{"sid":"AE1"}"#).string("time_error") == "missing")
        #expect(try normalise(record: #"{"sid":"AE1"}"#).object["tags"] as? [String] == ["undated"])
        let long = String(repeating: "é", count: 1000)
        #expect(try normalise(record: #"{"event_date":"\#(long)"}"#).string("time_error") == String(long.prefix(64)))
    }

    @Test func `name the lane`() throws {
        for lane in Lane.allCases {
            let written = try normalise(record: #"{"sid":"AE1","event_date":"2014-10-03T16:48:25Z"}"#, lane: lane)
            #expect(try written.object["tags"] as? [String] == lane.tag.map { [$0] })
        }
    }

    @Test func `of records without a SID are named by the digest of their bytes`() throws {
        let written = try normalise(record: "{}")
        #expect(written.id == "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a")
    }

    @Test func `of equal records without a SID are told apart by their number`() throws {
        let page = try PageParser().parse(
            Array(list([#"{"a":1}"#, #"{"sid":"NO1"}"#, #"{"a":1}"#, #"{"a":1}"#], as: .logs).utf8), as: .logs)
        var occurrences = Occurrences()
        var block = EnvelopeBlock()
        for index in page.records.indices {
            let number = occurrences.number(of: page.records[index])
            Normaliser(collector: "h", version: "1")
                .append(page[index], occurrence: number, context: context(.logs), to: &block)
        }
        let digest = "sha256:015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862"
        #expect(
            block.entries.map { String(decoding: block.bytes[$0.id], as: UTF8.self) }
                == [digest, "NO1", digest + "-2", digest + "-3"])
        #expect(
            block.entries.map(\.identity) == [
                page.records[0].identity, page.records[1].identity, page.records[0].identity.occurrence(2),
                page.records[0].identity.occurrence(3),
            ])
    }

    @Test func `carry what is no object as it is, and say so`() throws {
        for raw in ["7", #""sid""#, "null", #"["AE1"]"#] {
            let written = try normalise(record: raw)
            #expect(written.raw == raw)
            #expect(try written.string("raw_error") == "not an object")
        }
    }

    @Test func `carry what is not valid JSON as a string`() throws {
        let broken = "{\"sid\":\"AE1\",\"event_type\":\"a.b\",\"x\":\"\n\u{1}\\q\"}"
        let written = try normalise(record: broken)
        #expect(written.id == "AE1" && written.type == "a.b")
        #expect(try written.string("raw") == broken)
        #expect(try written.string("raw_error") == "not valid JSON, carried as a string")
        let abyss = String(repeating: "[", count: 100_000) + String(repeating: "]", count: 100_000)
        #expect(try normalise(record: abyss).string("raw") == abyss)
    }

    @Test func `say that bytes were repaired`() throws {
        let body =
            Array(#"{"events":[{"sid":"AE1","x":""#.utf8) + [0xFF]
            + Array(#""},{"sid":"AE2"}],"meta":{"next_page_url":null}}"#.utf8)
        let written = try normalise(try PageParser().parse(body, as: .events))
        #expect(try written[0].string("raw_error") == "not UTF-8, repaired with U+FFFD")
        #expect(written[0].raw == "{\"sid\":\"AE1\",\"x\":\"\u{FFFD}\"}")
        #expect(try written[1].object["raw_error"] == nil)
    }

    @Test func `are one line each, even of a page with line breaks`() throws {
        let written = try normalise(
            record:
                "{\n  \"sid\" : \"AE1\",\r\n\t\"event_type\": \"a.b\",\n  \"x\": \"two  blanks\\n\",\n  \"y\": [ 1,\n 2 ]\n}"
        )
        #expect(written.raw == #"{"sid":"AE1","event_type":"a.b","x":"two  blanks\n","y":[1,2]}"#)
        #expect(!written.line.contains("\n"))
        #expect(try normalise(record: #"{ "sid" : "AE1" }"#).raw == #"{ "sid" : "AE1" }"#)
    }

    @Test func `replace halves of surrogate pairs everywhere but in raw`() throws {
        let raw = #"{"sid":"NO1","message":"\ud83d\ude00 \ud83d cut \\ud83d","date_created":"2014-10-03T16:48:25Z"}"#
        let written = try normalise(record: raw, as: .logs)
        #expect(written.raw == raw)
        #expect(written.line.contains(#""message":"\ud83d\ude00 \ufffd cut \\ud83d","#))
    }

    @Test func `keep a log's message whole`() throws {
        let message = String(repeating: "0123456789", count: 2000)
        let written = try normalise(record: #"{"sid":"NO1","message":"\#(message)"}"#, as: .logs)
        #expect(try written.string("message") == message)
        #expect(
            try normalise(record: #"{"message":{"a": [1, "b"]}}"#, as: .logs).string("message") == #"{"a":[1,"b"]}"#)
    }

    @Test func `shorten what is too long to be a name, and count it`() throws {
        let long = String(repeating: "€", count: 2000)
        let written = try normalise(record: #"{"sid":"AE1","event_type":"\#(long)","resource_sid":"\#(long)"}"#)
        #expect(written.type == String(long.prefix(1365)))
        #expect(try written.object["shortened"] as? [String: Int] == ["values": 2])
    }

    @Test(arguments: [
        ("error", Severity.error), ("warn", .warning), ("warning", .warning), ("WARN", .warning), ("INFO", .info),
        ("debug", .debug), ("fatal", .info), ("", .info), ("\\u0065rror", .info),
    ])
    func `know the levels of logs in every spelling`(level: String, severity: Severity) throws {
        let written = try normalise(record: #"{"sid":"NO1","level":"\#(level)"}"#, as: .logs)
        #expect(written.entry.severity == severity)
        #expect(try written.string("severity") == severity.name)
    }

    @Test func `escape the account's label and the host`() throws {
        let context = RecordContext(
            account: "a\"b\n", accountSID: "AC1", dataset: .monitorEvents, collected: collected, lane: .live)
        var block = EnvelopeBlock()
        let page = try PageParser().parse(Array(list(["{}"]).utf8), as: .events)
        Normaliser(collector: "h\\", version: "1").append(page[0], context: context, to: &block)
        let envelope = try JSONSerialization.jsonObject(with: Data(block.bytes)) as? [String: Any]
        #expect(envelope?["account"] as? String == "a\"b\n")
        #expect(envelope?["collector"] as? [String: String] == ["host": "h\\", "version": "1"])
    }
}
