extension String {
    /// For messages: control and bidirectional characters made visible, cut to 80 characters.
    var shownSafely: String { shown(atMost: 80) }

    /// The same for paths, which are of no use in part.
    var shownAsPath: String { shown(atMost: 4_096) }

    private func shown(atMost limit: Int) -> String {
        var shown = ""
        var count = 0
        for scalar in unicodeScalars {
            if count == limit { return shown + "…" }
            count += 1
            if scalar.isHarmlessOnATerminal {
                shown.unicodeScalars.append(scalar)
            } else {
                shown += "\\u{\(String(scalar.value, radix: 16))}"
            }
        }
        return shown
    }

    var quoted: String { "\"\(shownSafely)\"" }

    /// No control characters: nothing that could break a line, a header or a terminal.
    var isPlainText: Bool {
        unicodeScalars.allSatisfy(\.isHarmlessOnATerminal)
    }

    var isVisibleASCII: Bool { utf8.allSatisfy { (0x21...0x7E).contains($0) } }
}

extension Double {
    /// Without a fraction where there is none: `4`, not `4.0`.
    var shown: String { Int(exactly: self).map(String.init) ?? "\(self)" }
}

extension Unicode.Scalar {
    fileprivate var isHarmlessOnATerminal: Bool {
        switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned, .privateUse: false
        default: true
        }
    }
}
