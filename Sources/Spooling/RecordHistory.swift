import Foundation
import GRDB
package import PipelineCore

/// What became of one record: `twilship explain`.
package struct RecordHistory: Sendable {
    package struct Delivery: Sendable {
        package enum State: Sendable {
            case delivered(at: Timestamp, attempts: Int)
            case filtered(at: Timestamp)
            /// Delivered or filtered so long ago that which and when is no longer known.
            case settledLongAgo
            /// Collected before the sink was first seen, and not meant for it.
            case beforeItsStart
            case waiting(recordsAhead: Int64)
            /// The sink refused it for good; a copy is kept.
            case rejected(DeadLetter)
            /// The sink had refused it, and took it when it was sent once more.
            case deliveredLater(at: Timestamp, attempts: Int, reason: String)
            /// The sink had refused it, and somebody dropped the copy.
            case dropped(at: Timestamp, attempts: Int, reason: String)
            /// The sink was moved past it without getting it.
            case skipped(at: Timestamp, reason: String)
        }

        /// A replay that the record is part of.
        package struct Replay: Sendable {
            package enum State: Sendable {
                case waiting, due, cancelled
            }

            package let id: Int64
            /// Whether it is still to come, is behind it, or was cancelled before.
            package let state: State
        }

        package let sink: String
        package let state: State
        package let replays: [Replay]
    }

    /// The envelope's.
    package let id: String
    package let accountSID: String
    package let account: String
    package let dataset: Dataset
    package let sequence: Int64
    package let lane: Lane
    package let collected: Timestamp
    package let window: Window
    package let requestIDs: [String]
    package let deliveries: [Delivery]
    /// The one sink it is for; nil for all of them.
    package let target: String?
    /// The envelope.
    package let line: String
    package let time: Timestamp
}

extension RecordHistory {
    static func find(
        _ identity: RecordIdentity, sid: String, _ directory: StateDirectory, _ database: Database
    ) throws -> [RecordHistory] {
        // No index leads from a SID to its record (see Ledger); this reads 16 bytes for each record that was taken.
        var spans: [ClosedRange<Int64>] = []
        let rows = try Row.fetchCursor(
            database, sql: "SELECT identities, first_sequence, last_sequence FROM ledger")
        while let row = try rows.next() {
            let list = IdentityList(bytes: [UInt8](row["identities"] as Data))
            if list.contains(identity) { spans.append(row["first_sequence"]...row["last_sequence"]) }
        }
        if spans.isEmpty, let first = try Int64.fetchOne(database, sql: "SELECT MIN(first_sequence) FROM frame"),
            let last = try Int64.fetchOne(database, sql: "SELECT MAX(last_sequence) FROM frame")
        {
            spans = [first...last]
        }
        // What a backfill sends to one sink is in no ledger.
        var frames = try Row.fetchAll(
            database,
            sql: """
                \(frameColumns) WHERE lane = ? AND EXISTS (SELECT 1 FROM backfill WHERE sink != '')
                """,
            arguments: [Lane.backfill.rawValue])
        for span in spans {
            frames += try Row.fetchAll(
                database, sql: "\(frameColumns) WHERE last_sequence >= ? AND first_sequence <= ?",
                arguments: [span.lowerBound, span.upperBound])
        }
        let distinct = Dictionary(frames.map { ($0["first_sequence"] as Int64, $0) }) { first, _ in first }
        return try distinct.sorted { $0.key < $1.key }.compactMap {
            try history(of: identity, sid: sid, in: $0.value, directory, database)
        }
    }

    private static let frameColumns = "SELECT * FROM frame"

    private static func history(
        of identity: RecordIdentity, sid: String, in row: Row, _ directory: StateDirectory, _ database: Database
    ) throws -> RecordHistory? {
        let frame: Frame
        do throws(SpoolError) {
            frame = try directory.readFrame(row, .system)
        } catch {
            // What was set aside is collected again, and found where it lies then; until then, see `damagedCopies`.
            guard case .damaged = error else { throw error }
            return nil
        }
        guard let index = frame.entries.firstIndex(where: { $0.identity == identity }) else { return nil }
        let record = frame[frame.firstSequence + Int64(index)]
        guard record.id == sid else { return nil }
        return RecordHistory(
            id: sid, accountSID: frame.origin.accountSID, account: frame.origin.account, dataset: frame.origin.dataset,
            sequence: record.sequence, lane: frame.origin.lane, collected: Timestamp(milliseconds: row["collected_ms"]),
            window: Window(
                from: Timestamp(milliseconds: row["window_from_ms"]), to: Timestamp(milliseconds: row["window_to_ms"])),
            requestIDs: (row["request_ids"] as String).split(separator: " ").map(String.init),
            deliveries: try deliveries(of: record.sequence, database),
            target: record.target,
            line: String(decoding: record.line, as: UTF8.self),
            time: record.entry.time)
    }

