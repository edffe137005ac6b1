import Foundation
import Simulating
import Testing

@testable import twilship

/// The page of `--json` against what the real program prints.
@Suite(.serialized) struct JSONPageTests {
    private struct Key {
        let type: String
        let isOptional: Bool
    }

    /// The tables of the page, by path, under the heading of their command.
    private static func tables() throws -> [String: [String: Key]] {
        let page = DocumentedBlock.root.appending(path: "Sources/twilship/Documentation.docc/JSON.md")
        var tables: [String: [String: Key]] = [:]
        var headings: [String] = []
        for line in try String(contentsOf: page, encoding: .utf8).components(separatedBy: "\n") {
            if line.hasPrefix("## ") {
                headings = line.matches(of: #/`(?<command>[^`]+)`/#).map { String($0.output.command) }
            } else if let row = line.wholeMatch(of: #/\| `(?<path>[^`]+)` \| (?<type>[a-z]+)(?<mark>\??) \| .*\|/#) {
                let key = Key(type: String(row.output.type), isOptional: !row.output.mark.isEmpty)
                for heading in headings {
                    #expect(tables[heading]?[String(row.output.path)] == nil, "\(heading): \(row.output.path) twice")
                    tables[heading, default: [:]][String(row.output.path)] = key
                }
            } else if line.hasPrefix("| `") {
                Issue.record("JSON.md: this row has no type that can be read: \(line)")
            }
        }
        return tables
    }

    /// Compares what was printed with a table.
    private struct Comparison {
        let command: String
        let table: [String: Key]
        private(set) var seen: Set<String> = []

        init(_ command: String, _ table: [String: Key]) {
            self.command = command
            self.table = table
        }

        mutating func look(_ value: Any, at path: String = "") {
            if let list = value as? [Any] {
                for element in list { look(element, at: path + "[]") }
            } else if let object = value as? [String: Any] {
                let isMap = table[path + ".*"] != nil
                for (key, inner) in object {
                    let full = (path.isEmpty ? "" : path + ".") + (isMap ? "*" : key)
                    seen.insert(full)
                    guard let documented = table[full] else {
                        Issue.record("\(command) prints \(full), of which JSON.md has nothing")
                        continue
                    }
                    #expect(Self.is(inner, documented.type), "\(command): \(full) is no \(documented.type): \(inner)")
                    look(inner, at: full)
                }
                guard !isMap else { return }
                for (full, key) in table where !key.isOptional && Self.parent(of: full) == path {
                    let name = full.split(separator: ".").last.map(String.init) ?? full
                    #expect(object[name] != nil, "\(command) does not print \(full), which JSON.md says it always does")
                }
            }
        }

        private static func parent(of path: String) -> String {
            path.lastIndex(of: ".").map { String(path[..<$0]) } ?? ""
        }

        private static func `is`(_ value: Any, _ type: String) -> Bool {
            switch type {
            case "text": value is String
            case "time":
                (value as? String)?.wholeMatch(of: #/[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{3}Z/#) != nil
            case "number": value as? Int64 != nil
            case "decimal": value as? Double != nil
            case "boolean": value as? Bool != nil
            case "list": value is [Any]
            case "object": value is [String: Any]
            default: false
            }
        }
    }

    private static func options() -> SimulatorOptions {
        var options = SimulatorOptions()
        options.history = 300
        options.requestsPerSecond = 0
        return options
    }

    @Test func `what commands print is what the page says, and the page says nothing that no command prints`()
        async throws
    {
        let tables = try Self.tables()
        var comparisons = Dictionary(uniqueKeysWithValues: tables.map { ($0, Comparison($0, $1)) })
        func look(_ heading: String, _ outcome: Outcome, code: Int32 = 0) throws {
            #expect(outcome.code == code, "\(heading): \(outcome.complaints)")
            try #require(comparisons[heading] != nil, "JSON.md has no heading for \(heading)")
            // One value, or one a line.
            if let whole = try? JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) {
                comparisons[heading]?.look(whole)
                return
            }
            for line in outcome.output.split(separator: "\n") {
                comparisons[heading]?.look(try JSONSerialization.jsonObject(with: Data(line.utf8)))
            }
        }
        try await Workshop.with(Self.options()) { workshop in
            try workshop.configure(accounts: ["production"], collections: Workshop.quickEventsAndLogs)
            #expect(try await workshop.run("run", "--once").code == 0)
            try await workshop.refuse(2, by: "second", reason: "400 no")
            #expect(try await workshop.run("replay", "--sink", "archive", "--from", "30d").code == 0)
            #expect(try await workshop.run("replay", "--sink", "second", "--from", "30d").code == 0)
            #expect(try await workshop.run("replay", "--cancel", "2").code == 0)
            try look("status --json", try await workshop.run("status", "--json"))
            try look("checkpoint list --json", try await workshop.run("checkpoint", "list", "--json"))
            let letters = try await workshop.run("dead-letters", "list", "--json")
            try look("dead-letters list --json", letters)
            #expect(try await workshop.run("dead-letters", "replay", "1").code == 0)
            try look("dead-letters show --json", try await workshop.run("dead-letters", "show", "1", "--json"))
            try look("replay --list --json", try await workshop.run("replay", "--list", "--json"))
            try look("spool list --json", try await workshop.run("spool", "list", "--json"))
            for id in try workshop.idsOfSecondSink().suffix(1) + Self.ids(ofDeadLetters: letters) {
                try look("explain --json", try await workshop.run("explain", id, "--json"))
            }
            try look("audit --json", try await workshop.run("audit", "--from", "1h", "--json"))

            try await workshop.withService { _ in
                try await eventually("the service has said how it stands") {
                    let status = try await workshop.run("status", "--json").output
                    let report = try JSONSerialization.jsonObject(with: Data(status.utf8)) as? [String: Any]
                    return (report?["rates"] as? [Any])?.isEmpty == false
                }
                try look("status --json", try await workshop.run("status", "--json"))
                try look("replay --list --json", try await workshop.run("replay", "--list", "--json"))
            }
            // The last, since it spoils the spool.
            let segments = try await workshop.run("spool", "list", "--json").output.split(separator: "\n").map {
                try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
            }
            let path = try #require(segments.first??["path"] as? String)
            let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
            try file.seek(toOffset: 100)
            try file.write(contentsOf: Data(repeating: 0x5A, count: 10))
            try file.close()
            try look("spool verify --json", try await workshop.run("spool", "verify", "--json"), code: 1)
        }
        for (heading, comparison) in comparisons.sorted(by: { $0.key < $1.key }) {
            #expect(!comparison.seen.isEmpty, "\(heading) was not run")
        }
    }

    private static func ids(ofDeadLetters letters: Outcome) throws -> [String] {
        try letters.output.split(separator: "\n").compactMap {
            try (JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])?["record_id"] as? String
        }
    }

