/// Writes TOML, key by key.
package struct TOMLWriter {
    private(set) var text = ""

    mutating func table(_ path: String) { header("[\(path)]") }

    mutating func tableInArray(_ path: String) { header("[[\(path)]]") }

    private mutating func header(_ header: String) {
        if !text.isEmpty { text += "\n" }
        text += header + "\n"
    }

    mutating func key(_ key: String, _ value: String) { line(key, Self.quoted(value)) }
    mutating func key(_ key: String, _ value: Bool) { line(key, value ? "true" : "false") }
    mutating func key(_ key: String, _ value: Int) { line(key, "\(value)") }
    mutating func key(_ key: String, _ value: Duration) { line(key, Self.quoted(DurationText.text(value))) }
    mutating func key(_ key: String, size bytes: Int) { line(key, Self.quoted(ByteSize.text(bytes))) }

    mutating func key(_ key: String, _ value: Double) { line(key, value.shown) }

    mutating func key(_ key: String, _ values: [String]) {
        line(key, "[" + values.map(Self.quoted).joined(separator: ", ") + "]")
    }

    mutating func key(_ key: String, inline pairs: [(String, String)]) {
        let listed = pairs.map { "\(Self.quoted($0.0)) = \(Self.quoted($0.1))" }
        line(key, "{ " + listed.joined(separator: ", ") + " }")
    }

    private mutating func line(_ key: String, _ value: String) { text += "\(key) = \(value)\n" }

    /// A basic string: TOML 1.0 wants quotes, backslashes and control characters escaped.
    package static func quoted(_ string: String) -> String {
        var quoted = "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\u{0}"..."\u{1F}", "\u{7F}":
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
