import Foundation
import GRDB
package import PipelineCore

extension Spool {
    /// What the sink is to get once more next: dead letters first, then the oldest open replay. The same again until
    /// it is settled; nil if there is nothing.
    ///
    /// What cannot be read is passed over: a replay counts it as missing, a dead letter says so and stays.
    /// - Parameter maximumBytes: of lines, unless the first alone is longer.
    package func nextResend(of sink: String, maximumRecords: Int, maximumBytes: Int) throws -> Resend? {
        if let letters = try nextDeadLetters(of: sink, maximumRecords, maximumBytes) { return letters }
        while let job = try query({ try ReplayJob.fetchNext(of: sink, $0) }) {
            if let next = try nextPart(of: job, maximumRecords, maximumBytes) { return next }
        }
        return nil
    }

    private func nextDeadLetters(of sink: String, _ maximumRecords: Int, _ maximumBytes: Int) throws -> Resend? {
        let path = directory.databasePath
        var ids: [Int64] = []
        var records: [SpooledRecord] = []
        var damaged: [(id: Int64, error: SpoolError)] = []
        try query { database in
            var bytes = 0
            let rows = try Row.fetchCursor(
                database,
                sql: """
                    SELECT id, frame FROM dead_letter WHERE sink = ? AND replay_ms IS NOT NULL ORDER BY id LIMIT ?
                    """,
                arguments: [sink, maximumRecords])
            while let row = try rows.next() {
                let id: Int64 = row["id"]
                do throws(SpoolError) {
                    let record = try DeadLetter.record(row["frame"], id: id, path: path)
                    bytes += record.line.count + 1
                    if bytes > maximumBytes, !records.isEmpty { return }
                    ids.append(id)
                    records.append(record.again(as: Resend.sequence(deadLetter: id)))
                } catch {
                    damaged.append((id, error))
                }
            }
        }
        if !damaged.isEmpty {
            try commit { database in
                for (id, error) in damaged {
                    try database.execute(
                        sql: "UPDATE dead_letter SET replay_ms = NULL, reason = ? WHERE id = ?",
                        arguments: ["it cannot be sent again, the copy cannot be read: \(error)", id])
                }
            }
        }
        guard !records.isEmpty else {
            // A whole lot that cannot be read is behind us now; there may be more.
            return damaged.isEmpty ? nil : try nextDeadLetters(of: sink, maximumRecords, maximumBytes)
        }
        return Resend(cause: .deadLetters(ids), records: records)
    }

    /// How many pieces of the spool are looked at for one part of a replay.
    private static let spansPerPart = 64

    /// The next records of a replay; nil if the next piece holds none for the sink, and the job has moved past it.
    private func nextPart(of job: ReplayJob, _ maximumRecords: Int, _ maximumBytes: Int) throws -> Resend? {
        var records: [SpooledRecord] = []
        var bytes = 0
        var next = job.next
        spans: for span in try spans(after: next - 1, limit: Self.spansPerPart) {
            // What is missing is noted on its own, so that a part has no holes.
            guard span.sequences.lowerBound <= next, !span.isDamaged, next <= job.sequences.upperBound,
                let frame = try readable(next)
            else { break }
            let last = min(frame.lastSequence, job.sequences.upperBound)
            while next <= last {
                let record = frame[next]
                if record.target == nil || record.target == job.sink {
                    bytes += record.line.count + 1
                    if records.count == maximumRecords || bytes > maximumBytes && !records.isEmpty { break spans }
                    records.append(record.again(as: Resend.sequence(job: job.id, next)))
                }
                next += 1
            }
        }
        if !records.isEmpty {
            return Resend(cause: .replay(job: job.id, through: next - 1), records: records)
        }
        var progress = ReplayJob.Progress(through: next - 1)
        if next > job.next {
            // All of it was read for another sink.
            progress.filtered = next - job.next
        } else {
            progress.through = min(try unreadable(from: next), job.sequences.upperBound)
            progress.missing = progress.through - next + 1
        }
        let time = now()
        try commit { try progress.save(job.id, now: time, $0) }
        return nil
    }

    /// The frame that holds the record; nil if it is damaged.
    private func readable(_ sequence: Int64) throws -> Frame? {
        do {
            return try frame(containing: sequence)
        } catch let error as SpoolError {
            guard case .damaged = error else { throw error }
            return nil
        }
    }

    /// The last record, from `sequence` on, that cannot be read for the same cause: it left the spool, or lies in the
    /// same damaged frame.
    private func unreadable(from sequence: Int64) throws -> Int64 {
        guard let span = try spans(after: sequence - 1, limit: 1).first else { return .max - 1 }
        return span.sequences.lowerBound > sequence ? span.sequences.lowerBound - 1 : span.sequences.upperBound
    }

