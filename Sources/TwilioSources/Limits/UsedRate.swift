import Glibc

/// How many requests a second were let through lately: each counts less the longer it is ago, by half after 42 s.
///
/// A pure state machine; times are since it was made.
struct UsedRate: Sendable {
    /// After which a request counts 1/e of what it counted.
    static let memory = 60.0

    private var level = 0.0
    private var at: Duration = .zero

    mutating func took(at now: Duration) {
        level = perSecond(at: now) + 1 / Self.memory
        at = now
    }

    func perSecond(at now: Duration) -> Double {
        let age: Double = max(.zero, now - at) / .seconds(1)
        return level * exp(-age / Self.memory)
    }
}
