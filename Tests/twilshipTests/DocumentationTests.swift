import Foundation
import Testing

@Suite struct DocumentationTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// Every configuration in README and pages, with where it stands.
    private static func configurations() throws -> [(place: String, text: String)] {
        let pages = root.appending(path: "Sources/twilship/Documentation.docc")
        let files = try FileManager.default.contentsOfDirectory(atPath: pages.path).filter { $0.hasSuffix(".md") }
            .sorted()
        var found: [(place: String, text: String)] = []
        for file in [root.appending(path: "README.md")] + files.map({ pages.appending(path: $0) }) {
            let lines = try String(contentsOf: file, encoding: .utf8).components(separatedBy: "\n")
            var block: [String]?
            for (number, line) in lines.enumerated() {
                let bare = line.trimmingCharacters(in: .whitespaces)
                if bare == "```toml" {
                    block = []
                } else if bare == "```", let text = block {
                    found.append(("\(file.lastPathComponent):\(number + 1 - text.count)", text.joined(separator: "\n")))
                    block = nil
                } else {
                    block?.append(line)
                }
            }
        }
        return found
    }

    @Test func `every configuration in the documentation is accepted`() async throws {
        let configurations = try Self.configurations()
        #expect(configurations.count >= 5)
        let credentials = NSTemporaryDirectory() + "twilship-page-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: credentials, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: credentials) }
        for name in ["webhook", "sign", "hec", "elastic"] {
            let made = FileManager.default.createFile(
                atPath: credentials + "/" + name, contents: Data("x".utf8), attributes: [.posixPermissions: 0o600])
            try #require(made)
        }
        for (place, text) in configurations {
            let path = NSTemporaryDirectory() + "twilship-page-" + UUID().uuidString + ".toml"
            defer { try? FileManager.default.removeItem(atPath: path) }
            try Data(text.utf8).write(to: URL(fileURLWithPath: path))
            let environment = ["TWILIO_SECRET": "x", "CREDENTIALS_DIRECTORY": credentials]
            let outcome = try await Program(["check", "--config", path], environment: environment).outcome()
            #expect(outcome.code == 0, "\(place): \(outcome.complaints)")
        }
    }

    @Test func `every file that the documentation names is there`() throws {
        let pages = Self.root.appending(path: "Sources/twilship/Documentation.docc")
        let files = try FileManager.default.contentsOfDirectory(atPath: pages.path).filter { $0.hasSuffix(".md") }
        var links = 0
        for file in [Self.root.appending(path: "README.md")] + files.map({ pages.appending(path: $0) }) {
            for match in try String(contentsOf: file, encoding: .utf8).matches(of: #/\]\((?<target>[^)#:]+)\)/#) {
                let target = file.deletingLastPathComponent().appending(path: String(match.target))
                #expect(
                    FileManager.default.fileExists(atPath: target.path), "\(file.lastPathComponent): \(match.target)")
                links += 1
            }
        }
        #expect(links > 10)
    }
}
