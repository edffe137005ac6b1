extension String {
    /// This text with nothing in it that a terminal obeys: control characters as `\x1b`, marks that reorder or break text as `\u202e`.
    ///
    /// What functions log and what actors are named can be an attacker's words.
    package var terminalSafe: String {
        guard unicodeScalars.contains(where: \.isUnsafeOnTerminal) else { return self }
        var safe = ""
        for scalar in unicodeScalars {
            if scalar.isUnsafeOnTerminal {
                safe += scalar.value < 0x80 ? "\\x" + hex(scalar, digits: 2) : "\\u" + hex(scalar, digits: 4)
            } else {
                safe.unicodeScalars.append(scalar)
            }
        }
        return safe
    }

    /// The same for JSON, which stays the same JSON: such characters occur within strings only, and become `\u001b`.
    /// Ends of lines between its tokens stay.
    package var jsonTerminalSafe: String {
        guard unicodeScalars.contains(where: { $0.isUnsafeOnTerminal && $0 != "\n" }) else { return self }
        var safe = ""
        for scalar in unicodeScalars {
            if scalar.isUnsafeOnTerminal, scalar != "\n" {
                safe += "\\u" + hex(scalar, digits: 4)
            } else {
                safe.unicodeScalars.append(scalar)
            }
        }
        return safe
    }

    /// At most `bytes` bytes of this text, cut between characters, and then with a mark that says how long it was.
    func shortened(toBytes bytes: Int) -> String {
        guard utf8.count > bytes else { return self }
        var end = utf8.index(startIndex, offsetBy: bytes)
        while end.samePosition(in: unicodeScalars) == nil { end = utf8.index(before: end) }
        return "\(self[..<end])… (\(utf8.count) bytes)"
    }
}

extension Unicode.Scalar {
    /// C0 and C1 controls and DEL, line and paragraph separators, and the bidirectional marks (Unicode TR 9).
    var isUnsafeOnTerminal: Bool {
        switch value {
        case 0x00...0x1F, 0x7F...0x9F, 0x061C, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069: true
        default: false
        }
    }
}

func hex(_ scalar: Unicode.Scalar, digits: Int) -> String {
    let text = String(scalar.value, radix: 16)
    return String(repeating: "0", count: max(0, digits - text.count)) + text
}
