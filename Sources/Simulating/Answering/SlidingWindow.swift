/// A rate limit: at most so many requests in any second.
struct SlidingWindow: Sendable {
    private var accepted: [Int64] = []
    private var refused: [Int64] = []

    /// Requests of the last second, refused ones too.
    var count: Int { accepted.count + refused.count }

    /// - Parameter countsRefused: whether requests that were refused fill the window too.
    mutating func accepts(at now: Int64, limit: Int, countsRefused: Bool) -> Bool {
        accepted.removeAll { $0 <= now - 1_000 }
        refused.removeAll { $0 <= now - 1_000 }
        guard accepted.count + (countsRefused ? refused.count : 0) < limit else {
            refused.append(now)
            return false
        }
        accepted.append(now)
        return true
    }
}
