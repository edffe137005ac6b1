/// A file sink's path with the places where a record's own values go: `/var/log/twilship/{account}/{dataset}.jsonl`.
package struct PathTemplate: Sendable, Hashable, CustomStringConvertible {
    package enum Placeholder: String, Sendable, CaseIterable {
        case account
        case accountSID = "account_sid"
        case dataset
        case date
    }

    package enum Part: Sendable, Hashable {
        case text(String)
        case placeholder(Placeholder)
    }

    package let parts: [Part]

    /// Why a text is no path, as the end of a sentence.
    struct Malformed: Error { let reason: String }

    init(parts: [Part]) { self.parts = parts }

    init(parsing text: String) throws(Malformed) {
        if !text.hasPrefix("/") { throw Malformed(reason: "must be an absolute path, beginning with /") }
        if text.hasSuffix("/") { throw Malformed(reason: "must be a file, not a directory; it ends in /") }
        if text.utf8.count > 1024 { throw Malformed(reason: "is longer than 1024 bytes") }
        let components = text.split(separator: "/")
        if components.contains(where: { $0 == "." || $0 == ".." }) {
            throw Malformed(reason: "must not contain . or .. as a part")
        }
        // Values fill the placeholders, and rotation appends to the name; Linux takes 255 bytes.
        if components.contains(where: { $0.utf8.count > 160 }) {
            throw Malformed(reason: "has a part that is too long")
        }
        var parts: [Part] = []
        var rest = Substring(text)
        while let open = rest.firstIndex(where: { $0 == "{" || $0 == "}" }) {
            guard rest[open] == "{", let close = rest[open...].firstIndex(of: "}") else {
                throw Malformed(reason: "has a brace without its partner")
            }
            if open > rest.startIndex { parts.append(.text(String(rest[..<open]))) }
            let name = String(rest[rest.index(after: open)..<close])
            guard let placeholder = Placeholder(rawValue: name) else {
                let known = Placeholder.allCases.map(\.rawValue)
                let listed = known.map { "{\($0)}" }.joined(separator: " ")
                let advice = Suggestion.nearest(to: name, among: known).map { "; did you mean {\($0)}?" } ?? ""
                throw Malformed(
                    reason: "has the unknown placeholder {\(name.shownSafely)}; there are \(listed)\(advice)")
            }
            parts.append(.placeholder(placeholder))
            rest = rest[rest.index(after: close)...]
        }
        if !rest.isEmpty { parts.append(.text(String(rest))) }
        self.parts = parts
    }

    package var description: String {
        parts.map { part in
            switch part {
            case .text(let text): text
            case .placeholder(let placeholder): "{\(placeholder.rawValue)}"
            }
        }.joined()
    }
}
