import SystemdSupport

/// Tables and sentences that fit.
extension Terminal {
    /// What every terminal has room for.
    static let width = 100
    /// A first column is not made narrower than this, whatever else then does not fit.
    private static let narrowest = 12

    /// Columns under each other, two blanks between; every cell shown safely.
    /// - Parameter width: if given, the first column is shortened, each cell in its middle, so that lines are no longer.
    static func table(_ rows: [[String]], width: Int? = nil) -> [String] {
        var cells = rows.map { $0.map(\.terminalSafe) }
        let columns = cells.map(\.count).max() ?? 0
        var widths = (0..<columns).map { column in cells.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0 }
        if let width, let first = widths.first {
            let rest = widths.dropFirst().reduce(0) { $0 + $1 + 2 }
            widths[0] = min(first, max(narrowest, width - rest))
            for row in cells.indices where !cells[row].isEmpty {
                cells[row][0] = shortened(cells[row][0], to: widths[0])
            }
        }
        return cells.map { row in
            let padded = row.enumerated().map { column, cell in
                column == row.count - 1 ? cell : cell + String(repeating: " ", count: widths[column] - cell.count)
            }
            return padded.joined(separator: "  ")
        }
    }

    /// The text with its middle left out, if it is longer than `length` characters: beginning and end tell names apart.
    static func shortened(_ text: String, to length: Int) -> String {
        guard text.count > length, length > 2 else { return text }
        return text.prefix(length / 2) + "…" + text.suffix(length - length / 2 - 1)
    }

    /// A sentence in lines of at most `width` characters, all but the first indented; shown safely. A word that is
    /// longer gets a line of its own.
    static func wrapped(_ text: String, width: Int = width, indent: Int = 2) -> [String] {
        var lines: [String] = []
        for word in text.terminalSafe.split(separator: " ", omittingEmptySubsequences: false) {
            if let last = lines.last, last.count + 1 + word.count <= width {
                lines[lines.count - 1] = last + " " + word
            } else {
                lines.append((lines.isEmpty ? "" : String(repeating: " ", count: indent)) + word)
            }
        }
        return lines
    }
}