    private static func deliveries(of sequence: Int64, _ database: Database) throws -> [Delivery] {
        let sinks = try Row.fetchAll(
            database, sql: "SELECT name, position, start_position FROM sink WHERE detached_ms IS NULL ORDER BY name")
        return try sinks.map { sink in
            let batch = try Row.fetchOne(
                database,
                sql: """
                    SELECT first_sequence, attempts, filtered, settled_ms FROM delivery
                    WHERE sink = ? AND first_sequence <= ? AND last_sequence >= ?
                    """,
                arguments: [sink["name"] as String, sequence, sequence])
            let name: String = sink["name"]
            let state =
                try outcome(of: sequence, sink: name, database)
                ?? state(of: sequence, sink: sink, batch: batch)
            return Delivery(sink: name, state: state, replays: try replays(of: sequence, sink: name, database))
        }
    }

    /// What is known of this record in particular.
    private static func outcome(
        of sequence: Int64, sink: String, _ database: Database
    ) throws -> Delivery.State? {
        let arguments: StatementArguments = ["sink": sink, "sequence": sequence]
        if let letter = try Row.fetchOne(
            database,
            sql: "SELECT \(DeadLetter.columns) FROM dead_letter WHERE sink = :sink AND sequence = :sequence",
            arguments: arguments)
        {
            return .rejected(DeadLetter(letter))
        }
        if let end = try Row.fetchOne(
            database, sql: "SELECT * FROM dead_letter_end WHERE sink = :sink AND sequence = :sequence",
            arguments: arguments)
        {
            let time = Timestamp(milliseconds: end["ended_ms"])
            return (end["delivered"] as Bool)
                ? .deliveredLater(at: time, attempts: end["attempts"], reason: end["reason"])
                : .dropped(at: time, attempts: end["attempts"], reason: end["reason"])
        }
        let gap = try Row.fetchOne(
            database,
            sql: """
                SELECT reason, found_ms FROM sink_gap
                WHERE sink = :sink AND first_sequence <= :sequence AND last_sequence >= :sequence
                """,
            arguments: arguments)
        return gap.map { .skipped(at: Timestamp(milliseconds: $0["found_ms"]), reason: $0["reason"]) }
    }

    private static func replays(
        of sequence: Int64, sink: String, _ database: Database
    ) throws -> [Delivery.Replay] {
        try Row.fetchAll(
            database,
            sql: """
                SELECT * FROM replay WHERE sink = ? AND first_sequence <= ? AND last_sequence >= ? ORDER BY id
                """,
            arguments: [sink, sequence, sequence]
        ).map(ReplayJob.init).map { job in
            Delivery.Replay(
                id: job.id, state: job.next > sequence ? .due : job.cancelledAt == nil ? .waiting : .cancelled)
        }
    }

    private static func state(of sequence: Int64, sink: Row, batch: Row?) -> Delivery.State {
        let position: Int64 = sink["position"]
        if let batch {
            let place = String(sequence - (batch["first_sequence"] as Int64))
            let filtered = (batch["filtered"] as String).split(separator: " ")
            let time = Timestamp(milliseconds: batch["settled_ms"])
            let attempts: Int = batch["attempts"]
            return attempts == 0 || filtered.contains(Substring(place))
                ? .filtered(at: time) : .delivered(at: time, attempts: attempts)
        }
        if sequence <= sink["start_position"] { return .beforeItsStart }
        return position >= sequence ? .settledLongAgo : .waiting(recordsAhead: sequence - position - 1)
    }
}

extension StateDirectory {
    /// Reads the frame that a row of the table `frame` tells of.
    func readFrame(_ row: Row, _ calls: FileCalls) throws(SpoolError) -> Frame {
        let path = segmentPath(row["segment"])
        let offset: Int64 = row["offset"]
        let length: Int = row["length"]
        let bytes = try SegmentFile.read(path: path, offset: offset, length: length, calls)
        let frame = try Frame(decoding: bytes, from: bytes.count - length, path: path, offset: offset)
        guard frame.firstSequence == row["first_sequence"], frame.lastSequence == row["last_sequence"] else {
            throw .damaged(path: path, offset: offset, reason: "another frame lies there")
        }
        return frame
    }
}
