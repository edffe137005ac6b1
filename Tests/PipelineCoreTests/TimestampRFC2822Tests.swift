import PipelineCore
import Testing

@Suite struct TimestampRFC2822Tests {
    @Test(arguments: [
        ("Thu, 30 Jul 2015 20:00:00 +0000", "2015-07-30T20:00:00Z"),
        ("Tue, 09 Feb 2010 01:23:53 +0000", "2010-02-09T01:23:53Z"),
        ("thu,30 jul 2015 20:00 gmt", "2015-07-30T20:00:00Z"),
        ("  Thu ,\t30  JUL  2015 20:00:00  GMT ", "2015-07-30T20:00:00Z"),
        ("9 Feb 2010 01:23:53 UT", "2010-02-09T01:23:53Z"), ("9 Feb 2010 01:23:53 UTC", "2010-02-09T01:23:53Z"),
        ("9 Feb 2010 01:23:53 Z", "2010-02-09T01:23:53Z"), ("9 Feb 2010 01:23:53 A", "2010-02-09T01:23:53Z"),
        ("9 Feb 2010 01:23:53 -0000", "2010-02-09T01:23:53Z"),
        ("9 Feb 2010 01:23:53 +0530", "2010-02-08T19:53:53Z"), ("9 Feb 2010 01:23:53 -0330", "2010-02-09T04:53:53Z"),
        ("9 Feb 2010 12:00:00 +9959", "2010-02-05T08:01:00Z"), ("9 Feb 2010 01:23:53 EST", "2010-02-09T06:23:53Z"),
        ("9 Feb 2010 01:23:53 EDT", "2010-02-09T05:23:53Z"), ("9 Feb 2010 01:23:53 CST", "2010-02-09T07:23:53Z"),
        ("9 Feb 2010 01:23:53 CDT", "2010-02-09T06:23:53Z"), ("9 Feb 2010 01:23:53 MST", "2010-02-09T08:23:53Z"),
        ("9 Feb 2010 01:23:53 MDT", "2010-02-09T07:23:53Z"), ("9 Feb 2010 01:23:53 PST", "2010-02-09T09:23:53Z"),
        ("9 Feb 2010 01:23:53 PDT", "2010-02-09T08:23:53Z"), ("29 Feb 2024 23:59:60 GMT", "2024-03-01T00:00:00Z"),
        ("1 Jan 49 00:00:00 GMT", "2049-01-01T00:00:00Z"), ("1 Jan 50 00:00:00 GMT", "1950-01-01T00:00:00Z"),
        ("1 Jan 115 00:00:00 GMT", "2015-01-01T00:00:00Z"), ("Fri, 31 Dec 9999 23:59:59 GMT", "9999-12-31T23:59:59Z"),
        // The day of the week may be wrong.
        ("Mon, 30 Jul 2015 20:00:00 +0000", "2015-07-30T20:00:00Z"),
    ])
    func `RFC 2822 dates are read`(text: String, instant: String) {
        #expect(Timestamp(rfc2822: Array(text.utf8)[...]) == Timestamp(rfc3339: instant.utf8))
    }

    @Test(arguments: [
        "", " ", "Thu", "Thu,", "Thu 30 Jul 2015 20:00:00 +0000", "Xyz, 30 Jul 2015 20:00:00 +0000",
        "30 Jul 2015 20:00:00", "30 Jul 2015 20:00:00 ", "30 Jul 2015 20:00:00+0000", "30 Jul 2015 20:00:00 +000",
        "30 Jul 2015 20:00:00 +00000", "30 Jul 2015 20:00:00 +0060", "30 Jul 2015 20:00:00 +00:00",
        "30 Jul 2015 20:00:00 CET", "30 Jul 2015 20:00:00 J", "30 Jul 2015 20:00:00 GMT x",
        "30 Jul 2015 24:00:00 GMT", "30 Jul 2015 20:60:00 GMT", "30 Jul 2015 20:00:61 GMT", "30 Jul 2015 2:00:00 GMT",
        "31 Jun 2015 20:00:00 GMT", "0 Jul 2015 20:00:00 GMT", "29 Feb 2015 20:00:00 GMT", "100 Jul 2015 20:00:00 GMT",
        "30 July 2015 20:00:00 GMT", "30 Jul 1899 20:00:00 GMT", "30 Jul 5 20:00:00 GMT", "30 Jul 12015 20:00:00 GMT",
        "30Jul 2015 20:00:00 GMT", "2015-07-30T20:00:00Z", "30 Jul 2015 20:00:00 GMT (really)",
        "30 Jul 2015 20:00:00 \u{130}", "３0 Jul 2015 20:00:00 GMT",
        "Thu, 30 Jul 2015 20:00:00" + String(repeating: " ", count: 40) + "GMT",
    ])
    func `what is no RFC 2822 date is refused`(text: String) {
        #expect(Timestamp(rfc2822: Array(text.utf8)[...]) == nil)
    }

    @Test func `no bytes trap`() {
        let alphabet = Array("Thu, 30Jl215:+-GMTZ\t\0\u{80}".utf8)
        var state: UInt64 = 2822
        var read = 0
        for _ in 0..<20_000 {
            var text = Array("Thu, 30 Jul 2015 20:00:00 +0000".utf8)
            for _ in 0..<2 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                text[Int(state >> 33) % text.count] = alphabet[Int(state >> 48) % alphabet.count]
            }
            if let time = Timestamp(rfc2822: text[...]) {
                read += 1
                #expect(Timestamp(rfc3339: time.rfc3339.utf8) == time)
            }
        }
        #expect(read > 100 && read < 19_000, "\(read) of 20,000")
    }
}
