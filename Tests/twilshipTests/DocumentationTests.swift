import ArgumentParser
import Foundation
import Testing

@testable import Settings
@testable import twilio_simulator
@testable import twilship

@Suite struct DocumentationTests {
    @Test func `every configuration in the documentation is accepted`() async throws {
        let blocks = try DocumentedBlock.all().filter { $0.kind == "toml" }
        #expect(blocks.count >= 20)
        let folder = NSTemporaryDirectory() + "twilship-pages-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for (number, block) in blocks.enumerated() {
            let text = block.configuration
            // What the secrets refer to is there, whatever a page calls it.
            var environment = ["CREDENTIALS_DIRECTORY": folder]
            for match in text.matches(of: #/"env:(?<name>\w+)"/#) { environment[String(match.name)] = "x" }
            for match in text.matches(of: #/"credential:(?<name>[\w-]+)"/#) {
                let made = FileManager.default.createFile(
                    atPath: "\(folder)/\(match.name)", contents: Data("x".utf8), attributes: [.posixPermissions: 0o600])
                try #require(made)
            }
            let path = "\(folder)/\(number).toml"
            try Data(text.utf8).write(to: URL(fileURLWithPath: path))
            let outcome = try await Program(["check", "--config", path], environment: environment).outcome()
            #expect(outcome.code == 0, "\(block.place): \(outcome.complaints)\n\(text)")
        }
    }

    @Test func `every command in the documentation is one that the programs take`() throws {
        var tried = 0
        for block in try DocumentedBlock.all() {
            for words in block.commands {
                guard let program = words.first else { continue }
                let arguments = Array(words.dropFirst())
                do {
                    switch program {
                    case "twilship": _ = try Twilship.parseAsRoot(arguments)
                    case "twilio-simulator": _ = try TwilioSimulator.parseAsRoot(arguments)
                    case _ where program.hasPrefix("packaging/"): try Self.look(for: program, arguments)
                    default: continue
                    }
                    tried += 1
                } catch {
                    // Asking for help or the version is an error of the parser, with exit code 0.
                    let isMistake = Twilship.exitCode(for: error) != .success
                    #expect(!isMistake, "\(block.place): \(words): \(Twilship.message(for: error))")
                }
            }
        }
        #expect(tried > 60)
    }

    /// A script is there, and its help names the options.
    private static func look(for script: String, _ arguments: [String]) throws {
        let text = try String(contentsOf: DocumentedBlock.root.appending(path: script), encoding: .utf8)
        for option in arguments where option.hasPrefix("--") {
            #expect(text.contains("#   \(option)"), "\(script) has no \(option)")
        }
    }

    /// What is not labelled is taken for output, and would not be tried.
    @Test func `no command hides in a block that is not labelled`() throws {
        for block in try DocumentedBlock.all() where block.kind.isEmpty {
            for line in block.lines where line.hasPrefix("twilship ") || line.hasPrefix("packaging/") {
                Issue.record("\(block.place): label this block with sh or console: \(line)")
            }
        }
    }

    /// Of each command that has none below it, by its name.
    static func helpTexts() -> [String: String] {
        var texts: [String: String] = [:]
        func look(_ path: [String], _ command: any ParsableCommand.Type) {
            let inner = command.configuration.subcommands
            for one in inner { look(path + [one._commandName], one) }
            if inner.isEmpty {
                texts[path.joined(separator: " ")] = Twilship.helpMessage(for: command, columns: 200)
            }
        }
        look([], Twilship.self)
        return texts
    }

