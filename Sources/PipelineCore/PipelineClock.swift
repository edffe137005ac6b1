import Glibc

/// What time it is, waiting, and chance: the seam by which a test takes all three into its own hand, and repeats a run.
package protocol PipelineClock: Sendable {
    /// Wall time; may jump when an administrator or NTP sets it.
    var wallNow: Timestamp { get }
    /// Time that only goes forward.
    var monotonicNow: ContinuousClock.Instant { get }
    /// - Throws: `CancellationError` when the task is cancelled meanwhile.
    func sleep(for duration: Duration) async throws
    /// A random number, of which pauses are made.
    func randomNumber() -> UInt64
}

/// The clock's chance in the form the standard library takes.
package struct ClockRandomness: RandomNumberGenerator {
    private let clock: any PipelineClock

    package init(_ clock: any PipelineClock) {
        self.clock = clock
    }

    package mutating func next() -> UInt64 { clock.randomNumber() }
}

/// The machine's own clocks.
package struct SystemClock: PipelineClock {
    package init() {}

    package var wallNow: Timestamp {
        var time = timespec()
        // Cannot fail: the clock exists on every Linux and the pointer is valid.
        _ = clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }

    package var monotonicNow: ContinuousClock.Instant { .now }

    package func sleep(for duration: Duration) async throws {
        try await Task.sleep(for: duration)
    }

    package func randomNumber() -> UInt64 {
        var generator = SystemRandomNumberGenerator()
        return generator.next()
    }
}
