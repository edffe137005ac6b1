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

    /// What follows a quotation and is the parser's own text.
    private static let endings = [" (dangling comma)", " is not representable in 64 bits"]

    /// A single character that was seen helps and gives nothing away; any other quotation of the file becomes `…`.
    private static func withoutQuotations(_ text: Substring) -> String {
        let ending = endings.first(where: text.hasSuffix) ?? ""
        if let saw = text.firstRange(of: "saw '") {
            let seen = text[saw.upperBound...].dropLast(ending.count + 1)
            return text[..<saw.lowerBound] + "saw " + shown(seen) + ending
        }
        guard let quotation = text.firstIndex(of: "'") else { return String(text) }
        return text[..<quotation] + "'…'" + ending
    }

    private static func shown(_ seen: Substring) -> String {
        switch seen {
        case "\\n", "\\r": "the end of the line"
        case _ where seen.unicodeScalars.count == 1: "'\(String(seen).shownSafely)'"
        default: "'…'"
        }
    }
}
