import Foundation
import GRDB
import PipelineCore

extension Spool {
    /// How often the ledger's size is looked at.
    private static let ledgerInterval: Duration = .seconds(60)

    /// Keeps the ledger within its share of the disk, as far as it can be.
    func trimLedger() throws {
        guard ledgerHolds == 0 else { return }
        let time = now()
        let elapsed = time - ledgerLookedAt
        // The clock may have been set back.
        guard elapsed >= Self.ledgerInterval || elapsed < .zero else { return }
        var excess = try query(Ledger.bytes) - options.ledgerBytes
        if excess > 0 {
            try commit { database in
                for row in try Row.fetchAll(database, sql: "SELECT id, coverage FROM stream") where excess > 0 {
                    guard let coverage = CoverageCoding.decode([UInt8](row["coverage"] as Data)) else { continue }
                    excess -= try Ledger.fold(bytes: excess, of: row["id"], finished: coverage, database)
                }
            }
        }
        ledgerLookedAt = time
    }
}
