import Formatting
import Foundation
import PipelineCore
import Testing

struct CEFTests {
    private static let severities = [
        "debug": "0", "info": "2", "notice": "4", "warning": "5", "error": "6", "critical": "8", "alert": "10",
    ]

    @Test func `identity, time and severity survive`() throws {
        for record in try Records.ofAllKinds() {
            let envelope = try object(RecordFormat.envelope().line(record))
            let line = try CEFLine(RecordFormat.cef.line(record))
            #expect(line.header[0] == "CEF:0")
            #expect(line.header[4] == envelope["type"] as? String)
            #expect(line.header[6] == Self.severities[record.entry.severity.name])
            #expect(line.fields["externalId"] == envelope["id"] as? String)
            #expect(line.fields["cat"] == envelope["dataset"] as? String)
            #expect(line.fields["deviceExternalId"] == Records.accountSID)
            #expect(line.fields["cs1"] == "production" && line.fields["cs1Label"] == "account")
            #expect(line.fields["rt"] == "\(record.entry.time.milliseconds)")
            #expect(line.fields["msg"] == envelope["message"] as? String)
            #expect(line.fields["dvchost"] == "collector1")
        }
    }

    @Test(.enabled(if: SharedFiles.folder != nil, SharedFiles.absence))
    func `every kind of record is a line that can be read back`() throws {
        for record in try Variety.records() {
            for text in [RecordFormat.cef.line(record), RecordFormat.cef.shortened(record, 0).line] {
                let line = try CEFLine(text)
                #expect(line.fields["externalId"] != nil)
                for key in line.fields.keys where key.wholeMatch(of: #/(cs|cn|flexString|c6a)\d/#) != nil {
                    #expect(line.fields[key + "Label"] != nil, "\(key)")
                }
            }
        }
    }

    @Test func `a header escapes bars and backslashes, and has no line ends`() throws {
        let record = try Records.event(["event_type": "odd|type\\ with\nline.ends=\u{1}"])
        let text = RecordFormat.cef.line(record)
        #expect(
            text.hasPrefix(
                #"CEF:0|Twilio|Monitor Events|1.0.0|odd\|type\\ with line.ends= |odd\|type\\ with line ends= |4|rt="#))
        #expect(try CEFLine(text).header[4] == "odd|type\\ with line.ends= ")
    }

    @Test func `values escape what would end them`() throws {
        let message = "a=b|c\\d\r\ne src=1.2.3.4 ü😀\t\u{7f}"
        let text = RecordFormat.cef.line(try Records.log(["message": message]))
        #expect(text.hasSuffix(#" msg=a\=b|c\\d\r\ne src\=1.2.3.4 ü😀  "#))
        #expect(try CEFLine(text).fields["msg"] == "a=b|c\\d\r\ne src=1.2.3.4 ü😀  ")
    }

    @Test func `who did what to whom`() throws {
        let line = try CEFLine(
            RecordFormat.cef.line(
                try Records.event(["resource_sid": "US0000000000000000000000000000000b", "resource_type": "user"])))
        #expect(line.fields["suser"] == "US0000000000000000000000000000000a")
        #expect(line.fields["suid"] == "US0000000000000000000000000000000a")
        #expect(line.fields["spriv"] == "user")
        #expect(line.fields["duid"] == "US0000000000000000000000000000000b")
        #expect(line.fields["act"] == "updated")
        #expect(line.fields["outcome"] == "success")
        #expect(line.fields["src"] == "198.51.100.20")
        #expect(line.fields["cs2"] == "user" && line.fields["cs4"] == "web")
        #expect(line.fields["cs5"] == "friendly_name: Old \"name\" -> New = näme\\")
    }

    @Test(arguments: [("2001:db8::7", "c6a2"), ("198.51.100.7", "src"), ("unknown", nil), ("1.2.3.4.5", nil)])
    func `an address goes where its kind belongs`(address: String, key: String?) throws {
        let fields = try CEFLine(RecordFormat.cef.line(try Records.event(["source_ip_address": address]))).fields
        for candidate in ["src", "c6a2"] {
            #expect(fields[candidate] == (candidate == key ? address : nil))
        }
        #expect(fields["c6a2Label"] == (key == "c6a2" ? "Source IPv6 Address" : nil))
    }

    @Test func `tags are a list, replays too`() throws {
        let record = try Records.log(lane: .late, isReplay: true)
        #expect(try CEFLine(RecordFormat.cef.line(record)).fields["cs6"] == "late,replay")
    }

    @Test(arguments: ["ü", "😀", "=", "\n", "\\", "x"])
    func `a message that is too long is cut between characters`(character: String) throws {
        let record = try Records.log(["message": String(repeating: character, count: 4000)])
        let full = RecordFormat.cef.line(record).utf8.count
        for maximum in 1500..<1510 {
            let (text, isShortened) = RecordFormat.cef.shortened(record, maximum)
            #expect(isShortened && text.utf8.count <= maximum && text.utf8.count > maximum - 4)
            let line = try CEFLine(text)
            #expect(line.fields["msg"]?.allSatisfy { String($0) == character } == true)
            #expect(line.fields["cn1"] == "\(full)" && line.fields["cn1Label"] == "truncated")
        }
    }
}
