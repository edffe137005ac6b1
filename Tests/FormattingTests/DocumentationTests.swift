import Formatting
import Foundation
import PipelineCore
import Testing

/// The record that the page about formats shows in each of them.
func documented() throws -> SpooledRecord {
    try Records.event([
        "event_type": "user.updated", "resource_type": "user", "resource_sid": "US0000000000000000000000000000000b",
        "event_data": [
            "resource_properties": ["email_address": ["previous": "old@example.com", "updated": "new@example.com"]]
        ],
    ])
}

struct DocumentationTests {
    private static func page() throws -> String {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return try String(
            contentsOf: root.appending(path: "Sources/twilship/Documentation.docc/Formats.md"), encoding: .utf8)
    }

    /// What stands between fences of a kind, each block with its lines joined by blanks.
    private static func blocks(_ kind: String) throws -> [String] {
        let parts = try page().components(separatedBy: "```")
        try #require(parts.count.isMultiple(of: 2) == false)
        // Every second part is a block, and begins with its kind.
        return stride(from: 1, to: parts.count, by: 2).compactMap { index in
            let lines = parts[index].components(separatedBy: "\n")
            guard lines.first == kind else { return nil }
            return lines.dropFirst().filter { !$0.isEmpty }.joined(separator: " ")
        }
    }

    @Test func `the examples are what comes out`() throws {
        let record = try documented()
        var redacting = RecordFormat.envelope(raw: .none)
        redacting.redaction = [.email]
        let formats = [RecordFormat.envelope(raw: .none), .ecs(raw: .none), .ocsf(raw: .none), redacting]
        let examples = try Self.blocks("json")
        try #require(examples.count == formats.count)
        for (format, example) in zip(formats, examples) {
            let written = try object(format.line(record)) as NSDictionary
            #expect(written == (try object(example)) as NSDictionary)
        }
        #expect(try Self.blocks("") == [RecordFormat.cef.line(record)])
    }

    @Test func `the table of severities is the one in use`() throws {
        let rows = try Self.page().matches(of: #/\| (?<name>[a-z]+) \| (?<syslog>\d) \| (?<ocsf>\d) \| (?<cef>\d+) \|/#)
        #expect(rows.map { String($0.name) } == ["debug", "info", "notice", "warning", "error", "critical", "alert"])
        let made = try Records.log(["message": "m"])
        for row in rows {
            var entry = made.entry
            entry.severity = try #require(Severity(name: row.name))
            let record = SpooledRecord(sequence: 1, origin: made.origin, bytes: made.bytes, entry: entry)
            let ecs = try object(RecordFormat.ecs().line(record))["event"] as? [String: Any]
            #expect(ecs?["severity"] as? Int == Int(row.syslog))
            let ocsf = try object(RecordFormat.ocsf().line(record))
            #expect(ocsf["severity_id"] as? Int == Int(row.ocsf))
            #expect(try CEFLine(RecordFormat.cef.line(record)).header[6] == row.cef)
        }
    }
}
