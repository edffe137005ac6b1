import GRDB
import Glibc
import PipelineCore

extension Spool {
    /// Bytes of segments and database on disk.
    package func bytesUsed() throws -> Int {
        let segments = try query { try Int.fetchOne($0, sql: "SELECT COALESCE(SUM(length), 0) FROM segment") ?? 0 }
        return segments + ["", "-wal"].reduce(0) { $0 + Self.size(of: directory.databasePath + $1) }
    }

    private static func size(of path: String) -> Int {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : 0
    }

    /// Gives delivered segments up, oldest first, until `bytes` more fit.
    /// - Throws: `SpoolError.full` when what is left is still to be delivered.
    func makeRoom(for bytes: Int) throws {
        while try bytesUsed() + bytes > options.maximumBytes {
            if try removeOldestSegment(where: { _ in true }) { continue }
            let last = lastSequence
            let holders = try query { database in
                try String.fetchAll(
                    database, sql: "SELECT name FROM sink WHERE detached_ms IS NULL AND position < ? ORDER BY position",
                    arguments: [last])
            }
            // With nothing left to deliver, what is in the way is the ledger, and waiting would not help.
            guard !holders.isEmpty else { return }
            throw SpoolError.full(limit: options.maximumBytes, sinks: holders)
        }
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

    /// Removes what was delivered longer ago than it is to be kept, and notes of deliveries that belonged to it; also
    /// usage and ended backfills of long ago.
    package func removeExpired() throws {
        let limit = now() - options.retain
        while try removeOldestSegment(where: { $0 < limit }) {}
        // Not before: on a full disk, room comes first.
        try removeOldUsage()
    }

    /// Removes the oldest segment if every attached sink is past it and `condition` holds for its last append.
    private func removeOldestSegment(where condition: (Timestamp) -> Bool) throws -> Bool {
        let row = try query { database in
            try Row.fetchOne(
                database,
                sql: """
                    SELECT id, last_sequence, updated_ms FROM segment
                    WHERE last_sequence <= (SELECT COALESCE(MIN(position), 9223372036854775807) FROM sink WHERE detached_ms IS NULL)
                    ORDER BY id LIMIT 1
                    """)
        }
        guard let row, condition(Timestamp(milliseconds: row["updated_ms"])) else { return false }
        let id: Int64 = row["id"]
        let last: Int64 = row["last_sequence"]
        forget(upTo: last, segment: id)
        try commit { database in
            try database.execute(sql: "DELETE FROM frame WHERE segment = ?", arguments: [id])
            try database.execute(sql: "DELETE FROM segment WHERE id = ?", arguments: [id])
            try database.execute(sql: "DELETE FROM delivery WHERE last_sequence <= ?", arguments: [last])
        }
        // A file that stays behind after a crash here is swept at the next start.
        unlink(directory.segmentPath(id))
        notify()
        return true
    }

    /// Removes segment files that no committed row knows.
    static func sweep(_ directory: StateDirectory, _ database: DatabaseQueue) throws {
        guard try database.read({ try $0.tableExists("segment") }) else { return }
        let known = try Set(
            database.read { try Int64.fetchAll($0, sql: "SELECT id FROM segment") }.map(directory.segmentPath))
        guard let folder = opendir(directory.spoolPath) else {
            throw SpoolError.io(path: directory.spoolPath, doing: "listing the folder", reason: errnoText())
        }
        defer { closedir(folder) }
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
            }
            let path = directory.spoolPath + "/" + name
            if name.hasSuffix(".seg"), !known.contains(path) { unlink(path) }
        }
        for path in known where access(path, R_OK) != 0 {
            throw SpoolError.damaged(
                path: path, offset: 0, reason: "the file is missing or cannot be read: \(errnoText())")
        }
    }
}
