/// A rate limit: at most so many requests in any second.
///
/// Requests that are refused do not count.
struct SlidingWindow: Sendable {
    private var accepted: [Int64] = []

    mutating func accepts(at now: Int64, limit: Int) -> Bool {
        accepted.removeAll { $0 <= now - 1_000 }
        guard accepted.count < limit else { return false }
        accepted.append(now)
        return true
    }
}
