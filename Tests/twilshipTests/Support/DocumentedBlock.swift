import Foundation

/// A block of a page or manual that can be tried: what stands between fences of Markdown, or `.nf` and `.fi` of a manual.
///
/// `toml` is a configuration. Of `sh` every line is a command, of `console` those behind `$ `. Other blocks show
/// something and are not tried.
struct DocumentedBlock {
    /// File and line of its first line.
    let place: String
    /// What stands behind the fence; of manuals `ini`, `toml` or `sh`, by what it begins with.
    let kind: String
    let lines: [String]

    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    static func pages() throws -> [URL] {
        let folder = root.appending(path: "Sources/twilship/Documentation.docc")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".md") }
        return [root.appending(path: "README.md")] + names.sorted().map { folder.appending(path: $0) }
    }

    static func manuals() throws -> [URL] {
        let folder = root.appending(path: "packaging/man")
        return try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
            .map { folder.appending(path: $0) }
    }

    static func all() throws -> [DocumentedBlock] {
        try pages().flatMap { try blocks(ofPage: $0) } + manuals().flatMap { try blocks(ofManual: $0) }
    }

    private static func blocks(ofPage page: URL) throws -> [DocumentedBlock] {
        var found: [DocumentedBlock] = []
        var open: (line: Int, kind: String, indent: Int, lines: [String])?
        let lines = try String(contentsOf: page, encoding: .utf8).components(separatedBy: "\n")
        for (number, line) in lines.enumerated() {
            let bare = line.drop { $0 == " " }
            if let block = open {
                if bare == "```" {
                    let place = "\(page.lastPathComponent):\(block.line)"
                    found.append(DocumentedBlock(place: place, kind: block.kind, lines: block.lines))
                    open = nil
                } else {
                    // A block in a list is indented as the list is.
                    open?.lines.append(String(line.dropFirst(min(block.indent, line.count - bare.count))))
                }
            } else if bare.hasPrefix("```") {
                open = (number + 2, String(bare.dropFirst(3)), line.count - bare.count, [])
            }
        }
        return found
    }

    private static func blocks(ofManual manual: URL) throws -> [DocumentedBlock] {
        var found: [DocumentedBlock] = []
        var open: (line: Int, lines: [String])?
        for (number, line) in try text(ofManual: manual).components(separatedBy: "\n").enumerated() {
            switch line {
            case ".nf": open = (number + 2, [])
            case ".fi":
                guard let block = open else { continue }
                let first = block.lines.first ?? ""
                let kind = first == "[Service]" ? "ini" : first.hasPrefix("[") ? "toml" : "sh"
                let place = "\(manual.lastPathComponent):\(block.line)"
                found.append(DocumentedBlock(place: place, kind: kind, lines: block.lines))
                open = nil
            default: open?.lines.append(line)
            }
        }
        return found
    }

    /// A manual with roff's escapes as the characters they stand for.
    static func text(ofManual manual: URL) throws -> String {
        try String(contentsOf: manual, encoding: .utf8)
            .replacing("\\%", with: "").replacing("\\-", with: "-").replacing("\\(dq", with: "\"")
            .replacing("\\(aq", with: "'").replacing("\\e", with: "\\").replacing("\\ ", with: " ")
    }
}

extension DocumentedBlock {
    /// The block as a whole configuration: one that shows tables of an account or a sink only gets the other, and keys
    /// of `[account.events]` or `[sink.filter]` and the like the account or sink they belong to.
    var configuration: String {
        let account = """
            [[account]]
            name = "production"
            account_sid = "AC0123456789abcdef0123456789abcdef"
            secret = "env:TWILIO_SECRET"
            """
        let sink = """
            [[sink]]
            name = "archive"
            type = "file"
            path = "/var/log/twilship/{account}/{dataset}.jsonl"
            """
        func has(_ prefix: String) -> Bool { lines.contains { $0.hasPrefix(prefix) } }
        // Keys of no table stand before the first one.
        let firstTable = lines.firstIndex { $0.hasPrefix("[") } ?? lines.endIndex
        var parts = [lines[..<firstTable].joined(separator: "\n")]
        if !has("[[account]]"), has("[account.") { parts.append(account) }
        if !has("[[sink]]"), has("[sink.") { parts.append(sink) }
        parts.append(lines[firstTable...].joined(separator: "\n"))
        if !has("[[account]]"), !has("[account.") { parts.append(account) }
        if !has("[[sink]]"), !has("[sink.") { parts.append(sink) }
        return parts.joined(separator: "\n")
    }

    /// The command lines of the block, each as its words: `sudo`, variables before the command, and what follows a pipe
    /// or a redirection are left out. A substitution stands for a record's id.
    var commands: [[String]] {
        switch kind {
        case "sh": joined(lines).map(Self.words)
        case "console": joined(lines.filter { $0.hasPrefix("$ ") }.map { String($0.dropFirst(2)) }).map(Self.words)
        default: []
        }
    }

    /// Lines that end with a backslash go on in the next one.
    private func joined(_ lines: [String]) -> [String] {
        lines.joined(separator: "\n").replacing("\\\n", with: " ").components(separatedBy: "\n")
    }

    private static func words(_ line: String) -> [String] {
        let line = line.replacing(#/"?\$\(.*\)"?/#, with: "AE0123456789abcdef0123456789abcdef")
        var words: [String] = []
        var word: String?
        var quote: Character?
        scanning: for character in line {
            if let open = quote {
                if character == open { quote = nil } else { word?.append(character) }
                continue
            }
            switch character {
            case "'", "\"":
                quote = character
                word = word ?? ""
            case " ":
                if let word { words.append(word) }
                word = nil
            case "#" where word == nil: break scanning
            case "|", ">", "<", ";", "&": break scanning
            default: word = (word ?? "") + String(character)
            }
        }
        if let word { words.append(word) }
        let ofSudo: Set = ["sudo", "-u", "twilship", "time"]
        if words.first == "sudo", let command = words.dropFirst().firstIndex(where: { !ofSudo.contains($0) }) {
            // `sudo -u twilship twilship …`: the last of them is the command.
            let isItself = words[..<command].filter { $0 == "twilship" }.count > 1
            words = Array(words[(isItself ? command - 1 : command)...])
        }
        return Array(words.drop { $0.firstMatch(of: #/^[A-Z_0-9]+=/#) != nil })
    }
}
