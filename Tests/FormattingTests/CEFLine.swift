import Foundation
import Testing

/// A line of the Common Event Format, read as its standard says.
struct CEFLine {
    let header: [String]
    let fields: [String: String]

    init(_ line: String) throws {
        try #require(!line.contains { $0.isNewline })
        var header: [String] = []
        var field = ""
        var rest = line[...]
        while header.count < 7, let character = rest.popFirst() {
            switch character {
            case "\\":
                let escaped = rest.popFirst() ?? "?"
                try #require(["\\", "|"].contains(escaped), "\(line)")
                field.append(escaped)
            case "|":
                header.append(field)
                field = ""
            default: field.append(character)
            }
        }
        try #require(header.count == 7, "\(line)")
        self.header = header
        fields = try Self.fields(rest)
    }

    /// A key is letters and digits between a blank and an equals sign that is not escaped.
    private static func fields(_ text: Substring) throws -> [String: String] {
        let keys = text.matches(of: #/(?:^| )(?<key>[A-Za-z0-9]+)=/#)
        try #require(keys.first?.range.lowerBound == text.startIndex)
        var fields: [String: String] = [:]
        for (index, match) in keys.enumerated() {
            let end = index + 1 < keys.count ? keys[index + 1].range.lowerBound : text.endIndex
            try #require(fields[String(match.key)] == nil, "\(match.key) twice")
            fields[String(match.key)] = try unescaped(text[match.range.upperBound..<end])
        }
        return fields
    }

    private static func unescaped(_ value: Substring) throws -> String {
        var result = ""
        var rest = value
        while let character = rest.popFirst() {
            try #require(character != "=", "\(value)")
            guard character == "\\" else {
                result.append(character)
                continue
            }
            switch rest.popFirst() ?? "?" {
            case "n": result.append("\n")
            case "r": result.append("\r")
            case let escaped where escaped == "\\" || escaped == "=": result.append(escaped)
            case let other: Issue.record("\\\(other) in \(value)")
            }
        }
        return result
    }
}
