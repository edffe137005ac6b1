import GRDB
import Glibc
package import PipelineCore

/// A file of the spool.
package struct SegmentSummary: Sendable {
    package let id: Int64
    package let path: String
    package let bytes: Int64
    package let records: Int64
    /// When its first and last records were collected; nil if it holds none yet.
    package let oldest: Timestamp?
    package let newest: Timestamp?
    /// How many of its parts are known to be unreadable.
    package let damaged: Int
    /// Attached sinks that do not have all of it yet.
    package let holders: [String]
}

/// What the spool holds, as far as it is counted.
package struct SpooledSpan: Sendable {
    package let records: Int64
    package let oldest: Timestamp
    package let newest: Timestamp
}

/// What is found when a part of the spool is read.
package enum FrameFinding: Sendable {
    case intact([SpooledRecord], collected: Timestamp)
    case damaged(path: String, offset: Int64, records: Int, reason: String)
}

extension StateReader {
    /// The files of the spool, oldest first.
    package func segments() throws(SpoolError) -> [SegmentSummary] {
        let directory = directory
        return try read { database in
            let sinks = try Row.fetchAll(
                database, sql: "SELECT name, position FROM sink WHERE detached_ms IS NULL ORDER BY name")
            return try Row.fetchAll(
                database,
                sql: """
                    SELECT segment.id, segment.length, segment.last_sequence,
                        COALESCE(SUM(frame.last_sequence - frame.first_sequence + 1), 0) AS records,
                        MIN(collected_ms) AS oldest, MAX(collected_ms) AS newest, COUNT(damaged_ms) AS damaged
                    FROM segment LEFT JOIN frame ON frame.segment = segment.id
                    GROUP BY segment.id ORDER BY segment.id
                    """
            ).map { row in
                let last: Int64 = row["last_sequence"]
                return SegmentSummary(
                    id: row["id"], path: directory.segmentPath(row["id"]), bytes: row["length"],
                    records: row["records"],
                    oldest: (row["oldest"] as Int64?).map(Timestamp.init(milliseconds:)),
                    newest: (row["newest"] as Int64?).map(Timestamp.init(milliseconds:)), damaged: row["damaged"],
                    holders: sinks.filter { ($0["position"] as Int64) < last }.map { $0["name"] })
            }
        }
    }

    /// What was collected from `from` on and before `to` and is still in the spool; nil if nothing is.
    package func spooled(
        from: Timestamp = Timestamp(milliseconds: .min), to: Timestamp = Timestamp(milliseconds: .max)
    ) throws(SpoolError) -> SpooledSpan? {
        try read { database in
            let row = try Row.fetchOne(
                database,
                sql: """
                    SELECT SUM(last_sequence - first_sequence + 1) AS records, MIN(collected_ms) AS oldest,
                        MAX(collected_ms) AS newest
                    FROM frame WHERE collected_ms >= ? AND collected_ms < ?
                    """,
                arguments: [from.milliseconds, to.milliseconds])
            guard let row, let records = row["records"] as Int64? else { return nil }
            return SpooledSpan(
                records: records, oldest: Timestamp(milliseconds: row["oldest"]),
                newest: Timestamp(milliseconds: row["newest"]))
        }
    }

    /// Reads the next part of the spool behind a record and checks all of it.
    /// - Parameter position: 0 for the first.
    /// - Returns: what was found and the number of the part's last record; nil at the end.
    package func nextFrame(
        after position: Int64, from: Timestamp = Timestamp(milliseconds: .min),
        to: Timestamp = Timestamp(milliseconds: .max)
    ) throws(SpoolError) -> (finding: FrameFinding, last: Int64)? {
        while let row = try frameRow(after: position, from, to) {
            let (first, last): (Int64, Int64) = (row["first_sequence"], row["last_sequence"])
            let path = directory.segmentPath(row["segment"])
            do throws(SpoolError) {
                let frame = try directory.readFrame(row, .system)
                let collected = Timestamp(milliseconds: row["collected_ms"])
                return (.intact((first...last).map { frame[$0] }, collected: collected), last)
            } catch {
                // The service may have given the file up meanwhile.
                if try frameRow(after: position, from, to).map({ $0["first_sequence"] as Int64 }) != first { continue }
                let reason: String =
                    switch error {
                    case .damaged(_, _, let reason): reason
                    case .io(_, let doing, let reason): "\(doing) failed: \(reason)"
                    default: "\(error)"
                    }
                return (
                    .damaged(path: path, offset: row["offset"], records: Int(last - first + 1), reason: reason), last
                )
            }
        }
        return nil
    }

    private func frameRow(after position: Int64, _ from: Timestamp, _ to: Timestamp) throws(SpoolError) -> Row? {
        try read { database in
            try Row.fetchOne(
                database,
                sql: """
                    SELECT * FROM frame WHERE first_sequence > ? AND collected_ms >= ? AND collected_ms < ?
                    ORDER BY first_sequence LIMIT 1
                    """,
                arguments: [position, from.milliseconds, to.milliseconds])
        }
    }
}
