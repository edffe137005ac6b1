import PipelineCore
import Testing

@Suite struct TimestampTests {
    @Test(arguments: [
        ("1970-01-01T00:00:00Z", 0),
        ("2014-10-03T16:48:25Z", 1_412_354_905_000),
        ("2014-10-03T16:48:25.1Z", 1_412_354_905_100),
        ("2014-10-03T16:48:25.1239Z", 1_412_354_905_123),
        ("2014-10-03t18:48:25+02:00", 1_412_354_905_000),
        ("2014-10-03 11:18:25-05:30", 1_412_354_905_000),
        ("2024-02-29T23:59:60Z", 1_709_251_200_000),
        ("1969-12-31T23:59:59.999Z", -1),
        ("0000-01-01T00:00:00Z", -62_167_219_200_000),
        ("9999-12-31T23:59:59.999Z", 253_402_300_799_999),
    ])
    func `RFC 3339 dates are read`(text: String, milliseconds: Int64) {
        #expect(Timestamp(rfc3339: text.utf8)?.milliseconds == milliseconds)
    }

    @Test(arguments: [
        "", "2014", "2014-10-03", "2014-10-03T16:48:25", "2014-13-03T16:48:25Z", "2014-02-29T00:00:00Z",
        "2014-10-03T24:00:00Z", "2014-10-03T16:48:25.Z", "2014-10-03T16:48:25Zx", "Fri, 03 Oct 2014 16:48:25 +0000",
        "2014-10-03T16:48:25+2:00", "-014-10-03T16:48:25Z", "２０14-10-03T16:48:25Z",
    ])
    func `what is no RFC 3339 date is refused`(text: String) {
        #expect(Timestamp(rfc3339: text.utf8) == nil)
    }

    @Test func `what was written is read again, on every day of four centuries`() {
        for day in Int64(-80_000)..<66_100 {
            let time = Timestamp(milliseconds: day * 86_400_000 + (day * 7_919_317) % 86_400_000)
            #expect(Timestamp(rfc3339: time.rfc3339.utf8) == time)
        }
    }

    @Test func `arithmetic saturates`() {
        let far = Timestamp(milliseconds: .max - 5)
        #expect(far + .seconds(1) == Timestamp(milliseconds: .max))
        #expect((Timestamp(milliseconds: .min + 5) - .seconds(1)) == Timestamp(milliseconds: .min))
        #expect(Timestamp(milliseconds: -1500).rounded(downTo: .seconds(1)).milliseconds == -2000)
        #expect(Timestamp(milliseconds: 1999).rfc3339Seconds == "1970-01-01T00:00:01Z")
    }
}