    /// Notes what became of records that were sent once more, in one transaction: dead letters that were accepted are
    /// gone, and those that were refused again stay with the new reason; a replay moves on, and what was refused of it
    /// becomes a dead letter.
    /// - Parameter verdicts: one for each record that is not filtered, in order; never `retry`.
    /// - Parameter filtered: which records the sink did not want, as indices.
    /// - Throws: `SpoolError`; nothing was noted then.
    package func settle(
        _ resend: Resend, of sink: String, verdicts: [Verdict], filtered: [Int], state: SinkState
    ) throws {
        let outcomes = resend.outcomes(verdicts, filtered: filtered)
        let time = now()
        try commit { database in
            var rejected: Int64 = 0
            switch resend.cause {
            case .deadLetters(let ids):
                for (id, outcome) in zip(ids, outcomes) {
                    try Self.settle(deadLetter: id, outcome, now: time, database)
                }
            case .replay(let job, let through):
                for (record, outcome) in zip(resend.records, outcomes) {
                    guard case .rejected(let reason) = outcome else { continue }
                    let original = record.original(Resend.spooledSequence(record.sequence))
                    try Self.reject(original, reason, of: sink, now: time, database)
                    rejected += 1
                }
                try Self.settle(job, through: through, outcomes, now: time, database)
            }
            let delivered = outcomes.count { $0 == .accepted }
            try database.executeCached(
                sql: """
                    UPDATE sink SET delivered = delivered + ?, rejected = rejected + ?, settled_ms = ? WHERE name = ?
                    """,
                arguments: [delivered, rejected, time.milliseconds, sink])
            try Self.saveState(state, of: sink, database)
        }
        notify()
    }

    private static func settle(
        _ job: Int64, through: Int64, _ outcomes: [Resend.Outcome], now: Timestamp, _ database: Database
    ) throws {
        guard
            let next = try Int64.fetchOne(
                database, sql: "SELECT next_sequence FROM replay WHERE id = ?", arguments: [job])
        else { return }
        var progress = ReplayJob.Progress(through: through)
        for outcome in outcomes {
            switch outcome {
            case .accepted: progress.delivered += 1
            case .rejected: progress.rejected += 1
            case .filtered: progress.filtered += 1
            }
        }
        // What lies between was read for another sink.
        progress.filtered += max(0, through - next + 1 - Int64(outcomes.count))
        try progress.save(job, now: now, database)
    }

    private static func settle(
        deadLetter id: Int64, _ outcome: Resend.Outcome, now: Timestamp, _ database: Database
    ) throws {
        switch outcome {
        case .accepted:
            try DeadLetter.end(id, wasDelivered: true, now: now, database)
        case .rejected(let reason):
            try database.executeCached(
                sql: """
                    UPDATE dead_letter SET reason = ?, attempts = attempts + 1, rejected_ms = ?, replay_ms = NULL
                    WHERE id = ?
                    """,
                arguments: [reason, now.milliseconds, id])
        case .filtered:
            // Nobody asked to drop it.
            try database.executeCached(
                sql: """
                    UPDATE dead_letter SET replay_ms = NULL,
                        reason = CASE WHEN reason LIKE :note || '%' THEN reason ELSE :note || reason END
                    WHERE id = :id
                    """,
                arguments: ["note": "not sent again, [sink.filter] does not want it; earlier: ", "id": id])
        }
    }

    /// Keeps a copy of what was refused, or the new reason if there is a copy already.
    private static func reject(
        _ record: SpooledRecord, _ reason: String, of sink: String, now: Timestamp, _ database: Database
    ) throws {
        try database.executeCached(
            sql: """
                UPDATE dead_letter SET reason = ?, attempts = attempts + 1, rejected_ms = ?
                WHERE sink = ? AND sequence = ?
                """,
            arguments: [reason, now.milliseconds, sink, record.sequence])
        guard database.changesCount == 0 else { return }
        try DeadLetter.add(
            Settlement.Rejection(record: record, reason: reason, attempts: 1), sink: sink, now: now, database)
    }

    /// What was asked for once more and is not settled yet.
    package func resendBacklog(of sink: String) throws -> (deadLetters: Int, records: Int64) {
        try query { database in
            let letters = try Int.fetchOne(
                database, sql: "SELECT COUNT(*) FROM dead_letter WHERE sink = ? AND replay_ms IS NOT NULL",
                arguments: [sink])
            let records = try ReplayJob.fetchAll(database, openOnly: true).filter { $0.sink == sink }
            return (letters ?? 0, records.reduce(0) { $0 + $1.remaining })
        }
    }
}

extension Resend {
    enum Outcome: Equatable {
        case accepted
        case rejected(reason: String)
        case filtered
    }

    /// What became of each record.
    fileprivate func outcomes(_ verdicts: [Verdict], filtered: [Int]) -> [Outcome] {
        let filtered = Set(filtered)
        precondition(verdicts.count + filtered.count == records.count, "every record has a verdict or is filtered")
        var next = verdicts.makeIterator()
        return records.indices.map { index in
            guard !filtered.contains(index), let verdict = next.next() else { return .filtered }
            switch verdict {
            case .accepted: return .accepted
            case .rejected(let reason): return .rejected(reason: reason)
            case .retry: preconditionFailure("what is to be tried again is not settled")
            }
        }
    }
}
