import GRDB
package import PipelineCore

/// Facts about twilship itself, on their way to become records.
///
/// - What is announced is durable at once; what is a row of its own (gaps, dead letters) is told by itself, whoever
///   noted it down.
/// - A record and the note that its fact was told are one transaction: each becomes one record, whatever happens.
extension Spool {
    /// Notes down a fact that is to become a record.
    package func announce(_ announcement: Announcement) throws {
        try commit { try Announcement.add(announcement, $0) }
    }

    /// Notes down, before it is done, that somebody has twilship do something.
    /// - Parameters:
    ///   - uid: the caller's.
    ///   - beside: whether a running service does it; otherwise the command does it itself.
    package func announceCommand(
        _ command: String, arguments: [String: String], uid: UInt32, beside service: Bool = false
    ) throws {
        try announce(.command(command, arguments: arguments, uid: uid, service: service, at: now()))
    }

    /// What waits to become records, each kind oldest first: a bounded number.
    /// - Parameter ofSinks: whether to look for dead letters and sinks' gaps, too, which may come in numbers.
    package func announcements(ofSinks: Bool = true) throws -> [Announcement] {
        let time = now()
        return try query { database in
            let waiting = try Announcement.rows(database) + Announcement.gaps(database)
            guard ofSinks else { return waiting }
            return try waiting + Announcement.sinkGaps(database) + Announcement.deadLetters(database, now: time)
        }
    }

    /// Records of our own, of one account or of none, in the order of their announcements.
    package struct OwnRecords: Sendable {
        package let account: String?
        package let accountSID: String?
        package let block: EnvelopeBlock

        package init(account: String?, accountSID: String?, block: EnvelopeBlock) {
            self.account = account
            self.accountSID = accountSID
            self.block = block
        }
    }

    /// Makes records of our own durable, and their announcements told, in one transaction. They are in no ledger, and no
    /// stream's place moves.
    /// - Throws: `SpoolError`; nothing was counted then.
    package func append(_ records: [OwnRecords], telling announcements: [Announcement]) throws {
        guard records.contains(where: { !$0.block.entries.isEmpty }) else { return }
        let parts = records.map { part in
            let origin = SpooledRecord.Origin(
                account: part.account ?? "", accountSID: part.accountSID ?? "", dataset: .twilship, lane: .live)
            return RecordPart(origin: origin, lines: EnvelopeLines(lane: .live, block: part.block))
        }
        let time = now()
        try append(parts, stream: 0, window: Window(from: time, to: time), requestIDs: []) { _, place in
            try commit { database in
                try place(database)
                for announcement in announcements { try announcement.source.markTold(database) }
            }
        }
    }
}

extension Announcement.Source {
    fileprivate func markTold(_ database: Database) throws {
        switch self {
        case .none: break
        case .row(let id):
            try database.execute(sql: "DELETE FROM announcement WHERE id = ?", arguments: [id])
        case .gap(let stream, let from, let to):
            try database.execute(
                sql: "UPDATE gap SET announced = 1 WHERE stream = ? AND from_ms = ? AND to_ms = ?",
                arguments: [stream, from, to])
        case .sinkGap(let sink, let first):
            try database.execute(
                sql: "UPDATE sink_gap SET announced = 1 WHERE sink = ? AND first_sequence = ?",
                arguments: [sink, first])
        case .deadLetters(let sink, let accountSID, let last):
            try database.execute(
                sql: """
                    UPDATE dead_letter SET announced = 1
                    WHERE announced = 0 AND dataset != 'twilship' AND sink = ? AND account_sid = ? AND id <= ?
                    """,
                arguments: [sink, accountSID, last])
        }
    }
}
