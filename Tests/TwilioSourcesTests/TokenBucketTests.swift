import Testing
import TwilioSources

@Suite struct TokenBucketTests {
    @Test func `requests leave evenly at the rate`() {
        var bucket = TokenBucket(rate: 4, burst: 1)
        let waits = (0..<9).map { _ in bucket.reserve(at: .seconds(10)) }
        #expect(waits == (0..<9).map { .milliseconds(250 * $0) })
    }

    @Test func `a burst is what was saved up, and no more`() {
        var bucket = TokenBucket(rate: 2, burst: 3)
        #expect(
            (0..<5).map { _ in bucket.reserve(at: .zero) } == [.zero, .zero, .zero, .milliseconds(500), .seconds(1)])
        #expect((0..<4).map { _ in bucket.reserve(at: .seconds(100)) } == [.zero, .zero, .zero, .milliseconds(500)])
    }

    @Test func `a pause holds everyone, and then the rate holds again`() {
        var bucket = TokenBucket(rate: 4, burst: 1)
        _ = bucket.reserve(at: .zero)
        bucket.pause(for: .seconds(5), at: .zero)
        #expect(bucket.reserve(at: .seconds(1)) == .seconds(4))
        #expect(bucket.reserve(at: .seconds(1)) == .milliseconds(4250))
        bucket.pause(for: .milliseconds(10), at: .seconds(1))
        #expect(bucket.reserve(at: .seconds(1)) == .milliseconds(4500))
    }

    @Test func `a strict sliding window at the same rate never sees one too many`() {
        var bucket = TokenBucket(rate: 5, burst: 1)
        var now = Duration.zero
        var sent: [Duration] = []
        for step in 0..<500 {
            now += .milliseconds(step % 7 * 40)
            sent.append(now + bucket.reserve(at: now))
        }
        for (index, time) in sent.enumerated() {
            #expect(sent[index...].prefix { $0 < time + .seconds(1) }.count <= 5)
        }
    }
}
