import Formatting
import Foundation
import PipelineCore
import PipelineTestKit
import Testing

struct RecordFormatTests {
    private func formatted(_ format: RecordFormat, _ record: SpooledRecord) -> String {
        var bytes: [UInt8] = []
        format.append(record, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    private let record = SpooledRecord.sample(7, raw: #"{"sid":"NO7","message":"\"tab\t\"\\"}"#)

    @Test func `the envelope goes out as it is`() {
        #expect(formatted(.envelope(), record) == String(decoding: record.line, as: UTF8.self))
    }

    @Test func `raw is the record as Twilio sent it`() {
        #expect(formatted(.raw, record) == #"{"sid":"NO7","message":"\"tab\t\"\\"}"#)
    }

    @Test func `an envelope without raw is valid JSON without the key`() throws {
        #expect(formatted(.envelope(raw: .none), record) == #"{"id":"NO7","message":""}"#)
    }

    @Test(arguments: [#"{"a":"\"b\"\\"}"#, "{\"a\":\t1}", #""just text""#, #"{"a":"ü \u2028"}"#])
    func `raw as a string gives the same bytes back`(raw: String) throws {
        let line = formatted(.envelope(raw: .string), .sample(7, raw: raw))
        let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        #expect(object["raw"] as? String == raw)
        #expect(object["id"] as? String == "NO7")
    }

    @Test(arguments: [RecordFormat.raw, .envelope(), .envelope(raw: .string), .envelope(raw: .none)])
    func `a record that carries no raw goes out as its envelope`(format: RecordFormat) {
        let line = #"{"id":"heartbeat"}"#
        let record = SpooledRecord(
            sequence: 1,
            origin: .init(account: "production", accountSID: "AC1", dataset: .twilship, lane: .live),
            bytes: Array(line.utf8),
            entry: .init(
                line: 0..<line.utf8.count, raw: 0..<0, id: 0..<0, type: 0..<0, time: Timestamp(milliseconds: 0),
                severity: .info, identity: RecordIdentity(high: 0, low: 0)))
        #expect(formatted(format, record) == line)
    }
}
