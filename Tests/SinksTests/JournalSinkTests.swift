import Formatting
import Foundation
import PipelineCore
import SystemdSupport
import Testing

@testable import Sinks

@Suite struct JournalSinkTests {
    private static func fields(_ record: SpooledRecord, _ format: RecordFormat = .envelope()) -> [String] {
        JournalSink(name: "journal", format: format).message(record).fields.map { String(decoding: $0, as: UTF8.self) }
    }

    @Test func `an entry says what the record is in fields, and is the record in the sink's format`() {
        let record = SpooledRecord.envelope(
            7, type: "account-auth-token.promoted", message: #"line one\nand \"two\""#, severity: .critical)
        #expect(
            Self.fields(record) == [
                "MESSAGE=line one\nand \"two\"", "PRIORITY=2", "SYSLOG_IDENTIFIER=twilship-record",
                "SYSLOG_TIMESTAMP=2014-10-03T16:48:25.123Z", "TWILSHIP_TYPE=account-auth-token.promoted",
                "TWILSHIP_ID=AE00000000000000000000000000000007", "TWILSHIP_DATASET=monitor.events",
                "TWILSHIP_ACCOUNT=production", "TWILSHIP_ACCOUNT_SID=AC0123456789abcdef0123456789abcdef",
                "TWILSHIP_SEVERITY=critical", "TWILSHIP_RECORD=" + String(decoding: record.line, as: UTF8.self),
            ])
    }

    @Test func `what is redacted is so in the message, too`() {
        var format = RecordFormat.ecs()
        format.redaction = [.email]
        let fields = Self.fields(.envelope(1, message: "invited someone@example.com"), format)
        #expect(fields[0] == "MESSAGE=invited [redacted:email]")
        #expect(!fields.contains { $0.contains("someone@example.com") })
    }

    @Test func `without a message the type stands for it`() {
        #expect(Self.fields(.envelope(1, message: ""))[0] == "MESSAGE=account.updated")
    }
}
