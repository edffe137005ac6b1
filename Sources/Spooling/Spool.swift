import Foundation
package import GRDB
import Glibc
package import PipelineCore

/// Everything twilship remembers: the records on their way, which were taken, how far each stream and each sink is.
///
/// - **Append and advance** is one transaction: a pass's records, their ledger entry and the stream's coverage become
///   durable together or not at all. The order is: segment written, `fdatasync`, its folder synced if it is new, then
///   the SQLite commit (WAL, `synchronous = FULL`) that counts the bytes. What was written but not committed is cut off
///   at the next start.
/// - **Settle** is one transaction: a sink's position and what the sink wants to remember.
/// - Sequences count records from 1 without holes and are never used again.
/// - A segment's file is removed after the commit that forgets it; files that no row knows are removed at the start.
/// - A failed write, sync or commit counts nothing, and its file is never written to again. A full disk takes the
///   `Reserve`, so that settling and removing go on; appending waits until it can be held again.
/// - What cannot be read is set aside and collected again (`Damage`).
/// - One process at a time (`StateLock`), and within it this actor, on a thread of its own: its calls block on the disk.
package actor Spool {
    private let executor: any SerialExecutor
    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    let directory: StateDirectory
    let options: SpoolOptions
    let database: DatabaseQueue
    let calls: FileCalls
    /// Where the spool says what somebody should know.
    let tell: @Sendable (SpoolEvent) -> Void
    private var lock: StateLock?
    /// False after `close`.
    var isOpen: Bool { lock != nil }
    /// Wall time in milliseconds since 1970; a test's own where it must.
    let now: @Sendable () -> Timestamp

    var reserve: Reserve
    var disk: DiskUse
    /// Sinks that are moved past records when these fill the spool.
    var skippingSinks: Set<String> = []
    /// What was last said of a full spool; nil while there is room.
    var fullness: Fullness?
    /// Until when Twilio keeps what the streams have not read, computed when it is asked for.
    var keptUntil: Timestamp??
    /// The streams of this process.
    var placedStreams: Set<StreamID> = []
    var ledgerLookedAt = Timestamp(milliseconds: .min)

    var segment: SegmentFile?
    /// Segments whose files may be longer than what counts, after a failure.
    var untidySegments: Set<Int64> = []
    /// When the open segment is closed although it is not full, so that old records are not kept with new ones.
    var segmentExpires = Timestamp(milliseconds: 0)
    var lastSegmentID: Int64 = 0
    var nextSequence: Int64
    /// The last sequence that this process has given to each stream's records.
    private var lastAppended: [StreamID: Int64] = [:]
    /// The sequence of the newest record that is not our own; 0 before the first.
    package private(set) var lastCollectedSequence: Int64
    var pending = Pending()
    /// How many records this process has collected.
    private(set) var collected: [StateSummary.Collected: Int] = [:]
    /// Commits are this far apart at least when nothing but passes without records is to be saved.
    private static let commitInterval: Duration = .seconds(1)
    private var committedAt = Timestamp(milliseconds: .min)
    /// Whose each stream is, with today's label.
    var accounts: [StreamID: (account: Pending.Account, label: String)]
    /// How many audits keep the ledger as it is.
    var ledgerHolds = 0
    /// The UTC day on which old usage was last looked for.
    var usagePrunedOn = ""
    var recentFrames: RecentFrames
    let buffer = BlockBuffer()
    private var subscribers: [UInt64: AsyncStream<Void>.Continuation] = [:]
    private var nextSubscriber: UInt64 = 0

    /// Opens the state directory, brings it up to date and clears up after a crash.
    /// - Parameter executor: runs everything the spool does; a test's own where it must.
    /// - Throws: `SpoolError`.
    package init(
        directory: StateDirectory, options: SpoolOptions, version: String,
        migrations: DatabaseMigrator = Migrations.all,
        now: @escaping @Sendable () -> Timestamp,
        calls: FileCalls = .system,
        tell: @escaping @Sendable (SpoolEvent) -> Void = { _ in },
        executor: any SerialExecutor = QueueExecutor(label: "twilship.spool")
    ) throws {
        self.executor = executor
        self.calls = calls
        self.tell = tell
        self.directory = directory
        self.options = options
        recentFrames = RecentFrames(mostBytes: options.recentBytes)
        self.now = now
        try directory.create()
        lock = try directory.lock()
        reserve = Reserve(directory, bytes: options.reserveBytes, calls)
        // SQLite needs a little room to open its files.
        if reserve.isHeld, let free = freeBytes(at: directory.path), free < options.reserveBytes / 16 {
            reserve.giveUp()
        }
        do {
            database = try Self.openDatabase(directory.databasePath, options)
            try Self.refuseDamaged(database, path: directory.databasePath)
            try Migrations.refuseNewer(migrations, in: database, path: directory.databasePath, version: version)
            // Before the first write: the disk may be full of what is swept.
            let swept = try Self.sweep(directory, database, calls)
            disk = swept.disk
            try Migrations.apply(migrations, to: database, path: directory.databasePath, version: version)
            accounts = try database.read(Self.accounts)
            nextSequence = try database.read { try Property.nextSequence.fetch($0).flatMap(Int64.init) ?? 1 }
            lastCollectedSequence = try database.read { database in
                try Int64.fetchOne(
                    database,
                    sql: "SELECT last_sequence FROM frame WHERE stream != 0 ORDER BY first_sequence DESC LIMIT 1") ?? 0
            }
            let last = try database.read {
                try Row.fetchOne($0, sql: "SELECT id, length, created_ms FROM segment ORDER BY id DESC LIMIT 1")
            }
            fullness = try database.read { try Property.fullness.fetch($0).flatMap(Fullness.init(json:)) }
            for (id, error) in swept.damaged {
                guard case .damaged(_, let end, _) = error else { continue }
                let time = now()
                // If this cannot be noted now, it is when a sink comes to it.
                let damage = try? database.write { database in
                    try Damage.setAside(.segment(id, from: end), directory, calls, now: time, database)
                }
                if let damage { tell(.damaged(error, damage)) }
            }
            // A damaged one is not written to again.
            // Nor is one of an older version, which did not write whole blocks.
            if let last, last["length"] < options.segmentBytes, !swept.damaged.keys.contains(last["id"]),
                last["length"] % Int64(BlockBuffer.blockBytes) == 0
            {
                segment = try SegmentFile(opening: last["id"], in: directory, committed: last["length"], calls)
                segmentExpires = Timestamp(milliseconds: last["created_ms"]) + options.segmentLife
            }
        } catch let error as DatabaseError {
            throw Self.error(error, directory)
        }
        _ = reserve.hold(in: directory.path)
    }

    private static func openDatabase(_ path: String, _ options: SpoolOptions) throws -> DatabaseQueue {
        let pages = options.logPages
        var configuration = Configuration()
        configuration.journalMode = .wal
        configuration.label = "twilship.state"
        configuration.busyMode = .timeout(5)
        configuration.prepareDatabase { database in
            try database.execute(sql: "PRAGMA secure_delete = OFF")
            try database.execute(
                sql: "PRAGMA wal_autocheckpoint = \(pages); PRAGMA journal_size_limit = \(pages * 4096)")
            database.add(function: LatenessHistogram.merging)
            database.add(function: RecentMinutes.merging)
        }
        // SQLite creates its files with the process's umask; records and places are nobody else's business.
        let mask = umask(0o077)
        defer { umask(mask) }
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        // Only now: with WAL the queue has set NORMAL, which syncs no commit, behind everything that prepares it.
        try queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
        return queue
    }

    /// What a longer database is not looked through for at the start, which must not take long.
    private static let checkedBytes = 32 << 20

    /// Refuses a database that is not what SQLite wrote. Of a long one this shows when the place is read.
    private static func refuseDamaged(_ database: DatabaseQueue, path: String) throws {
        guard let size = FileSize(path), size.length <= checkedBytes else { return }
        let finding = try database.read { try String.fetchOne($0, sql: "PRAGMA quick_check(1)") }
        guard finding == "ok" else { throw SpoolError.corrupt(path: path, reason: finding ?? "it cannot be checked") }
    }

    /// Gives the state directory up. Flush first; nothing may follow.
    package func close() throws {
        segment = nil
        try database.close()
        lock = nil
        for subscriber in subscribers.values { subscriber.finish() }
    }

    // MARK: - Append and advance

    /// Makes a complete pass over a window durable: records, ledger and progress in one transaction.
    ///
    /// Of a backfill it is the job's progress, and the ledger only if all sinks get the records.
    ///
    /// A pass without records is kept in memory until the next commit or `flush`. It is committed at once when the last
    /// commit was a second ago or longer: so a process that never lives for long gets on too.
    /// - Throws: `SpoolError`; nothing was counted then, and the same advance can be given again. `AdvanceOvertaken`.
    package func append(_ advance: Advance) throws {
        if let at = advance.comparedAt, at < lastAppended[advance.stream] ?? 0, !advance.taken.isEmpty {
            throw AdvanceOvertaken()
        }
        if let gap = advance.gap { try record(gap, of: advance) }
        guard advance.parts.contains(where: { $0.count > 0 }) else {
            if isCommitDue { try commit(advance) { _ in } } else { pending.add(advance) }
            return
        }
        let parts = advance.parts.map { lines in
            let origin = SpooledRecord.Origin(
                account: advance.account, accountSID: advance.accountSID, dataset: advance.dataset, lane: lines.lane,
                target: advance.backfill?.sink)
            return RecordPart(origin: origin, lines: lines)
        }
        try append(
            parts, stream: advance.stream.rawValue, window: advance.window, requestIDs: advance.requestIDs
        ) { sequences, place in
            try commit(advance) { database in
                try place(database)
                if advance.backfill?.sink == nil { try Ledger.add(advance, sequences: sequences, database) }
                if advance.backfill == nil { try Self.saveCheckpoint(advance, database) }
                if let backfill = advance.backfill { try BackfillJob.strike(advance.taken, of: backfill.job, database) }
            }
        }
        lastAppended[advance.stream] = lastSequence
        if advance.backfill?.sink == nil {
            let whose = StateSummary.Collected(account: advance.account, dataset: advance.dataset)
            collected[whose, default: 0] += advance.taken.count
        }
        lastCollectedSequence = lastSequence
    }

    /// Records that leave together, and whose they are.
    struct RecordPart {
        let origin: SpooledRecord.Origin
        let lines: EnvelopeLines
    }

    /// Writes records to the open segment, and has their place committed.
    /// - Parameters:
    ///   - stream: 0 for records of our own.
    ///   - commit: gets the records' sequences, and what saves their place; runs it in one transaction with all that is
    ///     to become durable together with them.
    /// - Throws: `SpoolError`; nothing was counted then.
    func append(
        _ parts: [RecordPart], stream: Int64, window: Window, requestIDs: [String],
        commit: (_ sequences: ClosedRange<Int64>, _ place: (Database) throws -> Void) throws -> Void
    ) throws {
        do {
            try appendOnce(parts, stream: stream, window: window, requestIDs: requestIDs, commit: commit)
        } catch let error as SpoolError {
            guard case .full(let fullness) = error, case .disk = fullness.cause else { throw error }
            guard reserve.isHeld else { throw noRoomOnDisk() }
            // With the reserve's room, delivered segments can be given up.
            giveUpReserve()
            try appendOnce(parts, stream: stream, window: window, requestIDs: requestIDs, commit: commit)
        }
    }

    private func appendOnce(
        _ parts: [RecordPart], stream: Int64, window: Window, requestIDs: [String],
        commit: (_ sequences: ClosedRange<Int64>, _ place: (Database) throws -> Void) throws -> Void
    ) throws {
        try makeRoom(for: parts.reduce(0) { $0 + Frame.estimatedBytes(of: $1.lines) })
        let collected = now()
        let place = try write(parts)
        let last = place.frames.last.map { $0.sequences.upperBound } ?? lastSequence
        do {
            try commit(nextSequence...last) { database in
                try database.executeCached(
                    sql: """
                        INSERT INTO segment (id, length, last_sequence, created_ms, updated_ms) VALUES (?, ?, ?, ?, ?)
                        ON CONFLICT (id) DO UPDATE SET length = excluded.length, last_sequence = excluded.last_sequence,
                            updated_ms = excluded.updated_ms
                        """,
                    arguments: [
                        place.segment, place.end, last, collected.milliseconds, collected.milliseconds,
                    ])
                for frame in place.frames {
                    try database.executeCached(
                        sql: """
                            INSERT INTO frame (first_sequence, last_sequence, segment, offset, length, stream, lane,
                                collected_ms, window_from_ms, window_to_ms, request_ids, target)
                            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                            """,
                        arguments: [
                            frame.sequences.lowerBound, frame.sequences.upperBound, place.segment, frame.offset,
                            frame.length, stream,
                            frame.origin.lane.rawValue, collected.milliseconds, window.from.milliseconds,
                            window.to.milliseconds, requestIDs.joined(separator: " "), frame.origin.target ?? "",
                        ])
                }
                try Property.nextSequence.save(String(last + 1), database)
            }
        } catch {
            // What was written stays until another commit has succeeded: after a crash the failed one may still be
            // found in the WAL, and then counts.
            segment = nil
            recentFrames.forget(from: nextSequence)
            untidySegments.insert(place.segment)
            throw error
        }
        if let size = FileSize(directory.segmentPath(place.segment)) {
            disk[directory.segmentPath(place.segment)] = size.allocated
        }
        nextSequence = last + 1
        keptUntil = nil
        notify()
    }

    private func record(_ gap: Advance.Gap, of advance: Advance) throws {
        let found = now()
        try commit { database in
            try database.execute(
                sql: """
                    INSERT INTO gap (stream, from_ms, to_ms, reason, found_ms) VALUES (?, ?, ?, ?, ?)
                    ON CONFLICT DO NOTHING
                    """,
                arguments: [
                    advance.stream.rawValue, gap.window.from.milliseconds, gap.window.to.milliseconds, gap.reason,
                    found.milliseconds,
                ])
        }
    }

    private static func saveCheckpoint(_ advance: Advance, _ database: Database) throws {
        guard let checkpoint = advance.checkpoint else { return }
        try database.executeCached(
            sql: """
                UPDATE stream SET checkpoint_ms = :time, checkpoint_sid = :sid
                WHERE id = :stream AND (checkpoint_ms IS NULL OR (checkpoint_ms, checkpoint_sid) < (:time, :sid))
                """,
            arguments: [
                "time": checkpoint.time.milliseconds, "sid": checkpoint.sid, "stream": advance.stream.rawValue,
            ])
    }

    // MARK: - Reading back

    func frame(containing sequence: Int64) throws -> Frame {
        if let frame = recentFrames[sequence] { return frame }
        let row = try query { database in
            try Row.fetchOne(
                database.cachedStatement(
                    sql: "SELECT * FROM frame WHERE first_sequence <= ? ORDER BY first_sequence DESC LIMIT 1"),
                arguments: [sequence])
        }
        guard let row, sequence <= row["last_sequence"] else { throw SpoolError.gone(sequence: sequence) }
        let path = directory.segmentPath(row["segment"])
        guard (row["damaged_ms"] as Int64?) == nil else {
            throw SpoolError.damaged(path: path, offset: row["offset"], reason: "it was set aside before")
        }
        let frame: Frame
        do throws(SpoolError) {
            frame = try directory.readFrame(row, calls)
        } catch {
            if case .damaged = error { try setAside(.frame(row["first_sequence"]), error) }
            throw error
        }
        recentFrames.add(frame)
        return frame
    }

    /// The sequence of the newest record; 0 before the first.
    package var lastSequence: Int64 { nextSequence - 1 }

    /// Lets go of a segment that is about to be removed.
    func forget(upTo last: Int64, segment id: Int64) {
        if segment?.id == id { segment = nil }
        recentFrames.forget(upTo: last)
    }

    /// Keeps what the service says of itself, for `status`: JSON.
    package func saveRuntime(_ json: String) throws {
        try commit { try Property.runtime.save(json, $0) }
    }

    /// A sequence that yields whenever records came or room was made; changes that nobody waited for are one.
    package func changes() -> AsyncStream<Void> {
        let id = nextSubscriber
        nextSubscriber += 1
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        continuation.onTermination = { [weak self] _ in
            Task { await self?.unsubscribe(id) }
        }
        subscribers[id] = continuation
        continuation.yield()
        return stream
    }

    private func unsubscribe(_ id: UInt64) {
        subscribers[id] = nil
    }

    func notify() {
        for subscriber in subscribers.values { subscriber.yield() }
    }

    // MARK: - Transactions

    /// Runs `updates` and everything that waits for the next commit in one transaction; once more if the disk is full
    /// and there is a reserve to give up.
    func commit(_ updates: (Database) throws -> Void) throws {
        do {
            try transact(updates)
        } catch let error as SpoolError {
            guard case .full = error, reserve.isHeld else { throw error }
            giveUpReserve()
            try transact(updates)
        }
    }

    private func transact(_ updates: (Database) throws -> Void) throws {
        let waiting = pending
        let time = now()
        do {
            try database.write { database in
                try waiting.save(now: time, database)
                try updates(database)
            }
        } catch let error as DatabaseError {
            throw Self.error(error, directory)
        }
        pending = Pending()
        committedAt = time
        if !untidySegments.isEmpty { tidySegments() }
    }

    /// SQLite does not say that a quota is used up, or that a file next to the database could not grow: then it is
    /// told from what is left.
    private static let leastFreeBytes = 64 << 10

    private static func error(_ error: DatabaseError, _ directory: StateDirectory) -> SpoolError {
        let path = directory.databasePath
        switch error.resultCode {
        case .SQLITE_CORRUPT, .SQLITE_NOTADB: return .corrupt(path: path, reason: error.message ?? "\(error)")
        case .SQLITE_FULL: break
        case .SQLITE_IOERR, .SQLITE_CANTOPEN:
            guard let free = freeBytes(at: directory.path), free < leastFreeBytes else { fallthrough }
        default: return .database(path: path, reason: error.description)
        }
        return .full(Fullness(cause: .disk(path: directory.path), sinks: [], since: nil, keptUntil: nil))
    }

    /// Commits a pass with `updates`. If that fails, nothing of the pass waits for a later commit.
    private func commit(_ advance: Advance, _ updates: (Database) throws -> Void) throws {
        let before = pending
        pending.add(advance)
        do {
            try commit(updates)
        } catch {
            pending = before
            throw error
        }
    }

    private var isCommitDue: Bool {
        let elapsed = now() - committedAt
        // The clock may have been set back.
        return elapsed >= Self.commitInterval || elapsed < .zero
    }

    /// What is asked cannot change meanwhile: nobody else writes. So it needs no transaction, which would cost as much
    /// as the asking.
    func query<Value>(_ value: (Database) throws -> Value) throws(SpoolError) -> Value {
        do {
            return try database.unsafeRead(value)
        } catch let error as DatabaseError {
            throw Self.error(error, directory)
        } catch {
            throw .database(path: directory.databasePath, reason: "\(error)")
        }
    }

    /// Commits what passes without records have left in memory. Call it every few seconds.
    package func flush() throws {
        guard !pending.isEmpty else { return }
        try commit { _ in }
    }
}
