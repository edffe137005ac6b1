import Foundation
import GRDB
import PipelineCore

/// The copy of a record that a sink refused for good.
enum DeadLetter {
    static func add(_ rejection: Settlement.Rejection, sink: String, now: Timestamp, _ database: Database) throws {
        let record = rejection.record
        let frame = Frame.encode(0..<1, of: record.alone, origin: record.origin, firstSequence: record.sequence)
        try database.execute(
            sql: """
                INSERT INTO dead_letter (sink, sequence, account, account_sid, dataset, record_id, record_type, time_ms,
                    reason, attempts, rejected_ms, bytes, frame)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                sink, record.sequence, record.origin.account, record.origin.accountSID, record.origin.dataset.rawValue,
                record.id, record.type, record.entry.time.milliseconds, rejection.reason, rejection.attempts,
                now.milliseconds, frame.count, Data(frame),
            ])
    }
}

extension SpooledRecord {
    /// A block that holds only this record.
    var alone: EnvelopeBlock {
        let shift = entry.line.lowerBound
        func moved(_ range: Range<Int>) -> Range<Int> {
            range.isEmpty ? 0..<0 : range.lowerBound - shift..<range.upperBound - shift
        }
        var block = EnvelopeBlock()
        block.bytes = Array(line) + [UInt8(ascii: "\n")]
        block.entries = [
            EnvelopeBlock.Entry(
                line: moved(entry.line), raw: moved(entry.raw), id: moved(entry.id), type: moved(entry.type),
                time: entry.time, severity: entry.severity, identity: entry.identity)
        ]
        return block
    }
}
