import Foundation
import GRDB
import PipelineCore

/// What was set aside because it cannot be read: how much, and for which sinks it is collected again.
package struct Damage: Sendable, Equatable {
    package let records: Int
    /// Those that had not settled it.
    package let sinks: [String]
}

extension Damage: CustomStringConvertible {
    package var description: String {
        "\(records) records; " + (sinks.isEmpty ? "every sink had them" : "for \(sinks.joined(separator: ", "))")
    }
}

/// Setting aside, within the caller's transaction:
///
/// - The frames are marked. Sinks go past them (`Settlement.isSetAside`).
/// - For each attached sink that has not settled one, a backfill of the window it was read from is noted down, for that
///   sink only. It takes exactly what was lost as long as the ledger knows that: what the append took, less what can
///   still be read of it. Otherwise it takes everything that Twilio lists.
extension Damage {
    enum Place {
        /// The one with this first sequence.
        case frame(Int64)
        /// Those of a segment that do not end before an offset.
        case segment(Int64, from: Int64)
    }

    /// - Returns: nil if nothing was marked.
    static func setAside(
        _ place: Place, _ directory: StateDirectory, _ calls: FileCalls, now: Timestamp, _ database: Database
    ) throws -> Damage? {
        let (condition, arguments): (String, StatementArguments) =
            switch place {
            case .frame(let first): ("first_sequence = ?", [first])
            case .segment(let id, let from): ("segment = ? AND offset + length > ?", [id, from])
            }
        let rows = try Row.fetchAll(
            database,
            sql: "SELECT * FROM frame WHERE \(condition) AND damaged_ms IS NULL ORDER BY first_sequence",
            arguments: arguments)
        guard !rows.isEmpty else { return nil }
        try database.execute(
            sql: "UPDATE frame SET damaged_ms = ? WHERE \(condition) AND damaged_ms IS NULL",
            arguments: [now.milliseconds] + arguments)
        let frames = rows.map(LostFrame.init)
        let sinks = try String.fetchAll(database, sql: "SELECT name FROM sink WHERE detached_ms IS NULL ORDER BY name")
        let losers = try sinks.filter { try collectAgain(frames, for: $0, directory, calls, now: now, database) }
        return Damage(records: frames.reduce(0) { $0 + $1.sequences.count }, sinks: losers)
    }

    /// Sees to it that a sink which comes back gets what was damaged while it was away.
    static func collectAgain(
        for sink: String, _ directory: StateDirectory, _ calls: FileCalls, now: Timestamp, _ database: Database
    ) throws {
        let frames = try Row.fetchAll(
            database, sql: "SELECT * FROM frame WHERE damaged_ms IS NOT NULL ORDER BY first_sequence"
        ).map(LostFrame.init)
        _ = try collectAgain(frames, for: sink, directory, calls, now: now, database)
    }

    /// - Returns: whether the sink has not settled all of them.
    private static func collectAgain(
        _ frames: [LostFrame], for sink: String, _ directory: StateDirectory, _ calls: FileCalls, now: Timestamp,
        _ database: Database
    ) throws -> Bool {
        let missing = try frames.filter { frame in
            guard frame.target.isEmpty || frame.target == sink else { return false }
            return try !SinkGap.unsettled(frame.sequences, of: sink, database).isEmpty
        }
        for (stream, frames) in Dictionary(grouping: missing, by: \.stream) {
            for loss in try Loss.all(of: frames, directory, calls, database) {
                try loss.save(stream: stream, sink: sink, now: now, database)
            }
        }
        return !missing.isEmpty
    }
}

/// A row of the table `frame` that cannot be read.
private struct LostFrame {
    let sequences: ClosedRange<Int64>
    let stream: Int64
    let window: Window
    let target: String

    init(_ row: Row) {
        sequences = row["first_sequence"]...row["last_sequence"]
        stream = row["stream"]
        window = Window(
            from: Timestamp(milliseconds: row["window_from_ms"]), to: Timestamp(milliseconds: row["window_to_ms"]))
        target = row["target"]
    }
}