    /// What comes only in rare states cannot all be had from a run: that it exists at all is seen in the source.
    @Test func `every key of the page is one that the program knows`() throws {
        let folder = DocumentedBlock.root.appending(path: "Sources/twilship")
        var source = ""
        let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
        while let file = files?.nextObject() as? URL {
            if file.pathExtension == "swift" { source += try String(contentsOf: file, encoding: .utf8) }
        }
        var tried = 0
        for (heading, table) in try Self.tables() {
            for path in table.keys where !path.hasSuffix("*") {
                let words = path.split(separator: ".").last?.split(separator: "_").map(String.init) ?? []
                let name = words.prefix(1).joined() + words.dropFirst().map(\.capitalized).joined()
                #expect(
                    source.contains("let \(name): ") || source.contains("var \(name): "),
                    "\(heading): nothing is called \(name), so there is no \(path)")
                tried += 1
            }
        }
        #expect(tried > 150)
    }

    @Test func `every command with --json has a heading in the page`() throws {
        let headings = Set(try Self.tables().keys)
        // These print records, not something of ours.
        let records: Set = ["tail", "fetch"]
        for (name, help) in DocumentationTests.helpTexts() where help.contains("  --json") {
            if records.contains(name) { continue }
            #expect(
                headings.contains("\(name) --json") || headings.contains("\(name) --list --json"),
                "JSON.md says nothing of twilship \(name) --json")
        }
    }
}
