import Foundation
import Normalising
import PipelineCore
import Testing

@Suite struct OwnRecordTests {
    @Test func `a record of our own is an envelope with its facts as raw, its keys in the order of all envelopes`()
        throws
    {
        let normaliser = Normaliser(collector: "collector1", version: "1.0.0")
        var block = EnvelopeBlock()
        let id = "TW" + String(repeating: "0f", count: 16)
        for account in ["production", nil] {
            normaliser.append(
                OwnRecord(
                    id: id, type: "twilship.stream.failing", action: "failing", severity: .warning,
                    time: Timestamp(milliseconds: 1000), account: account, accountSID: account.map { _ in "AC1" },
                    message: "it \"fails\"\u{1b}", facts: #"{"failures":3}"#),
                collected: Timestamp(milliseconds: 2000), to: &block)
        }
        let lines = block.entries.map { String(decoding: block.bytes[$0.line], as: UTF8.self) }
        #expect(
            lines[0] == #"{"schema":"twilship.envelope.v1","id":"\#(id)","dataset":"twilship","account":"production","#
                + #""account_sid":"AC1","time":"1970-01-01T00:00:01.000Z","collected":"1970-01-01T00:00:02.000Z","#
                + #""type":"twilship.stream.failing","action":"failing","severity":"warning","#
                + #""message":"it \"fails\"\u001b","collector":{"host":"collector1","version":"1.0.0"},"#
                + #""raw":{"failures":3}}"#)
        #expect(lines[1].contains(#""dataset":"twilship","time""#))
        for entry in block.entries {
            #expect(String(decoding: block.bytes[entry.id], as: UTF8.self) == id)
            #expect(String(decoding: block.bytes[entry.type], as: UTF8.self) == "twilship.stream.failing")
            #expect(String(decoding: block.bytes[entry.raw], as: UTF8.self) == #"{"failures":3}"#)
            #expect(block.bytes[entry.line.upperBound] == UInt8(ascii: "\n"))
            #expect(entry.severity == .warning)
        }
    }
}
