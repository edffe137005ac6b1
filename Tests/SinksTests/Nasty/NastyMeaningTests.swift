import Formatting
import Foundation
import PipelineCore
import Testing

@testable import Sinks

extension RecordFormat {
    /// All five.
    static let all: [RecordFormat] = [.envelope(), .raw, .ecs(), .ocsf(), .cef]

    func lines(_ records: [SpooledRecord]) -> [String] {
        records.map { record in
            var line: [UInt8] = []
            append(record, to: &line)
            return String(decoding: line, as: UTF8.self)
        }
    }

    /// The 1,000 in this format, made once.
    func nastyLines() throws -> [String] { try Self.nasty.get()[self] ?? [] }

    private static let nasty = Result {
        let records = try NastyRecords.all().records
        return Dictionary(uniqueKeysWithValues: all.map { ($0, $0.lines(records)) })
    }
}

/// Whether what is sent means what was said. That it arrives as it was sent is tried transport by transport, below.
@Suite(.serialized) struct NastyMeaningTests {
    @Test func `they are as nasty as they are meant to be`() throws {
        let nasty = try NastyRecords.all()
        #expect(nasty.records.count == 1000 && nasty.longOnes == 2)
        let repaired = try RecordFormat.envelope().nastyLines().count { $0.contains(#""raw_error":"#) }
        #expect(repaired > 100)
    }

    @Test(arguments: RecordFormat.all)
    func `1,000 nasty messages mean in each format what was said`(format: RecordFormat) throws {
        let nasty = try NastyRecords.all()
        for (index, line) in try format.nastyLines().enumerated() {
            let record = nasty.records[index]
            let text = nasty.texts[index]
            // Neither a line nor a frame ends within it, and nothing is an order to a terminal.
            #expect(!line.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7F && format == .cef })
            if format == .cef {
                try Self.expectCEF(line, says: text, record)
                continue
            }
            let object = try Self.object(line)
            guard format != .raw else {
                try Self.expect(object[record.origin.dataset == .serverlessLogs ? "message" : "description"], text)
                continue
            }
            try Self.expectMessage(object["message"], text, record)
            let original = (object["event"] as? [String: Any])?["original"] ?? object["raw_data"]
            if let original = original as? String {
                try Self.expect(
                    try Self.object(original)[record.origin.dataset == .serverlessLogs ? "message" : "description"],
                    text)
            } else {
                #expect(object["raw"] is [String: Any])
            }
        }
    }

    @Test(arguments: RecordFormat.all)
    func `what is too long for a syslog message says the beginning of it, in the format`(format: RecordFormat) throws {
        let nasty = try NastyRecords.all()
        var shortened = 0
        for (index, record) in nasty.records.enumerated() {
            var bytes: [UInt8] = []
            guard format.append(record, to: &bytes, maximumBytes: 8192) else { continue }
            shortened += 1
            #expect(bytes.count <= 8192)
            let line = String(decoding: bytes, as: UTF8.self)
            guard format != .cef else {
                #expect(line.contains(" cn1Label=truncated"))
                continue
            }
            let message = try #require(try Self.object(line)["message"] as? String)
            let text = record.origin.dataset == .serverlessLogs ? message : Self.description(message)
            #expect(nasty.texts[index].unicodeScalars.starts(with: text.unicodeScalars.dropLast()))
            #expect(line.contains("truncated"))
        }
        #expect(shortened >= nasty.longOnes)
    }

    @Test(arguments: RecordFormat.all)
    func `a syslog message is one whatever is in it, and names the account`(format: RecordFormat) throws {
        let records = try NastyRecords.all().records
        for text in SyslogEncoder.texts(records, SyslogMessageOptions(hostname: "collector1", format: format)) {
            let message = try SyslogMessage(Array(text.utf8))
            #expect(message.parameter("account") == NastyRecords.account)
        }
    }

    // MARK: - What is expected

    private static func object(_ line: String) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any], "\(line)")
    }

    /// Byte for byte: equal Strings may differ in how they are composed.
    private static func expect(_ value: Any?, _ text: String) throws {
        #expect(Array(try #require(value as? String).utf8) == Array(text.utf8))
    }

    /// Of an event, what it says stands behind what happened.
    private static func expectMessage(_ value: Any?, _ text: String, _ record: SpooledRecord) throws {
        // Nothing to say may be left out.
        let message = value as? String ?? ""
        try expect(record.origin.dataset == .serverlessLogs ? message : description(message), text)
    }

    private static func description(_ message: String) -> String {
        message.firstRange(of: ": ").map { String(message[$0.upperBound...]) } ?? ""
    }

    /// `msg` is the last field, with a backslash before what would end it; what CEF cannot say is a blank.
    private static func expectCEF(_ line: String, says text: String, _ record: SpooledRecord) throws {
        var message = ""
        let scalars = Array(line.unicodeScalars)
        let opening = Array(" msg=".unicodeScalars)
        if let start = scalars.firstRange(of: opening)?.upperBound {
            var place = start
            while place < scalars.count {
                let isEscaped = scalars[place] == "\\"
                if isEscaped { place += 1 }
                let scalar = try #require(place < scalars.count ? scalars[place] : nil)
                #expect(isEscaped || scalar != "=")
                message.unicodeScalars.append(
                    isEscaped && scalar == "n" ? "\n" : isEscaped && scalar == "r" ? "\r" : scalar)
                place += 1
            }
        }
        let meant = String.UnicodeScalarView(
            text.unicodeScalars.map { scalar in
                let isSaid = scalar.value >= 0x20 && scalar.value != 0x7F || scalar == "\n" || scalar == "\r"
                return isSaid ? scalar : " "
            })
        try expectMessage(message, String(meant), record)
    }
}
