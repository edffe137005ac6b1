/// The beginning of what the other side said, fit for a log line and a terminal: white space run together, control,
/// formatting and unknown characters as `?`, secrets that it repeats as `[redacted]`.
struct AnswerExcerpt: CustomStringConvertible {
    /// Unicode scalars. An error in JSON says within so many what is wrong.
    static let limit = 300

    let description: String

    init(_ bytes: some Collection<UInt8>, without secrets: [String] = []) {
        // White space counts little; whole bodies of it are not worth looking through.
        var text = String(decoding: bytes.prefix(Self.limit * 64), as: UTF8.self)
        // The longest first: one may be the beginning of another.
        for secret in secrets.sorted(by: { $0.utf8.count > $1.utf8.count }) where secret.utf8.count >= 4 {
            text = text.replacing(secret, with: "[redacted]")
        }
        var shown = String.UnicodeScalarView()
        var count = 0
        for scalar in text.unicodeScalars {
            let isBlank = scalar.properties.isWhitespace
            if isBlank, shown.last == " " || shown.isEmpty { continue }
            guard count < Self.limit else {
                shown.append("…")
                break
            }
            shown.append(isBlank ? " " : Self.isPrintable(scalar) ? scalar : "?")
            count += 1
        }
        description = String(shown)
    }

    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned: false
        default: true
        }
    }
}
