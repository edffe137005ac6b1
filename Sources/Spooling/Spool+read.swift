import GRDB
package import PipelineCore

extension Spool {
    /// The records after `position`, in order: at most `maximumRecords`, and at most `maximumBytes` of lines unless the
    /// first alone is longer. Empty at the end.
    package func read(after position: Int64, maximumRecords: Int, maximumBytes: Int) throws -> [SpooledRecord] {
        try read(position + 1...lastSequence + 1, maximumRecords: maximumRecords, maximumBytes: maximumBytes)
    }

    /// The records from the range's first on, in order: at most `maximumRecords`, and at most `maximumBytes` of lines
    /// unless the first alone is longer. Records that are not there yet are left out.
    /// - Throws: `SpoolError.damaged` if one cannot be read.
    package func read(
        _ sequences: ClosedRange<Int64>, maximumRecords: Int = .max, maximumBytes: Int = .max
    ) throws -> [SpooledRecord] {
        var records: [SpooledRecord] = []
        var bytes = 0
        var sequence = sequences.lowerBound
        let end = min(sequences.upperBound, lastSequence)
        while records.count < maximumRecords, sequence <= end {
            let frame = try frame(containing: sequence)
            while sequence <= min(frame.lastSequence, end), records.count < maximumRecords {
                let record = frame[sequence]
                bytes += record.line.count + 1
                if bytes > maximumBytes, !records.isEmpty { return records }
                records.append(record)
                sequence += 1
            }
        }
        return records
    }

    /// What lies in the spool behind `position`, oldest first: at most `limit` spans, the first of which may begin
    /// before. Nothing is read but the index.
    package func spans(after position: Int64, limit: Int) throws -> [FrameSpan] {
        try query { database in
            let rows = try Row.fetchCursor(
                database.cachedStatement(
                    sql: """
                        SELECT first_sequence, last_sequence, stream, lane, damaged_ms FROM frame
                        WHERE first_sequence > COALESCE(
                            (SELECT MAX(first_sequence) FROM frame WHERE first_sequence <= ?), 0) - 1
                        ORDER BY first_sequence LIMIT ?
                        """),
                arguments: [position + 1, limit])
            var spans: [FrameSpan] = []
            // Asked with every batch: by place, since finding a column by its name takes longer than the rest.
            while let row = try rows.next() {
                let sequences: ClosedRange<Int64> = row[0]...row[1]
                guard sequences.upperBound > position else { continue }
                // A lane that only a newer version knows is live to this one.
                let lane = UInt8(exactly: row[3] as Int64).flatMap(Lane.init) ?? .live
                spans.append(
                    FrameSpan(
                        sequences: sequences, stream: StreamID(rawValue: row[2]), lane: lane,
                        isDamaged: (row[4] as Int64?) != nil))
            }
            return spans
        }
    }
}
