import Synchronization

/// How often the same trouble came in a row, so that a log tells it the 1st, 2nd, 4th, 8th … time and what it folds.
package struct Recurrence: Sendable {
    package private(set) var count = 0
    private var since: ContinuousClock.Instant?

    package init() {}

    /// Notes that it came once more.
    /// - Returns: whether to tell it.
    package mutating func again(at now: ContinuousClock.Instant) -> Bool {
        since = since ?? now
        count += 1
        return count & (count - 1) == 0
    }

    /// `same for 40 min, 512 times`; nil for the first time.
    package func folded(at now: ContinuousClock.Instant) -> String? {
        guard count > 1 else { return nil }
        return "same for \(lasted(at: now)), \(count) times"
    }

    /// For how long it has come: `12 s`, `40 min`, `3 h`, `5 d`.
    package func lasted(at now: ContinuousClock.Instant) -> String {
        let seconds = since.map { max(0, $0.duration(to: now).components.seconds) } ?? 0
        return switch seconds {
        case ..<120: "\(seconds) s"
        case ..<7200: "\(seconds / 60) min"
        case ..<172_800: "\(seconds / 3600) h"
        default: "\(seconds / 86_400) d"
        }
    }
}

/// Troubles of several kinds that come again and again, for who notices them in different places.
package final class Recurrences: Sendable {
    private let troubles = Mutex<[String: Recurrence]>([:])

    package init() {}

    /// Notes that `trouble` came once more.
    /// - Returns: whether to tell it, and what that folds.
    package func came(_ trouble: String, at now: ContinuousClock.Instant) -> (isTold: Bool, folded: String?) {
        troubles.withLock { troubles in
            (troubles[trouble, default: Recurrence()].again(at: now), troubles[trouble]?.folded(at: now))
        }
    }

    /// Notes that there is no such trouble now.
    /// - Returns: how long it has lasted; nil if there was none.
    package func ended(_ trouble: String, at now: ContinuousClock.Instant) -> String? {
        troubles.withLock { $0.removeValue(forKey: trouble)?.lasted(at: now) }
    }
}
