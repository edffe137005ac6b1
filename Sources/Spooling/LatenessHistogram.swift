import PipelineCore

/// How late records came, as counts in buckets: four per octave from 1 s to 400 days, so that a day of a stream fits
/// into a few dozen bytes and days can be added up.
///
/// Bucket 0 is everything below 1 s; bucket 1 + 4 · octave + quarter begins at (4 + quarter) · 250 ms · 2^octave. A
/// bucket is at most 25 % wider than its beginning. The last one has no end.
package struct LatenessHistogram: Equatable, Sendable {
    /// 25 octaves of a second are 388 days: the last bucket begins there.
    static let buckets = 2 + 25 * 4

    /// Empty until something is added: most passes bring nothing.
    private(set) var counts: [Int] = []
    private(set) var maximumMilliseconds: Int64 = 0

    package init() {}

    init(counts: [Int], maximumMilliseconds: Int64) {
        self.counts = counts
        self.maximumMilliseconds = maximumMilliseconds
    }

    package var isEmpty: Bool { counts.isEmpty }

    /// How many were added.
    package var count: Int { counts.reduce(0, Self.sum) }

    /// The longest that was added, in whole milliseconds; nil when nothing was.
    package var maximum: Duration? { isEmpty ? nil : .milliseconds(maximumMilliseconds) }

    /// Notes that `count` records came this late; earlier than their time counts as not late at all.
    package mutating func add(_ lateness: Duration, count: Int = 1) {
        guard count > 0 else { return }
        if counts.isEmpty { counts = [Int](repeating: 0, count: Self.buckets) }
        let milliseconds = max(0, lateness.wholeMilliseconds)
        let bucket = Self.bucket(of: milliseconds)
        counts[bucket] = Self.sum(counts[bucket], count)
        maximumMilliseconds = max(maximumMilliseconds, milliseconds)
    }

    package mutating func merge(_ other: LatenessHistogram) {
        guard !other.isEmpty else { return }
        counts = isEmpty ? other.counts : zip(counts, other.counts).map(Self.sum)
        maximumMilliseconds = max(maximumMilliseconds, other.maximumMilliseconds)
    }

    /// What `part` of all records (0…1) came within: the end of the bucket where that is, so at most 25 % too long, and
    /// never longer than the longest. Nil when nothing was added.
    package func quantile(_ part: Double) -> Duration? {
        guard let maximum else { return nil }
        let rank = max(1, (part * Double(count)).rounded(.up))
        var passed = 0.0
        for (bucket, count) in counts.enumerated().dropLast() {
            passed += Double(count)
            if passed >= rank { return min(maximum, .milliseconds(Self.start(of: bucket + 1))) }
        }
        return maximum
    }

    /// How many came this late or later, as far as buckets tell: never too many, and 0 only if none did.
    package func beyond(_ lateness: Duration) -> Int {
        guard let maximum, maximum >= lateness else { return 0 }
        let whole = counts.indices.reduce(0) { sum, bucket in
            .milliseconds(Self.start(of: bucket)) >= lateness ? Self.sum(sum, counts[bucket]) : sum
        }
        return max(1, whole)
    }

    // MARK: -

    /// Where a bucket begins, in milliseconds.
    static func start(of bucket: Int) -> Int64 {
        guard bucket > 0 else { return 0 }
        return Int64(4 + (bucket - 1) % 4) * 250 << Int64((bucket - 1) / 4)
    }

    private static func bucket(of milliseconds: Int64) -> Int {
        let quarters = milliseconds / 250
        guard quarters >= 4 else { return 0 }
        let octave = Int64.bitWidth - quarters.leadingZeroBitCount - 3
        return min(1 + octave * 4 + Int(quarters >> Int64(octave)) - 4, buckets - 1)
    }

    /// Saturates: counts are read from disk too.
    private static func sum(_ left: Int, _ right: Int) -> Int {
        let (sum, overflow) = left.addingReportingOverflow(right)
        return overflow ? .max : sum
    }
}