/// Records of one stream that are to be collected again together.
private struct Loss {
    var window: Window
    /// Nil if nobody knows which: everything in the window.
    var identities: Set<RecordIdentity>?

    /// Windows this close together are read as one.
    private static let reach: Duration = .seconds(600)

    /// - Parameter frames: of one stream.
    static func all(
        of frames: [LostFrame], _ directory: StateDirectory, _ calls: FileCalls, _ database: Database
    ) throws -> [Loss] {
        guard let first = frames.first, let last = frames.last else { return [] }
        // Of what a backfill read for one sink there is no entry.
        let appends = try Row.fetchAll(
            database,
            sql: """
                SELECT first_sequence, last_sequence, identities FROM ledger
                WHERE stream = ? AND first_sequence <= ? AND last_sequence >= ? ORDER BY first_sequence
                """,
            arguments: [first.stream, last.sequences.upperBound, first.sequences.lowerBound])
        var losses: [Loss] = []
        for (append, frames) in Dictionary(
            grouping: frames,
            by: { frame in
                appends.last { $0["first_sequence"] <= frame.sequences.lowerBound }.flatMap {
                    row -> ClosedRange<Int64>? in
                    let sequences: ClosedRange<Int64> = row["first_sequence"]...row["last_sequence"]
                    return sequences.contains(frame.sequences.upperBound) && frame.target.isEmpty ? sequences : nil
                }
            })
        {
            var identities: Set<RecordIdentity>?
            if let append {
                let taken = appends.filter { $0["first_sequence"] == append.lowerBound }
                    .flatMap { IdentityList(bytes: [UInt8]($0["identities"] as Data)).all }
                identities = try Set(taken).subtracting(readable(append, directory, calls, database))
            }
            for frame in frames { losses.append(Loss(window: frame.window, identities: identities)) }
        }
        return joined(losses)
    }

    /// What can still be read of an append.
    private static func readable(
        _ append: ClosedRange<Int64>, _ directory: StateDirectory, _ calls: FileCalls, _ database: Database
    ) throws -> [RecordIdentity] {
        try Row.fetchAll(
            database,
            sql: "SELECT * FROM frame WHERE first_sequence BETWEEN ? AND ? AND damaged_ms IS NULL",
            arguments: [append.lowerBound, append.upperBound]
        ).flatMap { row -> [RecordIdentity] in
            // One that turns out to be damaged too is set aside when somebody comes to it.
            guard let frame = try? directory.readFrame(row, calls) else { return [] }
            return frame.entries.map(\.identity)
        }
    }

    private static func joined(_ losses: [Loss]) -> [Loss] {
        var result: [Loss] = []
        for loss in losses.sorted(by: { $0.window.from < $1.window.from }) {
            if let last = result.last, (last.identities == nil) == (loss.identities == nil),
                loss.window.from <= last.window.to + reach
            {
                result[result.count - 1].window = Window(
                    from: last.window.from, to: max(last.window.to, loss.window.to))
                result[result.count - 1].identities?.formUnion(loss.identities ?? [])
            } else {
                result.append(loss)
            }
        }
        return result
    }

    func save(stream: Int64, sink: String, now: Timestamp, _ database: Database) throws {
        if identities?.isEmpty == true { return }
        // Our own records come from nowhere else.
        try database.execute(
            sql: """
                INSERT INTO backfill (account, account_sid, dataset, from_ms, to_ms, sink, requested_ms, requested_by,
                    stream, identities, purpose)
                SELECT account, account_sid, dataset, ?, ?, ?, ?, ?, id, ?, ? FROM stream
                WHERE id = ? AND dataset != ?
                """,
            arguments: [
                window.from.milliseconds, window.to.milliseconds, sink, now.milliseconds, Int64(geteuid()),
                identities.map { Data(IdentityList.encode($0.sorted())) }, BackfillJob.Purpose.damage.rawValue, stream,
                Dataset.twilship.rawValue,
            ])
    }
}
