import Foundation
import GRDB
package import PipelineCore

/// The copy of a record that a sink refused for good. It is kept until it is sent again and accepted, or dropped.
package struct DeadLetter: Sendable, Equatable {
    /// So many are kept, of all sinks together: enough to see what is wrong, and little enough to look through. A sink
    /// that would add more is held instead.
    package static let maximumCount = 10_000
    /// So many bytes of copies are kept, of all sinks together.
    package static let maximumBytes = 64 << 20

    package let id: Int64
    package let sink: String
    /// The record's number in the spool, which may have left it since.
    package let sequence: Int64
    /// The account's label when the record was collected.
    package let account: String
    package let accountSID: String
    package let dataset: String
    /// The envelope's `id`.
    package let recordID: String
    /// The envelope's `type`.
    package let recordType: String
    /// The envelope's `time`.
    package let time: Timestamp
    /// The other end's own words, or what we make of them.
    package let reason: String
    /// How often it was sent.
    package let attempts: Int
    package let rejectedAt: Timestamp
    /// Since when it is to be sent again; nil if it is not.
    package let replayRequestedAt: Timestamp?
    /// Of the copy.
    package let bytes: Int
}

/// Which dead letters somebody means.
package enum DeadLetterSelection: Sendable, Equatable {
    case ids([Int64])
    case all(sink: String)
}

extension DeadLetter {
    static func add(_ rejection: Settlement.Rejection, sink: String, now: Timestamp, _ database: Database) throws {
        let record = rejection.record
        let frame = Frame(record.alone, origin: record.origin, firstSequence: record.sequence).encoded
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

    /// Removes one, and keeps what became of it for as long as its record is in the spool. The last statement is the
    /// removal.
    static func end(_ id: Int64, wasDelivered: Bool, now: Timestamp, _ database: Database) throws {
        try database.executeCached(
            sql: """
                INSERT INTO dead_letter_end
                SELECT sink, sequence, :delivered, attempts + :delivered, reason, :now FROM dead_letter
                WHERE id = :id AND sequence >= (SELECT MIN(first_sequence) FROM frame)
                ON CONFLICT DO UPDATE SET delivered = excluded.delivered, attempts = excluded.attempts,
                    reason = excluded.reason, ended_ms = excluded.ended_ms
                """,
            arguments: ["delivered": wasDelivered, "now": now.milliseconds, "id": id])
        try database.executeCached(sql: "DELETE FROM dead_letter WHERE id = ?", arguments: [id])
    }

    /// Everything but the copy itself.
    static let columns = """
        id, sink, sequence, account, account_sid, dataset, record_id, record_type, time_ms, reason, attempts,
            rejected_ms, replay_ms, bytes
        """

    init(_ row: Row) {
        self.init(
            id: row["id"], sink: row["sink"], sequence: row["sequence"], account: row["account"],
            accountSID: row["account_sid"], dataset: row["dataset"], recordID: row["record_id"],
            recordType: row["record_type"], time: Timestamp(milliseconds: row["time_ms"]), reason: row["reason"],
            attempts: row["attempts"], rejectedAt: Timestamp(milliseconds: row["rejected_ms"]),
            replayRequestedAt: (row["replay_ms"] as Int64?).map(Timestamp.init(milliseconds:)), bytes: row["bytes"])
    }

    /// The record as it was kept.
    /// - Throws: `SpoolError.damaged` if the copy is not what was written.
    static func record(_ frame: Data, id: Int64, path: String) throws(SpoolError) -> SpooledRecord {
        let frame = try Frame(decoding: [UInt8](frame), path: "\(path), dead letter \(id)", offset: 0)
        guard frame.entries.count == 1 else {
            throw .damaged(path: "\(path), dead letter \(id)", offset: 0, reason: "the copy is not of one record")
        }
        return frame[frame.firstSequence]
    }
}

extension SpooledRecord {
    /// A block that holds only this record.
    var alone: EnvelopeBlock {
        var block = EnvelopeBlock()
        block.append(entry, from: bytes)
        return block
    }

    /// The same record for a sink that is to get it once more, under a number of its own.
    func again(as sequence: Int64) -> SpooledRecord {
        // It is for whom it is sent to, whoever it was read for.
        let origin = Origin(
            account: origin.account, accountSID: origin.accountSID, dataset: origin.dataset, lane: origin.lane)
        return SpooledRecord(sequence: sequence, origin: origin, bytes: bytes, entry: entry, isReplay: true)
    }

    /// The same record as it was collected, under its number in the spool.
    func original(_ sequence: Int64) -> SpooledRecord {
        SpooledRecord(sequence: sequence, origin: origin, bytes: bytes, entry: entry)
    }
}
