import Foundation
import PipelineCore
import Testing

@Suite struct LogKindTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    @Test func `each kind is explained in the journal's catalog, and nothing else is`() throws {
        let catalog = try String(
            contentsOf: Self.root.appending(path: "packaging/systemd/twilship.catalog"), encoding: .utf8)
        let explained = catalog.split(separator: "\n").filter { $0.hasPrefix("-- ") }.map { $0.dropFirst(3) }
        #expect(explained.map(String.init).sorted() == LogKind.allCases.map(\.rawValue).sorted())
        for kind in LogKind.allCases { #expect(kind.rawValue.wholeMatch(of: #/[0-9a-f]{32}/#) != nil) }
    }

    @Test func `each entry of the catalog has a subject, and says what to do`() throws {
        let catalog = try String(
            contentsOf: Self.root.appending(path: "packaging/systemd/twilship.catalog"), encoding: .utf8)
        let entries = catalog.components(separatedBy: "\n-- ").dropFirst()
        #expect(entries.count == LogKind.allCases.count)
        for entry in entries {
            let lines = entry.split(separator: "\n", omittingEmptySubsequences: false)
            #expect(lines.dropFirst().first?.hasPrefix("Subject: ") == true, "\(entry)")
            let text = lines.drop { !$0.isEmpty }.filter { !$0.hasPrefix("#") }
            #expect(text.count { !$0.isEmpty } >= 2, "\(entry)")
            // journalctl shows it with a margin, on terminals of 80 columns and more.
            #expect(lines.allSatisfy { $0.count <= 90 }, "\(entry)")
        }
    }

    /// Calls that log something above info, to their last bracket.
    private static func calls(in text: String) -> [Substring] {
        text.matches(of: #/(?:logger|log|journal)\.(?:notice|warning|error|critical)\(/#).map { match in
            var depth = 1
            let end = text[match.range.upperBound...].firstIndex { character in
                depth += character == "(" ? 1 : character == ")" ? -1 : 0
                return depth == 0
            }
            return text[match.range.lowerBound...(end ?? text.index(before: text.endIndex))]
        }
    }

    @Test func `each line above info says its kind, and each kind is said`() throws {
        var said: Set<String> = []
        let sources = Self.root.appending(path: "Sources")
        let files = try #require(FileManager.default.enumerator(at: sources, includingPropertiesForKeys: nil))
        let ours = ["Forwarding", "Sinks", "Spooling", "TwilioSources", "Transport", "twilship", "SystemdSupport"]
        for case let file as URL in files
        where file.pathExtension == "swift" && ours.contains(where: { file.path.contains("/Sources/\($0)/") }) {
            let text = try String(contentsOf: file, encoding: .utf8)
            let mentions = text.matches(of: #/LogKind\.(\w+)/#).map { String($0.1) }
            said.formUnion(mentions)
            for call in Self.calls(in: text) where !call.contains("message_id") {
                // Its facts are gathered before.
                let isGathered = call.contains(#/metadata: [a-z]+[,)]/#) && text.contains(#/message_id|LogKind\.key/#)
                #expect(isGathered, "\(file.lastPathComponent): \(call)")
            }
        }
        let names = try String(
            contentsOf: Self.root.appending(path: "Sources/PipelineCore/LogKind.swift"), encoding: .utf8
        ).matches(of: #/case (\w+) = "/#).map { String($0.1) }
        #expect(names.count == LogKind.allCases.count)
        // Some are chosen by a function whose type says what they are.
        let chosen: Set = [
            "credentialRefused", "streamUnknown", "collectionFails", "spoolDamaged", "sinkGap", "replayMoved",
            "diskFull", "diskHasRoom", "deliveryFails",
        ]
        #expect(Set(names).subtracting(said).subtracting(chosen) == [])
    }
}
