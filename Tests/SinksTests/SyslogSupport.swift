import Formatting
import Foundation
import Logging
import PipelineCore
import Synchronization
import Testing
import Transport

@testable import Sinks

extension SpooledRecord {
    /// A record with an envelope such as the normaliser makes; what is given stands in the JSON as it is.
    static func envelope(
        _ number: Int64, type: String = "account.updated", dataset: Dataset = .monitorEvents,
        account: String = "production", accountSID: String = "AC0123456789abcdef0123456789abcdef",
        message: String = "account.updated on AC…", severity: Severity = .notice, padding: Int = 0,
        time: Timestamp = Timestamp(milliseconds: 1_412_354_905_123)
    ) -> SpooledRecord {
        let digits = String(number)
        let id = "AE" + String(repeating: "0", count: max(0, 32 - digits.count)) + digits
        var line = #"{"schema":"twilship.envelope.v1","id":""#
        func value(_ text: String, _ after: String) -> Range<Int> {
            let start = line.utf8.count
            line += text + after
            return start..<start + text.utf8.count
        }
        let idRange = value(id, #"","dataset":"\#(dataset.rawValue)","type":""#)
        let typeRange = value(type, #"","message":"\#(message)","raw":"#)
        let rawRange = value(#"{"sid":"\#(id)","padding":"\#(String(repeating: "x", count: padding))"}"#, "}")
        return SpooledRecord(
            sequence: number, origin: Origin(account: account, accountSID: accountSID, dataset: dataset, lane: .live),
            bytes: Array(line.utf8),
            entry: EnvelopeBlock.Entry(
                line: 0..<line.utf8.count, raw: rawRange, id: idRange, type: typeRange, time: time, severity: severity,
                identity: RecordIdentity(high: 0, low: UInt64(number))))
    }

    static func envelopes(_ numbers: ClosedRange<Int64>, padding: Int = 0) -> [SpooledRecord] {
        numbers.map { .envelope($0, padding: padding) }
    }
}

extension SyslogMessageOptions {
    static let sample = SyslogMessageOptions(hostname: "collector1")
}

extension SyslogEncoder {
    /// One message as text.
    func text(_ record: SpooledRecord, maximumBytes: Int? = nil) -> String {
        var bytes: [UInt8] = []
        var frames = Frames()
        _ = append(record, to: &bytes, &frames, maximumBytes: maximumBytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    static func texts(_ records: [SpooledRecord], _ options: SyslogMessageOptions = .sample) -> [String] {
        let encoder = SyslogEncoder(options)
        return records.map { encoder.text($0) }
    }
}

extension Delivery {
    var isAccepted: Bool { if case .accepted = self { true } else { false } }

    var retryReason: String? { if case .retry(_, let reason) = self { reason } else { nil } }

    var faultReason: String? { if case .fault(_, let reason) = self { reason } else { nil } }

    var holdReason: String? { if case .hold(let reason) = self { reason } else { nil } }
}

extension SyslogSink {
    /// A sink that confirms fast and gives up soon.
    static func sample(
        _ destination: SyslogSinkOptions.Destination, _ message: SyslogMessageOptions = .sample,
        confirmAfter: Duration = .milliseconds(100), stall: Duration = .seconds(60), close: Duration = .seconds(5),
        connect: Duration = .seconds(30), watch: @escaping @Sendable () -> TurnWatch? = { nil }
    ) throws -> SyslogSink {
        var options = SyslogSinkOptions(destination: destination, message: message, confirmAfter: confirmAfter)
        options.timeouts.stall = stall
        options.timeouts.close = close
        options.timeouts.connect = connect
        return try SyslogSink(name: "test", options: options, log: Logger(label: "test"), watch: watch)
    }
}

/// A condition that tests wait for; fails by time alone.
func eventually(
    within limit: Duration = .seconds(60), _ comment: @autoclosure () -> Comment,
    sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: () throws -> Bool
) async throws {
    let end = ContinuousClock.now + limit
    while true {
        if try condition() { return }
        guard ContinuousClock.now < end else {
            Issue.record(comment(), sourceLocation: sourceLocation)
            throw CancellationError()
        }
        try await Task.sleep(for: .milliseconds(50))
    }
}

/// Whether both are the same lines; else says only where they begin to differ.
func expectSame(_ found: [String], _ expected: [String], sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(found.count == expected.count, sourceLocation: sourceLocation)
    guard let index = zip(found, expected).map({ $0 != $1 }).firstIndex(of: true) else { return }
    #expect(found[index] == expected[index], "line \(index + 1)", sourceLocation: sourceLocation)
}

/// Something that a server's thread tells a test.
final class Collected<Value: Sendable>: Sendable {
    private let values = Mutex<[Value]>([])

    var all: [Value] { values.withLock { $0 } }

    /// - Returns: how many there are now.
    @discardableResult
    func append(_ value: Value) -> Int {
        values.withLock {
            $0.append(value)
            return $0.count
        }
    }
}

/// Opens once; threads wait for it.
final class Gate: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)

    func open() {
        semaphore.signal()
    }

    func wait() {
        semaphore.wait()
        semaphore.signal()
    }
}
