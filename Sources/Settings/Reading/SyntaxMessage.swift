/// Turns the parser's messages into sentences of ours, without what they quote: a secret written without quotes
/// would be repeated there.
enum SyntaxMessage {
    static func sentence(for message: String) -> String {
        var text = Substring(message)
        if let prefix = text.firstRange(of: "Error while parsing ") { text = text[prefix.upperBound...] }
        if text.contains("cannot redefine existing") { return redefinition(text) }
        if text.contains("could not determine value type") {
            return "syntax error: this is no TOML value; a text needs quotes around it"
        }
        if text.hasPrefix("string"), text.contains("unescaped control characters") {
            return
                "syntax error: a control character or the end of the line within a text; is its closing quote missing?"
        }
        return "syntax error in \(withoutQuotations(text))"
    }

    /// The only quotation that is kept is a key's, if it looks like one of ours.
    private static func redefinition(_ text: Substring) -> String {
        let quoted = text.split(separator: "'", omittingEmptySubsequences: false)
        let key = quoted.count > 1 ? quoted[1].filter { $0 != "]" && $0 != " " } : ""
        let isOurs =
            !key.isEmpty && key.utf8.count <= 64
            && key.utf8.allSatisfy { (0x61...0x7A).contains($0) || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: ".") }
        let what = isOurs ? "`\(key)`" : "this key"
        if text.hasPrefix("table header") {
            return "the table \(what) was given before; write its keys together under one header"
        }
        return "\(what) was given before in this table; a key may stand only once"
    }

    /// Single characters help and give nothing away; longer quotations become `…`.
    private static func withoutQuotations(_ text: Substring) -> String {
        var parts = text.split(separator: "'", omittingEmptySubsequences: false).map(String.init)
        for index in parts.indices where index % 2 == 1 && index < parts.count - 1 {
            parts[index] = shown(parts[index])
        }
        // An odd quotation mark: what follows the last one may be text of the file.
        if parts.count.isMultiple(of: 2) { parts[parts.count - 1] = "…" }
        return parts.joined().unicodeScalars.filter { $0.properties.generalCategory != .control }
            .reduce(into: "") { $0.unicodeScalars.append($1) }
    }

    private static func shown(_ quotation: String) -> String {
        switch quotation {
        case "\\n", "\\r": "the end of the line"
        case _ where quotation.count == 1: "'\(quotation.shownSafely)'"
        default: "'…'"
        }
    }
}
