/// Figures as lines of text.
enum Table {
    private static let widths = [10, 26, 10, 8, 11, 8, 9]

    static let head = line(["part", "what", "records", "CPU µs", "records/s", "peak MB", "other µs"])

    static func line(_ figure: Figure) -> String {
        let cells = [
            figure.part.rawValue, figure.name, figure.records.map(String.init) ?? "", number(figure.cpuMicroseconds, 2),
            number(figure.recordsPerSecond, 0), number(figure.peakBytes.map { Double($0) / 1e6 }, 1),
            number(figure.otherMicroseconds, 2),
        ]
        let other = figure.other.sorted { $0.key < $1.key }.map { "\($0.key) \(number($0.value, 3))" }
        return line(cells) + (other.isEmpty ? "" : "  " + other.joined(separator: ", "))
    }

    /// How many times an earlier run's figure this one is.
    static func ratios(_ figure: Figure, to earlier: Figure) -> String {
        func ratio(_ value: Double?, _ before: Double?) -> String {
            guard let value, let before, before > 0 else { return "" }
            return "×" + number(value / before, 2)
        }
        let other = figure.other.sorted { $0.key < $1.key }.compactMap { key, value in
            let text = ratio(value, earlier.other[key])
            return text.isEmpty ? nil : "\(key) \(text)"
        }
        return line([
            "", "  to the earlier run", "", ratio(figure.cpuMicroseconds, earlier.cpuMicroseconds),
            ratio(figure.recordsPerSecond, earlier.recordsPerSecond),
            ratio(figure.peakBytes.map(Double.init), earlier.peakBytes.map(Double.init)),
            ratio(figure.otherMicroseconds, earlier.otherMicroseconds),
        ]) + (other.isEmpty ? "" : "  " + other.joined(separator: ", "))
    }

    private static func line(_ cells: [String]) -> String {
        zip(cells, widths).enumerated().map { index, cell in
            let padding = String(repeating: " ", count: max(0, cell.1 - cell.0.count))
            return index < 2 ? cell.0 + padding : padding + cell.0
        }.joined(separator: " ")
    }

    private static func number(_ value: Double?, _ digits: Int) -> String {
        guard let value else { return "" }
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        let rounded = (value * scale).rounded() / scale
        return digits == 0 ? "\(Int(rounded))" : "\(rounded)"
    }
}
