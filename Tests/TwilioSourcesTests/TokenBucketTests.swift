import PipelineCore
import PipelineTestKit
import Testing
import TwilioSources

@Suite struct TokenBucketTests {
    /// Sends `count` requests as soon as the bucket lets them, each late by up to `lateness`.
    private func send(
        _ count: Int, _ bucket: inout TokenBucket, from start: Duration = .zero, lateness: Duration = .zero,
        seed: UInt64 = 0
    ) -> [Duration] {
        var random = ClockRandomness(VirtualClock(seed: seed))
        var now = start
        return (0..<count).map { _ in
            let next = bucket.next(at: now, isBusy: true)
            if next > now { now = next + lateness * Double.random(in: 0...1, using: &random) }
            bucket.take(at: now, isBusy: true)
            return now
        }
    }

    @Test func `requests leave evenly, a little slower than the rate`() {
        var bucket = TokenBucket(rate: 4, burst: 1)
        let sent = send(9, &bucket, from: .seconds(10))
        #expect(sent == (0..<9).map { .seconds(10) + .microseconds(251_250 * $0) })
    }

    @Test func `a burst is what was saved up, and no more`() {
        var bucket = TokenBucket(rate: 2, burst: 3)
        for start in [Duration.zero, .seconds(100)] {
            var waits: [Duration] = []
            for _ in 0..<5 {
                let now = start + (waits.last ?? .zero)
                let next = max(now, bucket.next(at: now, isBusy: false))
                bucket.take(at: next, isBusy: false)
                waits.append(next - start)
            }
            #expect(waits == [.zero, .zero, .zero, .microseconds(502_500), .milliseconds(1005)])
        }
    }

    @Test func `while it is held nobody leaves, and then the rate holds again`() {
        var bucket = TokenBucket(rate: 4, burst: 1)
        bucket.take(at: .zero, isBusy: false)
        bucket.hold(until: .seconds(5))
        bucket.hold(until: .seconds(1))
        let sent = send(3, &bucket, from: .seconds(1))
        #expect(sent == [.seconds(5), .microseconds(5_251_250), .microseconds(5_502_500)])
    }

    @Test func `a share of the rate spaces requests out`() {
        var bucket = TokenBucket(rate: 4, burst: 1)
        bucket.slow(to: 0.5)
        let sent = send(3, &bucket)
        #expect(sent == [.zero, .microseconds(502_500), .milliseconds(1005)])
    }

    @Test(arguments: [0.5, 1, 4, 5, 20], [0, 1, 2, 3] as [UInt64])
    func `timers up to 5 ms late and arrivals up to 5 ms apart neither lose budget nor exceed a strict window`(
        rate: Double, seed: UInt64
    ) {
        var bucket = TokenBucket(rate: rate, burst: 1)
        let count = Int(rate * 3_600)
        let sent = send(count, &bucket, lateness: .milliseconds(5), seed: seed)
        var random = ClockRandomness(VirtualClock(seed: seed))
        let arrived = sent.map { $0 + .milliseconds(5) * Double.random(in: 0...1, using: &random) }.sorted()
        #expect(mostInAnyWindow(arrived, .seconds(max(1, 1 / rate))) == max(1, Int(rate)))
        let used = Double(count - 1) / (sent[count - 1] / .seconds(1)) / rate
        #expect(used >= 0.99)
        // And requests stay apart: never closer than what may be caught up.
        let gaps = zip(sent, sent.dropFirst()).map { $1 - $0 }
        #expect(gaps.allSatisfy { $0 >= .seconds(1.005 / rate) - .milliseconds(20) })
    }

    @Test func `a long stall is not made up for`() {
        var bucket = TokenBucket(rate: 5, burst: 1)
        bucket.take(at: .zero, isBusy: true)
        let sent = send(20, &bucket, from: .seconds(3_600))
        #expect(mostInAnyWindow(sent, .seconds(1)) == 5)
        #expect(zip(sent, sent.dropFirst()).allSatisfy { $1 - $0 >= .milliseconds(180) })
    }

    @Test func `at a hundred thousand a second, sleeping by milliseconds loses nothing and exceeds nothing`() {
        var bucket = TokenBucket(rate: 100_000, burst: 1)
        var now = Duration.zero
        var sent: [Duration] = []
        while now < .seconds(3) {
            while bucket.next(at: now, isBusy: true) <= now {
                bucket.take(at: now, isBusy: true)
                sent.append(now)
            }
            now += .microseconds(1_100)
        }
        #expect(sent.count >= 297_000)
        #expect(mostInAnyWindow(sent, .seconds(1)) <= 100_000)
    }

    @Test func `a burst adds itself less one to what a second sees`() {
        var bucket = TokenBucket(rate: 5, burst: 4)
        var sent = send(50, &bucket)
        sent += send(50, &bucket, from: sent[49] + .seconds(60))
        #expect(mostInAnyWindow(sent, .seconds(1)) == 8)
    }
}

/// The most of the times, which ascend, in any window that is open at its end.
func mostInAnyWindow(_ times: [Duration], _ window: Duration) -> Int {
    var first = 0
    var most = 0
    for (index, time) in times.enumerated() {
        while times[first] <= time - window { first += 1 }
        most = max(most, index - first + 1)
    }
    return most
}
