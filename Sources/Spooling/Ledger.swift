import Foundation
import GRDB
package import PipelineCore

/// Which records of a stream were taken: the memory for removing duplicates.
///
/// - Every append adds one row with the sorted identities of what it took and the span of their own dates, so an append
///   costs the same however much was taken before. There is no index over identities.
/// - A record is looked for in the rows whose span includes its date; one without a date among all undated ones.
/// - Rows are kept until nothing near them will be read again; then only a number and a digest for each day remain.
/// - When all identities together take more than `SpoolOptions.ledgerBytes`, rows whose own time is finished are folded
///   without waiting for older ones. What will be read again is never folded: it would be taken a second time.
enum Ledger {
    /// How long a day's number and digest are kept.
    static let retention: Duration = .seconds(400 * 86_400)

    /// What a server answers for a window may lie this much before it, at the very most.
    static let rounding: Duration = .seconds(3600)

    static func add(_ advance: Advance, sequences: ClosedRange<Int64>, _ database: Database) throws {
        let dated = advance.taken.filter { $0.time != nil }
        let undated = advance.taken.filter { $0.time == nil }
        // A row never spans midnight: it is folded into one day, and compared with what Twilio has of that day.
        let days = Dictionary(grouping: dated) { $0.time.map(day) ?? 0 }.sorted { $0.key < $1.key }.map(\.value)
        for (filed, undated) in days.map({ ($0, false) }) + [(undated, true)] where !filed.isEmpty {
            let times = filed.map { $0.time ?? advance.readAt }
            let identities = filed.map(\.identity).sortedIdentities
            let newest = times.max() ?? advance.readAt
            try database.executeCached(
                sql: """
                    INSERT INTO ledger
                        (stream, from_ms, to_ms, undated, count, keep_ms, identities, first_sequence, last_sequence)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    advance.stream.rawValue, (times.min() ?? newest).milliseconds, newest.milliseconds, undated,
                    identities.count, max(newest, advance.window.to).milliseconds,
                    Data(IdentityList.encode(identities)), sequences.lowerBound, sequences.upperBound,
                ])
        }
    }

    /// Days since 1970-01-01.
    static func day(_ time: Timestamp) -> Int64 {
        time.rounded(downTo: .seconds(86_400)).milliseconds / 86_400_000
    }

    /// Which of `items` were taken before, as indices.
    static func known(_ items: [LedgerItem], in stream: Int64, _ database: Database) throws -> Set<Int> {
        Set(try rows(of: items, in: stream, database).keys)
    }

    /// The row of each of `items` that was taken before, by its index.
    static func rows(of items: [LedgerItem], in stream: Int64, _ database: Database) throws -> [Int: Int64] {
        var known: [Int: Int64] = [:]
        // Twilio lists the newest first: turned round, what is to be sorted nearly is.
        let dated = items.indices.reversed().compactMap { index in items[index].time.map { (index: index, time: $0) } }
            .sorted { $0.time < $1.time }
        if let from = dated.first?.time, let to = dated.last?.time {
            let rows = try Row.fetchCursor(
                database.cachedStatement(
                    sql: """
                        SELECT from_ms, to_ms, identities, id FROM ledger
                        WHERE stream = ? AND undated = 0 AND to_ms >= ? AND from_ms <= ?
                        """),
                arguments: [stream, from.milliseconds, to.milliseconds])
            while let row = try rows.next() {
                let span = Timestamp(milliseconds: row["from_ms"])...Timestamp(milliseconds: row["to_ms"])
                let id: Int64 = row["id"]
                try row.withUnsafeData(atIndex: 2) { data in
                    guard let data else { return }
                    let list = IdentityList(bytes: [UInt8](data))
                    for item in dated[dated.partitioningIndex { $0.time >= span.lowerBound }...] {
                        guard item.time <= span.upperBound else { break }
                        if list.contains(items[item.index].identity) { known[item.index] = id }
                    }
                }
            }
        }
        let undated = items.indices.filter { items[$0].time == nil }
        if !undated.isEmpty {
            let rows = try Row.fetchCursor(
                database,
                sql: "SELECT identities, id FROM ledger WHERE stream = ? AND undated = 1",
                arguments: [stream])
            while let row = try rows.next() {
                let id: Int64 = row["id"]
                try row.withUnsafeData(atIndex: 0) { data in
                    guard let data else { return }
                    let list = IdentityList(bytes: [UInt8](data))
                    for index in undated where list.contains(items[index].identity) { known[index] = id }
                }
            }
        }
        return known
    }

    /// Folds what lies before `horizon` into days, a bounded number of rows at a time, and forgets days older than
    /// `retention`.
    static func compact(stream: Int64, before horizon: Timestamp, now: Timestamp, _ database: Database) throws {
        let rows = try Row.fetchAll(
            database,
            sql:
                "SELECT id, to_ms, keep_ms, undated, count, identities FROM ledger WHERE stream = ? AND keep_ms < ? ORDER BY keep_ms LIMIT ?",
            arguments: [stream, horizon.milliseconds, rowsPerCompaction])
        for row in rows { try fold(row, stream: stream, database) }
        for table in ["ledger_day", "ledger_undated_day"] {
            try database.execute(
                sql: "DELETE FROM \(table) WHERE stream = ? AND day < ?",
                arguments: [stream, (now - retention).milliseconds / 86_400_000])
        }
    }

    /// Adds a row to its day and removes it.
    private static func fold(_ row: Row, stream: Int64, _ database: Database) throws {
        let day = day(Timestamp(milliseconds: row["to_ms"]))
        let table = row["undated"] ? "ledger_undated_day" : "ledger_day"
        let digest = IdentityList(bytes: [UInt8](row["identities"] as Data)).digest
        let before = try Row.fetchOne(
            database, sql: "SELECT count, digest FROM \(table) WHERE stream = ? AND day = ?",
            arguments: [stream, day])
        let sum = before.map { IdentityList(bytes: [UInt8]($0["digest"] as Data) + digest).digest } ?? digest
        try database.execute(
            sql: """
                INSERT INTO \(table) (stream, day, count, digest) VALUES (?, ?, ?, ?)
                ON CONFLICT (stream, day) DO UPDATE SET count = excluded.count, digest = excluded.digest
                """,
            arguments: [stream, day, (row["count"] as Int) + (before?["count"] ?? 0), Data(sum)])
        try database.execute(sql: "DELETE FROM ledger WHERE id = ?", arguments: [row["id"] as Int64])
        try database.execute(
            sql: "UPDATE stream SET folded_ms = MAX(COALESCE(folded_ms, 0), ?) WHERE id = ?",
            arguments: [row["keep_ms"] as Int64, stream])
    }

    /// What all identities take.
    static func bytes(_ database: Database) throws -> Int {
        try Int.fetchOne(database, sql: "SELECT COALESCE(SUM(count), 0) * 16 FROM ledger") ?? 0
    }

    /// Folds rows that will not be compared with any more although older ones still are, the oldest first: at most
    /// `bytes` of identities, and a bounded number of rows.
    static func fold(bytes: Int, of stream: Int64, finished coverage: Coverage, _ database: Database) throws -> Int {
        let rows = try Row.fetchAll(
            database, sql: "SELECT id, from_ms, keep_ms, count FROM ledger WHERE stream = ? ORDER BY keep_ms",
            arguments: [stream])
        let finished = rows.filter { row in
            // What is asked for next to it may answer it too.
            coverage.isFinished(
                Window(
                    from: Timestamp(milliseconds: row["from_ms"]) - rounding,
                    to: Timestamp(milliseconds: row["keep_ms"]) + rounding))
        }
        var folded = 0
        for row in finished.prefix(rowsPerCompaction) where folded < bytes {
            let whole = try Row.fetchOne(
                database, sql: "SELECT id, to_ms, keep_ms, undated, count, identities FROM ledger WHERE id = ?",
                arguments: [row["id"] as Int64])
            if let whole { try fold(whole, stream: stream, database) }
            folded += (row["count"] as Int) * 16
        }
        return folded
    }

    /// Bounds how long one compaction holds the spool up; what is left is folded with the next.
    private static let rowsPerCompaction = 1000
}

/// A record as the ledger files it: under its own date, or as undated.
package struct LedgerItem: Sendable, Hashable {
    package let identity: RecordIdentity
    /// Its own date; nil when it has none that can be read.
    package let time: Timestamp?

    package init(identity: RecordIdentity, time: Timestamp?) {
        self.identity = identity
        self.time = time
    }
}

extension [RecordIdentity] {
    /// In order. With `<` of another module, generic sorting takes twice as long.
    var sortedIdentities: [RecordIdentity] {
        sorted { $0.high != $1.high ? $0.high < $1.high : $0.low < $1.low }
    }
}

/// Sorted identities in 16 bytes each, big-endian, so that they sort as bytes too.
struct IdentityList {
    private let bytes: [UInt8]

    init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    static func encode(_ identities: [RecordIdentity]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(identities.count * 16)
        for identity in identities {
            withUnsafeBytes(of: identity.high.bigEndian) { bytes.append(contentsOf: $0) }
            withUnsafeBytes(of: identity.low.bigEndian) { bytes.append(contentsOf: $0) }
        }
        return bytes
    }

    var all: [RecordIdentity] { (0..<bytes.count / 16).map { self[$0] } }

    private subscript(index: Int) -> RecordIdentity {
        bytes.withUnsafeBytes { raw in
            RecordIdentity(
                high: UInt64(bigEndian: raw.loadUnaligned(fromByteOffset: index * 16, as: UInt64.self)),
                low: UInt64(bigEndian: raw.loadUnaligned(fromByteOffset: index * 16 + 8, as: UInt64.self)))
        }
    }

    /// The exclusive or of all identities: the same whatever their order, and of two lists the digest of both digests.
    var digest: [UInt8] {
        var high: UInt64 = 0
        var low: UInt64 = 0
        for index in 0..<bytes.count / 16 {
            high ^= self[index].high
            low ^= self[index].low
        }
        return Self.encode([RecordIdentity(high: high, low: low)])
    }

    func contains(_ identity: RecordIdentity) -> Bool {
        let count = bytes.count / 16
        let index = (0..<count).partitioningIndex { self[$0] >= identity }
        return index < count && self[index] == identity
    }
}

extension Coverage {
    /// Whether no instant of `window` will be looked at again.
    fileprivate func isFinished(_ window: Window) -> Bool {
        holes(in: window).isEmpty
            && intervals.allSatisfy {
                $0.state == .finished || $0.window.to <= window.from || window.to <= $0.window.from
            }
    }
}

extension RandomAccessCollection {
    /// The first index whose element satisfies `belongsInSecondPartition`, of a collection where all that do come last.
    fileprivate func partitioningIndex(where belongsInSecondPartition: (Element) throws -> Bool) rethrows -> Index {
        var low = startIndex
        var count = self.count
        while count > 0 {
            let half = count / 2
            let middle = index(low, offsetBy: half)
            if try belongsInSecondPartition(self[middle]) {
                count = half
            } else {
                low = index(after: middle)
                count -= half + 1
            }
        }
        return low
    }
}
