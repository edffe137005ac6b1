import Foundation
import GRDB
import Glibc
import PipelineCore

extension Spool {
    /// Bytes on disk of segments, database and reserve.
    package func bytesUsed() throws -> Int {
        let others = ["", "-wal", "-shm"].map { directory.databasePath + $0 } + [directory.reservePath]
        return disk.bytes + others.reduce(0) { $0 + (FileSize($1)?.allocated ?? 0) }
    }

    /// Makes room for `bytes` more: gives up what is kept for inspection, then delivered segments, oldest first, then
    /// records of sinks that are to be moved past them.
    /// - Throws: `SpoolError.full` when what is left is still to be delivered, or the disk is full of other things.
    func makeRoom(for bytes: Int) throws {
        while let cause = try lack(of: bytes) {
            if removeDamagedFiles() { continue }
            if try removeOldestSegment(.pressed) { continue }
            if try skipOldestSegment() {
                // At once, or the sink might be moved for nothing: that commit may itself have made a little room.
                _ = try removeOldestSegment(.pressed)
                continue
            }
            let found = try fullness(cause)
            // With nothing left to deliver, what is in the way is the ledger, and waiting would not help.
            if found.sinks.isEmpty, case .limit = cause { break }
            note(found)
            throw SpoolError.full(found)
        }
        note(nil)
    }

    private func lack(of bytes: Int) throws -> Fullness.Cause? {
        // As if the log were as long as it gets: else there would be room after each time it is cut.
        let log = max(0, options.logPages * 4096 - (FileSize(directory.databasePath + "-wal")?.allocated ?? 0))
        if try bytesUsed() + log + bytes > options.maximumBytes { return .limit(bytes: options.maximumBytes) }
        return holdReserve() ? nil : .disk(path: directory.path)
    }

    /// Why there is no room for another pass now; nil if there is. Room for an eighth of a segment must be left, so that
    /// not all streams begin a pass into the last bytes.
    package func lackOfRoom() throws -> String? {
        do {
            try makeRoom(for: Int(options.segmentBytes / 8))
            return nil
        } catch let error as SpoolError {
            guard case .full = error else { throw error }
            return "\(error)"
        }
    }

    // MARK: - The reserve

    private func holdReserve() -> Bool {
        if reserve.isHeld { return true }
        guard reserve.hold(in: directory.path) else { return false }
        if reserve.isHeld {
            tell(.reserveHeld)
            notify()
        }
        return true
    }

    func giveUpReserve() {
        guard reserve.isHeld else { return }
        reserve.giveUp()
        tell(.reserveGivenUp(path: directory.path))
    }

    /// What to say when the disk is full.
    func noRoomOnDisk() -> SpoolError {
        let cause = Fullness.Cause.disk(path: directory.path)
        return .full((try? fullness(cause)) ?? Fullness(cause: cause, sinks: [], since: nil, keptUntil: nil))
    }

    // MARK: - What is said of it

    private func fullness(_ cause: Fullness.Cause) throws -> Fullness {
        let keptUntil = try keptUntil ?? computeKeptUntil()
        self.keptUntil = keptUntil
        return try query { database in
            let holders = try Row.fetchAll(
                database,
                sql: """
                    SELECT name, position FROM sink WHERE detached_ms IS NULL
                        AND position < (SELECT last_sequence FROM segment ORDER BY id LIMIT 1)
                    ORDER BY position, name
                    """)
            let since = try holders.first.flatMap { holder in
                try Int64.fetchOne(
                    database,
                    sql: "SELECT collected_ms FROM frame WHERE last_sequence > ? ORDER BY first_sequence LIMIT 1",
                    arguments: [holder["position"] as Int64])
            }
            return Fullness(
                cause: cause, sinks: holders.map { $0["name"] }, since: since.map(Timestamp.init(milliseconds:)),
                keptUntil: keptUntil)
        }
    }

    /// The oldest instant that a stream of this process has not read, and what Twilio promises.
    private func computeKeptUntil() throws -> Timestamp? {
        let streams = placedStreams
        return try query { database in
            let rows = try Row.fetchCursor(
                database, sql: "SELECT id, start_ms, coverage FROM stream WHERE retired_ms IS NULL")
            var oldest: Timestamp?
            while let row = try rows.next() {
                guard streams.contains(StreamID(rawValue: row["id"])),
                    let coverage = CoverageCoding.decode([UInt8](row["coverage"] as Data))
                else { continue }
                let unread = coverage.completeUpTo(from: Timestamp(milliseconds: row["start_ms"]))
                oldest = min(oldest ?? unread, unread)
            }
            return oldest.map { $0 + Fullness.retention }
        }
    }

    /// Keeps for `status` whether the spool is full, when that changes. If the disk does not even take this, the log
    /// has said it.
    private func note(_ found: Fullness?) {
        guard found?.cause != fullness?.cause || found?.sinks != fullness?.sinks else { return }
        let json = found.flatMap { try? JSONEncoder().encode($0) }.map { String(decoding: $0, as: UTF8.self) } ?? ""
        guard (try? commit({ try Property.fullness.save(json, $0) })) != nil else { return }
        fullness = found
    }

    // MARK: - Giving up

    enum Giving {
        /// Only what was delivered before this instant and nobody is to get again.
        case expired(Timestamp)
        /// Whatever was delivered.
        case pressed
    }

