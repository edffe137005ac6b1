import Synchronization

/// Which `PageSize` a stream asks with: the configured one, and for an hour a smaller one when only that is answered.
///
/// Twilio was seen to answer 500 until the page was made smaller.
final class PageSizes: Sendable {
    /// After this long the configured size is tried again.
    static let memory: Duration = .seconds(3600)
    private static let steps = [500, 100]

    let configured: Int
    private let smaller = Mutex<(size: Int, until: ContinuousClock.Instant)?>(nil)

    init(configured: Int) {
        self.configured = configured
    }

    func current(at now: ContinuousClock.Instant) -> Int {
        smaller.withLock { smaller in
            if let known = smaller, known.until <= now { smaller = nil }
            return smaller?.size ?? configured
        }
    }

    /// The next one to try; nil if there is none.
    func next(below size: Int) -> Int? {
        Self.steps.first { $0 < size }
    }

    /// Notes that a whole listing was read with `size`.
    func worked(_ size: Int, at now: ContinuousClock.Instant) {
        smaller.withLock { smaller in
            guard size < configured, size != smaller?.size else { return }
            smaller = (size, now + Self.memory)
        }
    }
}
