import Foundation
import GRDB
package import PipelineCore

/// A part of the spool that holds a record and cannot be read any more.
package struct DamagedCopy: Sendable {
    package let path: String
    package let offset: Int64
    package let collected: Timestamp
    /// Whether sinks are past it or the service has set it aside, and reads the records again.
    package let isSetAside: Bool
}

extension StateReader {
    /// The dead letters of a record, of all sinks, whether the record is still in the spool or not.
    /// - Parameter id: the envelope's.
    package func deadLetters(ofRecord id: String) throws(SpoolError) -> [DeadLetter] {
        try read { database in
            try Row.fetchAll(
                database, sql: "SELECT \(DeadLetter.columns) FROM dead_letter WHERE record_id = ? ORDER BY id",
                arguments: [id]
            ).map(DeadLetter.init)
        }
    }

    /// Where a record was taken into the spool that cannot be read any more: the ledger tells which parts may hold it.
    package func damagedCopies(ofRecord id: String) throws(SpoolError) -> [DamagedCopy] {
        guard let identity = RecordIdentity(envelopeID: id) else { return [] }
        let directory = directory
        return try read { database in
            var copies: [DamagedCopy] = []
            let rows = try Row.fetchCursor(
                database, sql: "SELECT identities, first_sequence, last_sequence FROM ledger")
            while let row = try rows.next() {
                guard IdentityList(bytes: [UInt8](row["identities"] as Data)).contains(identity) else { continue }
                let frames = try Row.fetchAll(
                    database, sql: "SELECT * FROM frame WHERE last_sequence >= ? AND first_sequence <= ?",
                    arguments: [row["first_sequence"] as Int64, row["last_sequence"] as Int64])
                for frame in frames {
                    let (segment, offset): (Int64, Int64) = (frame["segment"], frame["offset"])
                    let isReadable = (try? directory.readFrame(frame, .system)) != nil
                    guard !isReadable else { continue }
                    copies.append(
                        DamagedCopy(
                            path: directory.segmentPath(segment), offset: offset,
                            collected: Timestamp(milliseconds: frame["collected_ms"]),
                            isSetAside: (frame["damaged_ms"] as Int64?) != nil))
                }
            }
            return copies
        }
    }
}

extension RecordIdentity {
    /// Of the envelope's `id`: a SID, or `sha256:` and 64 hexadecimal digits. Nil for anything else.
    package init?(envelopeID id: String) {
        guard id.hasPrefix("sha256:") else {
            self.init(sid: id.utf8)
            return
        }
        let digits = Array(id.utf8.dropFirst(7))
        var digest: [UInt8] = []
        for index in stride(from: 0, to: digits.count - 1, by: 2) {
            guard let byte = UInt8(String(decoding: digits[index...index + 1], as: UTF8.self), radix: 16) else {
                return nil
            }
            digest.append(byte)
        }
        guard digits.count == 64, digest.count == 32 else { return nil }
        self.init(digest: digest)
    }
}
