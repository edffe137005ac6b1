import PipelineCore
import Testing

@Suite struct ValueTests {
    @Test func `an identity is the SID's hexadecimal digits, and nothing else passes for a SID`() {
        let identity = RecordIdentity(sid: "AE0123456789abcdef00000000000000ff".utf8)
        #expect(identity == RecordIdentity(high: 0x0123_4567_89ab_cdef, low: 0xff))
        for odd in [
            "", "AE", "ae0123456789abcdef00000000000000ff", "AE0123456789ABCDEF00000000000000ff",
            "AE0123456789abcdef00000000000000ff0",
        ] {
            #expect(RecordIdentity(sid: odd.utf8) == nil)
        }
        let digest = [UInt8](1...32)
        #expect(
            RecordIdentity(digest: digest) == RecordIdentity(high: 0x0102_0304_0506_0708, low: 0x090a_0b0c_0d0e_0f10))
    }

    @Test func `of a SID each byte in each place is heeded`() {
        let sid = Array("NO0123456789abcdef0f1e2d3c4b5a6978".utf8)
        for place in 2..<34 {
            for byte in UInt8.min...UInt8.max {
                var changed = sid
                changed[place] = byte
                let digits = String(decoding: changed[2...], as: UTF8.self)
                let isProper = "0123456789abcdef".utf8.contains(byte)
                #expect((RecordIdentity(sid: changed) != nil) == isProper, "byte \(byte) at \(place)")
                guard isProper else { continue }
                let words = (UInt64(digits.prefix(16), radix: 16), UInt64(digits.suffix(16), radix: 16))
                #expect(RecordIdentity(sid: changed)?.high == words.0)
                #expect(RecordIdentity(sid: changed)?.low == words.1)
            }
        }
    }

    @Test func `a backoff doubles up to its limit and its jitter stays within`() {
        var random = SystemRandomNumberGenerator()
        var backoff = Backoff(initial: .seconds(1), limit: .seconds(10))
        for ceiling in [1, 2, 4, 8, 10, 10, 10] {
            let delay = backoff.next(using: &random)
            #expect(delay <= .seconds(ceiling))
            #expect(delay >= .seconds(ceiling) / 10)
        }
        #expect(backoff.attempts == 7)
        backoff.reset()
        #expect(backoff.next(using: &random) <= .seconds(1))
    }

    @Test func `severities raise towards alert and stop there`() {
        #expect(Severity.notice.raised() == .warning)
        #expect(Severity.warning.raised(by: 9) == .alert)
        #expect(Severity.warning.raised(by: 9, upTo: .error) == .error)
        #expect(Severity.alert.raised() == .alert)
        #expect(Severity(name: "critical") == .critical)
        #expect(Severity(name: "fatal") == nil)
    }
}
