import Logging
import Testing

@testable import SystemdSupport

@Suite struct LogLineTests {
    private let time = UTCTime(secondsSince1970: 1_795_248_000, nanoseconds: 123_999_999)

    @Test func `a line has the time, the level, the message and the facts in order`() {
        let record = record(
            "retrying", ["sink.name": "siem", "after": "2.0 seconds", "attempt": .stringConvertible(3)], level: .warning
        )
        #expect(
            LogLine.text.text(of: record, at: time)
                == "2026-11-21T08:00:00.123Z warning retrying: after=\"2.0 seconds\" attempt=3 sink.name=siem")
        #expect(LogLine.prefixed.text(of: record, at: time).hasPrefix("<4>retrying: "))
        #expect(LogLine.colouredText.text(of: record, at: time).contains("\u{1B}[33mwarning\u{1B}[0m"))
    }

    @Test func `times are right on the days where calendars go wrong`() {
        func text(_ seconds: Int, _ nanoseconds: Int = 0) -> String {
            UTCTime(secondsSince1970: seconds, nanoseconds: nanoseconds).description
        }
        #expect(text(0) == "1970-01-01T00:00:00.000Z")
        #expect(text(951_782_399, 999_999_999) == "2000-02-28T23:59:59.999Z")
        #expect(text(951_782_400) == "2000-02-29T00:00:00.000Z")
        #expect(text(4_107_542_400) == "2100-03-01T00:00:00.000Z")
        #expect(text(1_798_761_599, 1_000_000) == "2026-12-31T23:59:59.001Z")
    }

    @Test func `nothing a terminal obeys gets through, in the message, in keys or in values`() {
        let hostile = "a\u{1B}[2J\r\nb\u{202E}c\u{9B}d\u{0}e"
        let record = record(hostile, ["k\u{1B}": .string(hostile)])
        for line in [LogLine.text, .prefixed, .json] {
            let text = line.text(of: record, at: time)
            #expect(text.unicodeScalars.allSatisfy { !$0.isUnsafeOnTerminal })
            // A value with a backslash is quoted, and its backslashes doubled; the message stands as it is.
            #expect(
                text.contains(
                    line == .json
                        ? #"a\\x1b[2J\\x0d\\x0ab\\u202ec\\u009bd\\x00e"# : #"a\x1b[2J\x0d\x0ab\u202ec\u009bd\x00e"#))
        }
        #expect("Grüße, 東京 🙂".terminalSafe == "Grüße, 東京 🙂")
    }

    @Test func `what a value says cannot look like another field`() {
        let forged = record("m", ["reason": #"x\" source.account=evil error=\"none"#])
        #expect(
            LogLine.text.text(of: forged, at: time).hasSuffix(#"reason="x\\\" source.account=evil error=\\\"none""#))
    }

    @Test func `JSON lines quote what JSON wants quoted`() {
        let record = record(#"say "hi" \ bye"#, ["b": ["x", "y"], "a": ["n": "1"]])
        #expect(
            LogLine.json.text(of: record, at: time)
                == #"{"time":"2026-11-21T08:00:00.123Z","level":"info","message":"say \"hi\" \\ bye","fields":{"a.n":"1","b":"[\"x\", \"y\"]"}}"#
        )
    }

    @Test func `values and their number are bounded, and what is left out is said`() {
        let long = record("m", ["v": .string(String(repeating: "é", count: 10_000))])
        #expect(long.fields[0].value.hasPrefix("éé"))
        #expect(long.fields[0].value.hasSuffix("é… (20000 bytes)"))
        #expect(long.fields[0].value.utf8.count < LogRecord.maxValueBytes + 32)
        let many = record("m", Dictionary(uniqueKeysWithValues: (0..<100).map { ("k\($0)", "v") }))
        #expect(many.fields.count == LogRecord.maxFields + 1)
        #expect(many.fields.last == LogRecord.Field(key: "fields_left_out", value: "36"))
    }

    @Test func `the form follows format, terminal and service manager`() {
        #expect(lineForm(.json, ["INVOCATION_ID": "x"], isTerminal: true) == .json)
        #expect(lineForm(.text, [:], isTerminal: true) == .colouredText)
        #expect(lineForm(.text, ["NO_COLOR": "1"], isTerminal: true) == .text)
        #expect(lineForm(.text, ["NO_COLOR": ""], isTerminal: true) == .colouredText)
        #expect(lineForm(.text, ["INVOCATION_ID": "x"], isTerminal: false) == .prefixed)
        #expect(lineForm(.text, [:], isTerminal: false) == .text)
    }
}

func record(_ message: String, _ metadata: Logger.Metadata = [:], level: Logger.Level = .info) -> LogRecord {
    let event = LogEvent(
        level: level, message: "\(message)", metadata: metadata, source: nil, file: "Room/File.swift",
        function: "work()", line: 7)
    return LogRecord(event, metadata: [:])
}
