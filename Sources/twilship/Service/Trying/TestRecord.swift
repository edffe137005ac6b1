import Formatting
import Foundation
import Normalising
import PipelineCore
import Settings
import Sinks

/// A record that says of itself that it is a test, for people to look at where it arrives.
struct TestRecord {
    static let type = "twilship.test"
    static let end = "END OF TEST"

    private let sink: SinkSettings
    private let time: Timestamp
    private let id: String

    init(for sink: SinkSettings, at time: Timestamp) {
        self.sink = sink
        self.time = time
        id = "TEST\(time.milliseconds)"
    }

    /// - Returns: the record, and how long its syslog message is, if it is one.
    func made() -> (record: SpooledRecord, bytes: Int?) {
        guard case .syslog(let syslog) = sink.kind else {
            return (record("A test of twilship check; not from Twilio. \(Self.end)"), nil)
        }
        let options = SyslogSinkOptions(syslog, format: sink.recordFormat).message
        let encoder = SyslogEncoder(options)
        func length(_ record: SpooledRecord) -> Int {
            var bytes: [UInt8] = []
            var frames = SyslogEncoder.Frames()
            _ = encoder.append(record, to: &bytes, &frames)
            return bytes.count
        }
        let least = length(padded(0, stating: options.maximumBytes))
        var padding = max(0, options.maximumBytes - least)
        // Formats that hold the text twice, or cut it, need another amount.
        var record = padded(padding, stating: options.maximumBytes)
        var bytes = length(record)
        let perByte = length(padded(1, stating: options.maximumBytes)) - least
        if perByte > 1 {
            padding /= perByte
            record = padded(padding, stating: options.maximumBytes)
            bytes = length(record)
        }
        if bytes != options.maximumBytes {
            record = padded(padding, stating: bytes)
            bytes = length(record)
        }
        return (record, bytes)
    }

    private func padded(_ padding: Int, stating bytes: Int) -> SpooledRecord {
        record(
            "A test of twilship check; not from Twilio. This message has \(bytes) bytes. "
                + String(repeating: "x", count: padding) + " \(Self.end)")
    }

    private func record(_ message: String) -> SpooledRecord {
        let normaliser = Normaliser(collector: ProcessInfo.processInfo.hostName, version: Twilship.version)
        var block = EnvelopeBlock()
        normaliser.append(
            OwnRecord(
                id: id, type: Self.type, action: "test", severity: .notice, time: time, account: nil, accountSID: nil,
                message: message, facts: "{}"),
            collected: time, to: &block)
        return SpooledRecord(
            sequence: 1, origin: .init(account: "", accountSID: "", dataset: .twilship, lane: .live),
            bytes: block.bytes, entry: block.entries[0])
    }
}
