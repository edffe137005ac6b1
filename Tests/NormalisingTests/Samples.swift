import Foundation
import Normalising
import Parsing
import PipelineCore
import Testing

/// Twilio's real and documented payloads, which are kept beside the project.
///
/// Looked for in `$TWILSHIP_SHARED`, else in a folder `shared` beside any folder this file is in.
enum Samples {
    static let all: [Sample] = {
        let files = folders.map { $0.appending(path: "twilio-samples/samples.jsonl") }
        guard let text = files.lazy.compactMap({ try? String(contentsOf: $0, encoding: .utf8) }).first else {
            return []
        }
        return text.split(separator: "\n").compactMap { Sample(line: String($0)) }
    }()

    static let eventTypes: [String] = {
        let files = folders.map { $0.appending(path: "twilio-event-types.tsv") }
        guard let text = files.lazy.compactMap({ try? String(contentsOf: $0, encoding: .utf8) }).first else {
            return []
        }
        return text.split(separator: "\n").filter { !$0.hasPrefix("#") }.flatMap { line in
            line.split(separator: "\t").dropFirst().flatMap { $0.split(separator: " ") }.map(String.init)
        }
    }()

    /// Says in the test's output that nothing was tested; `TWILSHIP_SHARED` names the folder.
    static let absence: Comment = "skipped: no twilio-samples folder; set TWILSHIP_SHARED to the folder it is in"

    static func named(_ name: String) throws -> Sample {
        try #require(all.first { $0.name == name })
    }

    private static var folders: [URL] {
        if let named = ProcessInfo.processInfo.environment["TWILSHIP_SHARED"] { return [URL(filePath: named)] }
        var folder = URL(filePath: #filePath)
        return (0..<8).map { _ in
            folder.deleteLastPathComponent()
            return folder.appending(path: "../shared").standardized
        }
    }
}

struct Sample: CustomTestStringConvertible {
    let name: String
    let kind: String
    /// The body as JSON, as it stands in the file.
    let body: String

    init?(line: String) {
        guard let sample = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any],
            let name = sample["name"] as? String, let kind = sample["kind"] as? String,
            let start = line.range(of: "\"body\": ")
        else { return nil }
        self.name = name
        self.kind = kind
        body = String(line[start.upperBound...].dropLast())
    }

    var testDescription: String { name }

    var shape: PageShape {
        kind.hasPrefix("log") ? .logs : kind.hasPrefix("alert") ? .alerts : .events
    }
    var isRecord: Bool { ["event", "log", "alert", "alert-instance", "event-cli-json"].contains(kind) }
    var isPage: Bool { kind == "events-list-response" || kind == "logs-list-response" }
    var page: String { isPage ? body : list([body], as: shape) }
}

func list(_ records: [String], as shape: PageShape = .events) -> String {
    "{\"\(shape.listKey)\": [" + records.joined(separator: ", ") + "], \"meta\": {\"next_page_url\": null}}"
}

/// An envelope with what its block says about it.
struct Written {
    let entry: EnvelopeBlock.Entry
    let line: String
    let raw: String
    let id: String
    let type: String

    /// The envelope as Foundation reads it.
    var object: [String: Any] {
        get throws {
            try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any], "\(line)")
        }
    }

    func string(_ key: String) throws -> String? {
        try object[key] as? String
    }

    var changes: [[String: String]] {
        get throws { try object["changes"] as? [[String: String]] ?? [] }
    }
}

let collected = Timestamp(milliseconds: 1_795_248_000_123)

func context(_ shape: PageShape, lane: Lane = .live) -> RecordContext {
    RecordContext(
        account: "production", accountSID: "AC00000000000000000000000000000001", dataset: shape.dataset,
        collected: collected, lane: lane, serviceSID: shape == .logs ? "ZSofTheStream" : nil,
        environmentSID: shape == .logs ? "ZEofTheStream" : nil)
}

/// The envelopes of a page, with its block's ranges checked: they cover all bytes, and lie within their lines.
func normalise(_ page: Page, as shape: PageShape = .events, lane: Lane = .live) throws -> [Written] {
    let normaliser = Normaliser(collector: "collector1", version: "1.0.0")
    var block = EnvelopeBlock()
    for index in page.records.indices {
        normaliser.append(page[index], context: context(shape, lane: lane), to: &block)
    }
    try #require(block.entries.count == page.records.count)
    var position = 0
    return try block.entries.map { entry in
        try #require(entry.line.lowerBound == position && block.bytes[entry.line.upperBound] == 10)
        position = entry.line.upperBound + 1
        func text(_ range: Range<Int>) throws -> String {
            try #require(entry.line.clamped(to: range) == range)
            return try #require(String(validating: block.bytes[range], as: UTF8.self))
        }
        return try Written(
            entry: entry, line: text(entry.line), raw: text(entry.raw), id: text(entry.id), type: text(entry.type))
    }
}

func normalise(_ body: String, as shape: PageShape = .events, lane: Lane = .live) throws -> [Written] {
    try normalise(try PageParser().parse(Array(body.utf8), as: shape), as: shape, lane: lane)
}

func normalise(record: String, as shape: PageShape = .events, lane: Lane = .live) throws -> Written {
    try #require(try normalise(list([record], as: shape), as: shape, lane: lane).first)
}