    @Test func `every option in text and manuals is one of the command it stands behind`() throws {
        var commands: [String: String] = [:]
        // A group of commands has what any of its commands has.
        func collect(_ path: [String], _ command: any ParsableCommand.Type) -> String {
            var help = Twilship.helpMessage(for: command, columns: 200)
            for inner in command.configuration.subcommands {
                for name in [inner._commandName] + inner.configuration.aliases {
                    help += collect(path + [name], inner)
                }
            }
            commands[path.joined(separator: " ")] = help
            return help
        }
        _ = collect([], Twilship.self)
        var tried = 0
        func look(_ text: String, _ place: String) {
            let words = text.split(whereSeparator: { " \n[]|{}".contains($0) }).map(String.init)
            var path: [String] = []
            for word in words {
                if commands[(path + [word]).joined(separator: " ")] != nil {
                    path.append(word)
                } else if let option = word.prefixMatch(of: #/--[a-z][a-z-]+/#) {
                    let help = commands[path.joined(separator: " ")] ?? ""
                    let isThere = help.contains(option.output) || ["--version", "--help"].contains(option.output)
                    #expect(isThere, "\(place): twilship \(path.joined(separator: " ")) has no \(option.output)")
                    tried += 1
                }
            }
        }
        for page in try DocumentedBlock.pages() {
            for match in try String(contentsOf: page, encoding: .utf8).matches(of: #/`twilship (?<rest>[^`\n]+)`/#) {
                look(String(match.rest), page.lastPathComponent)
            }
        }
        // The synopsis: each command begins a line behind .br, its options stand in lines of their own.
        let manual = DocumentedBlock.root.appending(path: "packaging/man/twilship.1")
        let text = try DocumentedBlock.text(ofManual: manual)
        let synopsis = try #require(text.firstRange(of: ".SH SYNOPSIS"))
        let end = try #require(text.firstRange(of: ".SH DESCRIPTION"))
        for command in text[synopsis.upperBound..<end.lowerBound].components(separatedBy: ".br\n") {
            let words = command.components(separatedBy: "\n").map { $0.replacing(#/^\.[A-Z]+ /#, with: "") }
            // `{list | show}` stands for any of the group.
            let line = words.joined(separator: " ").replacing(#/\{ *[a-z][^}]*\}/#, with: "")
            look(line.replacing("twilship ", with: ""), "twilship.1")
        }
        #expect(tried > 40)
    }

    @Test func `every command and every option has its place in the manual`() throws {
        let manual = DocumentedBlock.root.appending(path: "packaging/man/twilship.1")
        let text = try DocumentedBlock.text(ofManual: manual)
        let begin = try #require(text.firstRange(of: ".SH COMMANDS"))
        let end = try #require(text.firstRange(of: ".SH OPTIONS"))
        // What stands under each command; groups of commands name theirs in one entry, or in an entry each.
        var sections: [(title: String, text: String)] = []
        var depth = 0
        var isTitle = false
        for line in text[begin.upperBound..<end.lowerBound].components(separatedBy: "\n") {
            if isTitle { sections.append((line, "")) }
            isTitle = line == ".TP" && depth == 0
            if line == ".RS" { depth += 1 }
            if line == ".RE" { depth -= 1 }
            if !sections.isEmpty { sections[sections.count - 1].text += line + "\n" }
        }
        let options = text[end.upperBound...]
        var tried = 0
        func look(_ path: [String], _ command: any ParsableCommand.Type) {
            let name = path.joined(separator: " ")
            for inner in command.configuration.subcommands { look(path + [inner._commandName], inner) }
            guard let first = path.first else { return }
            let own = sections.filter { section in
                let words = section.title.split { " \".".contains($0) }
                return words.dropFirst().first.map(String.init) == first
            }.map { $0.title + $0.text }.joined()
            #expect(!own.isEmpty, "twilship.1 has nothing of \(name)")
            if path.count > 1 { #expect(own.contains(path[1]), "twilship.1 has nothing of \(name)") }
            let help = Twilship.helpMessage(for: command, columns: 200)
            for line in help.components(separatedBy: "\n") {
                guard let option = line.firstMatch(of: #/^ +(-[a-z], )?(?<name>--[a-z-]+)/#)?.output.name else {
                    continue
                }
                let isThere = own.contains(option) || options.contains("\(option)") || option == "--version"
                #expect(isThere, "twilship.1 does not tell \(option) of \(name)")
                tried += 1
            }
        }
        look([], Twilship.self)
        #expect(tried > 60)
    }

    @Test func `every key of the configuration is in its manual and in the example`() throws {
        let manual = try DocumentedBlock.text(
            ofManual: DocumentedBlock.root.appending(path: "packaging/man/twilship.toml.5"))
        let example = try String(
            contentsOf: DocumentedBlock.root.appending(path: "config/twilship.toml"), encoding: .utf8)
        var tried = 0
        for (table, keys) in Schema.tables {
            for key in keys where Schema.tables["\(table).\(key)"] == nil && Schema.tables[key] == nil {
                let word = try Regex("(^|[^a-z_])\(key)($|[^a-z_])").anchorsMatchLineEndings()
                #expect(manual.contains(word), "twilship.toml.5 has nothing of \(key) in \(Schema.header(table))")
                #expect(example.contains(word), "the example has nothing of \(key) in \(Schema.header(table))")
                tried += 1
            }
        }
        #expect(tried > 100)
        for format in RecordFormat.allCases {
            #expect(manual.contains(try Regex("\\b\(format.rawValue)\\b")), "twilship.toml.5: no format \(format)")
        }
    }

    @Test func `a call of every command is shown, in its own help or in that of the program`() throws {
        let program = Twilship.helpMessage(columns: 100)
        for command in Twilship.configuration.subcommands {
            let name = command._commandName
            let help = Twilship.helpMessage(for: command, columns: 100)
            #expect(
                (help.contains("Examples:") ? help : program).contains("\n  twilship \(name)"), "no call of \(name)")
            for inner in command.configuration.subcommands {
                let call = "\n  twilship \(name) \(inner._commandName)"
                #expect(help.contains(call), "the examples of twilship \(name) have no call of \(inner._commandName)")
            }
        }
    }

    @Test func `every file that the documentation names is there`() throws {
        var links = 0
        for file in try DocumentedBlock.pages() {
            for match in try String(contentsOf: file, encoding: .utf8).matches(of: #/\]\((?<target>[^)#:]+)\)/#) {
                let target = file.deletingLastPathComponent().appending(path: String(match.target))
                #expect(
                    FileManager.default.fileExists(atPath: target.path), "\(file.lastPathComponent): \(match.target)")
                links += 1
            }
        }
        #expect(links > 10)
    }

    /// A page that nobody links is a page that nobody reads.
    @Test func `every page is in the table of contents`() throws {
        let contents = try String(
            contentsOf: DocumentedBlock.root.appending(path: "Sources/twilship/Documentation.docc/Documentation.md"),
            encoding: .utf8)
        for page in try DocumentedBlock.pages().map(\.lastPathComponent)
        where page != "README.md" && page != "Documentation.md" {
            #expect(contents.contains("](\(page))"), "\(page) is not in Documentation.md")
        }
    }
}
