import Formatting
import PipelineCore
import Testing

@testable import Sinks

struct SyslogEncoderTests {
    let encoder = SyslogEncoder(.sample)

    @Test func `a record becomes the message that the contract shows`() {
        let record = SpooledRecord.envelope(7)
        let expected = """
            <133>1 2014-10-03T16:48:25.123Z collector1 twilship - account [twilship@32473 \
            id="AE00000000000000000000000000000007" dataset="monitor.events" account="production" \
            account_sid="AC0123456789abcdef0123456789abcdef" type="account.updated"] \
            \(String(decoding: record.line, as: UTF8.self))
            """
        #expect(encoder.text(record) == expected)
    }

    @Test func `the strict reader takes the examples of RFC 5424 and refuses broken ones`() throws {
        let first = try SyslogMessage(
            Array("<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - ".utf8) + [0xEF, 0xBB, 0xBF]
                + Array("'su root' failed for lonvick on /dev/pts/8".utf8))
        #expect(first.facility == 4 && first.severity == 2 && first.hasByteOrderMark && first.elements.isEmpty)
        let second = try SyslogMessage(
            Array("<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - - %% It's time".utf8))
        #expect(second.processID == "8710" && second.message == "%% It's time")
        let text = """
            <165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 \
            [exampleSDID@32473 iut="3" eventSource="Application" eventID="1011"][examplePriority@32473 class="high"]
            """
        let fourth = try SyslogMessage(Array(text.utf8))
        #expect(
            fourth.elements.count == 2 && fourth.parameter("eventSource") == "Application" && fourth.message.isEmpty)
        for broken in [
            "<192>1 - h a - - -", "<034>1 - h a - - -", "<34>2 - h a - - -", "<34>1 2003-10-11 h a - - -",
            "<34>1 - h a - - [x@1 a=\"]\"]", "<34>1 - h a - - [x@1  a=\"\"]", "<34>1 - h  - - -", "<34>1 - h a - -",
        ] {
            #expect(throws: SyslogMessage.Malformed.self) { try SyslogMessage(Array(broken.utf8)) }
        }
    }

    @Test(arguments: Severity.allCases)
    func `the priority is facility times eight plus severity`(severity: Severity) throws {
        for facility in [0, 4, 16, 23] {
            var options = SyslogMessageOptions.sample
            options.facility = facility
            let text = SyslogEncoder(options).text(.envelope(1, severity: severity))
            let message = try SyslogMessage(Array(text.utf8))
            #expect(message.priority == facility * 8 + Int(severity.rawValue))
        }
    }

    @Test(arguments: [
        ("account.updated", "account"), ("security-settings.sso.changed", "security-settings"), ("plain", "plain"),
        (String(repeating: "a", count: 32) + ".x", String(repeating: "a", count: 32)),
        (String(repeating: "a", count: 33) + ".x", "-"), ("", "-"), (".hidden", "-"), ("two words.x", "-"),
        ("größe.x", "-"), (#"a\u0009b.x"#, "-"), (#"a\u0062c.x"#, "abc"),
    ])
    func `MSGID is the type up to its first dot, or nothing that is not printable and short`(
        type: String, expected: String
    ) throws {
        let message = try SyslogMessage(Array(encoder.text(.envelope(1, type: type)).utf8))
        #expect(message.messageID == expected)
    }

    @Test func `MSGID of a function log is function.log`() throws {
        let record = SpooledRecord.envelope(1, type: "function.log", dataset: .serverlessLogs)
        let message = try SyslogMessage(Array(encoder.text(record).utf8))
        #expect(message.messageID == "function.log" && message.parameter("dataset") == "serverless.logs")
    }

    @Test func `structured data is escaped as 6.3.3 says, and holds no control character`() throws {
        let record = SpooledRecord.envelope(1, type: #"a\"b\\c]d\ne"#, account: "a\"b\\c]d\n\u{7F}é")
        let text = encoder.text(record)
        #expect(text.contains(#"account="a\"b\\c\]d??é""#))
        let message = try SyslogMessage(Array(text.utf8))
        #expect(message.parameter("account") == "a\"b\\c]d??é")
        #expect(message.parameter("type") == "a\"b\\c]d?e")
        #expect(!text.utf8.contains { $0 < 0x20 })
    }

    @Test func `records of different origins beside each other keep their own`() throws {
        var bytes: [UInt8] = []
        var frames = SyslogEncoder.Frames()
        var accounts: [String?] = []
        for account in ["one", "two", "two", "one"] {
            bytes.removeAll()
            _ = encoder.append(.envelope(1, account: account), to: &bytes, &frames)
            accounts.append(try SyslogMessage(bytes).parameter("account"))
        }
        #expect(accounts == ["one", "two", "two", "one"])
    }

    @Test func `a byte order mark stands before the message when it is asked for`() throws {
        var options = SyslogMessageOptions.sample
        options.byteOrderMark = true
        let message = try SyslogMessage(Array(SyslogEncoder(options).text(.envelope(1)).utf8))
        #expect(message.hasByteOrderMark && message.message.hasPrefix("{"))
        #expect(try !SyslogMessage(Array(encoder.text(.envelope(1)).utf8)).hasByteOrderMark)
    }

    @Test func `without a configured name the host's own is used`() throws {
        let message = try SyslogMessage(Array(SyslogEncoder(SyslogMessageOptions()).text(.envelope(1)).utf8))
        #expect(!message.hostname.isEmpty && message.hostname != "-")
    }

    @Test(arguments: [1_400, 2_048, 8_192])
    func `a message is never longer than allowed, and says so when it was shortened`(limit: Int) throws {
        var options = SyslogMessageOptions.sample
        options.maximumBytes = limit
        let encoder = SyslogEncoder(options)
        for padding in [0, 500, 1_000, 1_500, 2_000, 8_000, 100_000] {
            var bytes: [UInt8] = []
            var frames = SyslogEncoder.Frames()
            let record = SpooledRecord.envelope(1, padding: padding)
            let wasShortened = encoder.append(record, to: &bytes, &frames)
            #expect(bytes.count <= limit)
            let message = try SyslogMessage(bytes)
            #expect(wasShortened == (message.message != String(decoding: record.line, as: UTF8.self)))
            #expect(message.message.contains(#""truncated":"#) == wasShortened)
            #expect(message.parameter("id") == record.id)
        }
    }

    @Test func `where little is allowed the structured data goes before the record does`() throws {
        var options = SyslogMessageOptions.sample
        options.maximumBytes = 1_150
        let message = try SyslogMessage(Array(SyslogEncoder(options).text(.envelope(1, padding: 5_000)).utf8))
        #expect(message.elements.isEmpty && message.message.contains("truncated"))
    }

    @Test func `whatever stands in a record, the message is well formed and one line`() throws {
        var random = SeededGenerator(seed: 5424)
        let pieces = [
            "a", "é", "]", "\"", "\\", "\n", "\r", "\0", "\u{7F}", "\u{85}", "\u{2028}", "😀", "=", " ", ".", "[", "<",
            "-",
        ]
        func text() -> String {
            (0..<Int.random(in: 0...40, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }
                .joined()
        }
        func json(_ text: String) -> String {
            text.unicodeScalars.map { scalar in
                switch scalar {
                case "\"", "\\": "\\\(scalar)"
                case _ where scalar.value < 0x20:
                    "\\u00" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
                default: String(scalar)
                }
            }.joined()
        }
        for number in 1...2_000 {
            let (type, account, content) = (text(), text(), text())
            let record = SpooledRecord.envelope(
                Int64(number), type: json(type), account: account, message: json(content),
                severity: Severity.allCases.randomElement(using: &random) ?? .info)
            let encoded = encoder.text(record)
            #expect(!encoded.utf8.contains { $0 < 0x20 })
            let message = try SyslogMessage(Array(encoded.utf8))
            func shown(_ text: String) -> String {
                String(
                    String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? "?" : $0 })
                )
            }
            #expect(message.parameter("type") == shown(type))
            #expect(message.parameter("account") == shown(account))
            #expect(message.message == String(decoding: record.line, as: UTF8.self))
        }
    }
}