    /// Removes what was delivered longer ago than it is to be kept, and notes of deliveries that belonged to it; also
    /// usage and ended backfills of long ago. Takes the reserve back if there is room.
    package func removeExpired() throws {
        _ = holdReserve()
        let limit = now() - options.retain
        while try removeOldestSegment(.expired(limit)) {}
        // Not before: on a full disk, room comes first.
        try removeOldUsage()
        try trimLedger()
    }

    /// Removes the oldest segment if every attached sink is past it and `giving` allows it.
    func removeOldestSegment(_ giving: Giving) throws -> Bool {
        let row = try query { database in
            try Row.fetchOne(
                database.cachedStatement(
                    sql: """
                        SELECT id, last_sequence, updated_ms,
                            EXISTS (SELECT 1 FROM replay WHERE next_sequence <= segment.last_sequence
                                AND finished_ms IS NULL AND cancelled_ms IS NULL) AS is_pinned
                        FROM segment
                        WHERE last_sequence <=
                            (SELECT COALESCE(MIN(position), 9223372036854775807) FROM sink WHERE detached_ms IS NULL)
                        ORDER BY id LIMIT 1
                        """))
        }
        guard let row else { return false }
        if case .expired(let limit) = giving {
            guard !(row["is_pinned"] as Bool), Timestamp(milliseconds: row["updated_ms"]) < limit else { return false }
        }
        let id: Int64 = row["id"]
        let last: Int64 = row["last_sequence"]
        let time = now()
        var events: [SpoolEvent] = []
        var isDamaged = false
        forget(upTo: last, segment: id)
        try commit { database in
            events = try Self.moveReplays(past: last, now: time, database)
            try Self.noteGaps(ofDetachedSinksUpTo: last, now: time, database)
            isDamaged =
                try Bool.fetchOne(
                    database,
                    sql: "SELECT EXISTS (SELECT 1 FROM frame WHERE segment = ? AND damaged_ms IS NOT NULL)",
                    arguments: [id]) ?? false
            try database.execute(sql: "DELETE FROM frame WHERE segment = ?", arguments: [id])
            try database.execute(sql: "DELETE FROM segment WHERE id = ?", arguments: [id])
            try database.execute(sql: "DELETE FROM delivery WHERE last_sequence <= ?", arguments: [last])
            try database.execute(sql: "DELETE FROM dead_letter_end WHERE sequence <= ?", arguments: [last])
        }
        // A file that stays behind after a crash here is swept at the next start.
        if isDamaged { keepDamagedFile(id) } else { _ = calls.unlink(directory.segmentPath(id)) }
        disk[directory.segmentPath(id)] = nil
        events.forEach(tell)
        notify()
        return true
    }

    /// Lets replays go on behind what is given up.
    private static func moveReplays(past last: Int64, now: Timestamp, _ database: Database) throws -> [SpoolEvent] {
        let open = "next_sequence <= :last AND finished_ms IS NULL AND cancelled_ms IS NULL"
        let events = try Row.fetchAll(
            database, sql: "SELECT id, sink FROM replay WHERE \(open)", arguments: ["last": last]
        ).map { SpoolEvent.replayMoved(id: $0["id"], sink: $0["sink"], past: last) }
        if !events.isEmpty {
            try database.execute(
                sql: """
                    UPDATE replay SET missing = missing + MIN(last_sequence, :last) - next_sequence + 1,
                        next_sequence = :last + 1,
                        finished_ms = CASE WHEN last_sequence <= :last THEN :now END WHERE \(open)
                    """,
                arguments: ["last": last, "now": now.milliseconds])
        }
        return events
    }

    /// Removes segment files that no committed row knows, and looks at the others without reading them.
    /// - Returns: what they take on disk, and those that are missing or too short.
    static func sweep(
        _ directory: StateDirectory, _ database: DatabaseQueue, _ calls: FileCalls
    ) throws -> (disk: DiskUse, damaged: [Int64: SpoolError]) {
        var disk = DiskUse()
        var damaged: [Int64: SpoolError] = [:]
        guard try database.read({ try $0.tableExists("segment") }) else { return (disk, damaged) }
        let lengths = try database.read { database in
            try Row.fetchAll(database, sql: "SELECT id, length FROM segment").map {
                (id: $0["id"] as Int64, length: $0["length"] as Int64)
            }
        }
        let known = Set(lengths.map { directory.segmentPath($0.id) })
        for name in try directory.spoolFiles() {
            let path = directory.spoolPath + "/" + name
            if name.hasSuffix(".seg"), !known.contains(path) {
                _ = calls.unlink(path)
            } else if name.hasSuffix(".seg") || name.hasSuffix(StateDirectory.damagedSuffix) {
                disk[path] = FileSize(path)?.allocated
            }
        }
        for (id, length) in lengths {
            let path = directory.segmentPath(id)
            if let size = FileSize(path) {
                guard size.length < length else { continue }
                damaged[id] = .damaged(
                    path: path, offset: size.length, reason: "the file ends before its committed length \(length)")
            } else if errno == ENOENT {
                damaged[id] = .damaged(path: path, offset: 0, reason: "the file is missing")
            }
        }
        return (disk, damaged)
    }
}
