import GRDB
import PipelineCore
import Testing

@testable import Spooling

/// What a commit promises when the power fails right behind it.
@Suite struct DurabilityTests {
    @Test func `every commit is synced, whatever opening the database has set before`() async throws {
        try await withSpool { open in
            let spool = try open()
            let mode = try await spool.synchronous()
            // https://www.sqlite.org/pragma.html#pragma_synchronous: 2 is FULL.
            #expect(mode == 2)
            try await spool.close()
            let again = try open()
            let modeThen = try await again.synchronous()
            #expect(modeThen == 2)
        }
    }
}

extension Spool {
    fileprivate func synchronous() throws -> Int? {
        try query { try Int.fetchOne($0, sql: "PRAGMA synchronous") }
    }
}
