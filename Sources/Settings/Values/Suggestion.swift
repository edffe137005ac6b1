/// Finds what was probably meant.
package enum Suggestion {
    /// Longer words are not compared: the distance takes time in the square of the length.
    private static let maximumLength = 64

    /// The known word nearest to `word`, if it is near enough to be a slip: one edit in short words, a third of the
    /// letters in longer ones.
    static func nearest(to word: String, among known: some Sequence<String>) -> String? {
        guard word.utf8.count <= maximumLength else { return nil }
        let lowered = word.lowercased().replacing("-", with: "_")
        let limit = max(1, min(3, lowered.count / 3))
        let candidates = known.map { (word: $0, distance: distance(lowered, $0.replacing("-", with: "_"))) }
        guard let best = candidates.min(by: { ($0.distance, $0.word) < ($1.distance, $1.word) }) else { return nil }
        return best.distance <= limit ? best.word : nil
    }

    /// `; did you mean "tls"?`, or nothing.
    package static func phrase(for word: String, among known: some Sequence<String>, quote: String = "\"") -> String {
        nearest(to: word, among: known).map { "; did you mean \(quote)\($0)\(quote)?" } ?? ""
    }

    /// Edits (insert, delete, replace, swap neighbours) between two words: the optimal string alignment distance.
    private static func distance(_ left: String, _ right: String) -> Int {
        let left = Array(left.utf8)
        let right = Array(right.utf8)
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for row in left.indices {
            var current = [row + 1]
            for column in right.indices {
                var best = min(
                    last[column] + (left[row] == right[column] ? 0 : 1), last[column + 1] + 1, current[column] + 1)
                if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                    best = min(best, beforeLast[column - 1] + 1)
                }
                current.append(best)
            }
            beforeLast = last
            last = current
        }
        return last[right.count]
    }
}
