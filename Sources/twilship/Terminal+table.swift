import Foundation
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
            let names = shortened(cells.map { $0.first ?? "" }, to: widths[0])
            for row in cells.indices where !cells[row].isEmpty { cells[row][0] = names[row] }
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

    /// The same of several names; those that would look alike show where they begin to differ.
    static func shortened(_ texts: [String], to length: Int) -> [String] {
        var short = texts.map { shortened($0, to: length) }
        for (look, rows) in Dictionary(grouping: short.indices, by: { short[$0] }) where look.contains("…") {
            let whole = Set(rows.map { texts[$0] })
            guard whole.count > 1, let first = whole.first else { continue }
            let common = whole.reduce(first) { $0.commonPrefix(with: $1) }.count
            for row in rows {
                // A third says whose it is, the rest begins a little before the difference.
                let head = length / 3
                let tail = texts[row].dropFirst(max(head, common - 2))
                let room = length - head - 1
                short[row] =
                    texts[row].prefix(head) + "…" + (tail.count > room ? tail.prefix(room - 1) + "…" : tail)
            }
        }
        return short
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
