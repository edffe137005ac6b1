import Formatting
import Foundation
import Parsing
import PipelineCore
import Testing

/// What is found in a text and what is not, seen in the message of a function log.
struct RedactionTextTests {
    private func message(_ text: String, _ redaction: Redaction) throws -> String {
        var format = RecordFormat.envelope(raw: .none)
        format.redaction = redaction
        return try #require(try object(format.line(try Records.log(["message": text])))["message"] as? String)
    }

    @Test(arguments: [
        ("call +15550100451 now", "call [redacted:phone] now"),
        ("+44 20 7946 0958, +33 1 23 45 67 89.", "[redacted:phone], [redacted:phone]."),
        ("+1 (555) 010-0451", "[redacted:phone]"),
        ("whatsapp:+15550100451|sip:x", "whatsapp:[redacted:phone]|sip:x"),
        ("To=%2B15550100451&From=447700900123", "To=[redacted:phone]&From=[redacted:phone]"),
        (
            "(555) 010-0451 or 555-010-0451 or 1.555.010.0451",
            "[redacted:phone] or [redacted:phone] or [redacted:phone]"
        ),
        ("15552010451 called", "[redacted:phone] called"),
        (#"{"to":"447700900123"}"#, #"{"to":"[redacted:phone]"}"#),
        ("ends with +15550100451. 2 more", "ends with [redacted:phone]. 2 more"),
        ("ü+15550100451ü", "ü[redacted:phone]ü"),
    ])
    func `phone numbers`(text: String, expected: String) throws {
        #expect(try message(text, .phone) == expected)
    }

    @Test(arguments: [
        "2026-11-21T08:00:00.000Z", "2026-11-21 08:00:00 +0000", "1795248000123", "1795248000", "192.168.100.200:8080",
        "AE00000000000000000000000000000001", "PN12345678901234567890123456789012", "a+15550100451b+2=3",
        "123e4567-e89b-12d3-a456-426614174000", "12345678-1234-1234-1234-123456789012", "+1234567",
        "+12345678901234567", "took 15552010451234 ns", "v2.345.678.9012", "+0123456789", "to: 12 of 34",
        "x15552010451",
    ])
    func `what is no phone number stays`(text: String) throws {
        #expect(try message(text, .phone) == text)
    }

    @Test(arguments: [
        ("from a.b+c@mail.example.com.", "from [redacted:email]."),
        ("user=x%40example.org&y=1", "user=[redacted:email]&y=1"),
        ("<jörg@bücher.example>", "<[redacted:email]>"), ("to 'a@example.com'", "to '[redacted:email]'"),
        ("o'brien@example.com", "[redacted:email]"),
        ("a@b.co,c@d.org", "[redacted:email],[redacted:email]"),
        ("+15550100451@sms.example.com", "[redacted:email]"),
    ])
    func `e-mail addresses`(text: String, expected: String) throws {
        #expect(try message(text, [.email, .phone]) == expected)
    }

    @Test(arguments: ["a@b", "@decorator", "x@1.2.3", "foo@ bar.com", "@example.com", "git @ host.org", "a@.com"])
    func `what is no e-mail address stays`(text: String) throws {
        #expect(try message(text, .email) == text)
    }

    @Test(arguments: [
        ("password=hunter2&x=1", "password=[redacted:secret]&x=1"),
        ("Password: hunter2, next", "Password: [redacted:secret], next"),
        (#"{"authToken": "0123456789abcdef0123456789abcdef"}"#, #"{"authToken": "[redacted:secret]"}"#),
        (#"{\"auth_token\":\"abc\",\"a\":1}"#, #"{\"auth_token\":\"[redacted:secret]\",\"a\":1}"#),
        ("api_secret => 'two words'", "api_secret => '[redacted:secret]'"),
        ("Authorization: Bearer abc.def", "Authorization: [redacted:secret]"),
        ("sent bearer a1B2c3D4e5", "sent bearer [redacted:secret]"),
        ("Basic QUMxOnBhc3M=", "Basic [redacted:secret]"),
        ("jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln!", "jwt [redacted:secret]!"),
        (
            "AC0123456789abcdef0123456789abcdef:fedcba9876543210fedcba9876543210@x",
            "AC0123456789abcdef0123456789abcdef:[redacted:secret]@x"
        ),
        ("https://bob:hunter2@example.com/", "https://bob:[redacted:secret]@example.com/"),
        ("token=0123456789abcdef&b", "token=[redacted:secret]&b"),
        ("-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----\nx", "[redacted:secret]\nx"),
        ("password%3Dhunter2 x", "password%3D[redacted:secret] x"),
        ("TWILIO_AUTH_TOKEN=abc", "TWILIO_AUTH_TOKEN=[redacted:secret]"),
        ("AWS_SECRET_ACCESS_KEY=abc", "AWS_SECRET_ACCESS_KEY=[redacted:secret]"),
        ("key AKIAIOSFODNN7EXAMPLE, ASIAIOSFODNN7EXAMPLE.", "key [redacted:secret], [redacted:secret]."),
        (
            "twilio('AC0123456789abcdef0123456789abcdef', 'fedcba9876543210fedcba9876543210');",
            "twilio('AC0123456789abcdef0123456789abcdef', '[redacted:secret]');"
        ),
    ])
    func secrets(text: String, expected: String) throws {
        #expect(try message(text, .secret) == expected)
    }

    @Test(arguments: [
        "d41d8cd98f00b204e9800998ecf8427e", "basic authentication failed", "bearer of bad news", "token: expired",
        "api_key=SK0123456789abcdef0123456789abcdef", "password=null", #"{"secret":{"a":1}}"#, "password:",
        "AC0123456789abcdef0123456789abcdef", "at 12:30:15", "http://host:8080/x@y", "secretary: Ann",
        "password=[REDACTED]", "AKIAIOSFODNN7", "xAKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLES", "ASIAN",
        "'AC0123456789abcdef0123456789abcdef', 'SM0123456789abcdef0123456789abcdef'",
        "'AC0123456789abcdef0123456789abcdef', internationalisation follows",
    ])
    func `what is no secret stays`(text: String) throws {
        #expect(try message(text, .secret) == text)
    }

    @Test(arguments: [
        ("4111 1111 1111 1111", "[redacted:card]"), ("card=4111111111111111;", "card=[redacted:card];"),
        ("5500-0000-0000-0004 12/30", "[redacted:card] 12/30"), ("378282246310005", "[redacted:card]"),
        ("3782 822463 10005", "[redacted:card]"), ("4111 1111 1111 1111 2027", "[redacted:card] 2027"),
        ("6011000990139424.", "[redacted:card]."),
    ])
    func `card numbers`(text: String, expected: String) throws {
        #expect(try message(text, .card) == expected)
    }

    @Test(arguments: [
        "4111 1111 1111 1112", "1234567890123452", "41111111111111110000", "a4111111111111111", "4111111111111111a5",
        "4111-1111-1111-1111-abcd", "2026-11-20 2026-11-21", "SM41111111111111114111111111111111",
        "4111.1111.1111.1111",
    ])
    func `what is no card number stays`(text: String) throws {
        #expect(try message(text, .card) == text)
    }

    @Test func `only what is asked for is taken`() throws {
        let text = "a@example.com +15550100451 password=x 4111111111111111"
        #expect(try message(text, .email) == "[redacted:email] +15550100451 password=x 4111111111111111")
        #expect(try message(text, .card) == "a@example.com +15550100451 password=x [redacted:card]")
        let url = "postgres://app:s3cr3t@db.example.com/"
        #expect(try message(url, [.email, .secret]) == "postgres://app:[redacted:secret]@db.example.com/")
        #expect(
            try message(text, [.phone, .email, .secret, .card])
                == "[redacted:email] [redacted:phone] password=[redacted:secret] [redacted:card]")
    }

    @Test(arguments: [
        "@", "%40", "+1", "eyJ.", "eyJ-", "eyJ=", "to=", "secret={", "token=", "basic+", "-----begin ", ":", "\"", "4 ",
        "+1 ",
        "http://a:", "😀@", "password='", "AC:",
    ])
    func `long hostile texts take linear time`(piece: String) throws {
        func time(_ count: Int) throws -> UInt64 {
            let record = try Records.log(["message": String(repeating: piece, count: count / piece.utf8.count)])
            var format = RecordFormat.envelope(raw: .none)
            format.redaction = [.phone, .email, .secret, .card]
            // The thread's own time: how busy the machine is does not count.
            return (1...3).map { _ in
                let start = nanoseconds(of: CLOCK_THREAD_CPUTIME_ID)
                _ = format.line(record)
                return nanoseconds(of: CLOCK_THREAD_CPUTIME_ID) - start
            }.min() ?? 0
        }
        // Sixteen times the text; quadratic would be 256 times the time.
        let (short, long) = try (time(4000), time(64_000))
        #expect(long < short * 100, "\(short), \(long)")
    }
}

private func nanoseconds(of clock: clockid_t) -> UInt64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}
