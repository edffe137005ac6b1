/// Counts as a line of bars: `▁▁▃█▂`. Nothing is a dot, the greatest count is a whole block.
enum Sparkline {
    private static let bars = Array("▁▂▃▄▅▆▇█")

    /// - Parameter cells: how wide it is at most; neighbours are added up where there are more counts.
    static func text(_ counts: [Int], cells: Int = .max) -> String {
        let together = counts.count > cells ? (counts.count + cells - 1) / max(1, cells) : 1
        // From the newest on, so that each cell but the first stands for the same time.
        let sums = stride(from: counts.count, to: 0, by: -together).reversed().map { end in
            counts[max(0, end - together)..<end].reduce(0, +)
        }
        guard let most = sums.max(), most > 0 else { return String(repeating: "·", count: sums.count) }
        return String(
            sums.map { sum in
                sum <= 0 ? "·" : bars[min(bars.count - 1, Int((Double(sum) / Double(most) * 8).rounded(.up)) - 1)]
            })
    }
}
