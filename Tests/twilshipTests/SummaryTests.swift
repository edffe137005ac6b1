import Forwarding
import Foundation
import Logging
import PipelineCore
import PipelineTestKit
import Spooling
import Testing

@testable import twilship

@Suite struct SummaryTests {
    @Test func `a summary tells what has happened since the last one, and all that its explanation names`()
        async throws
    {
        try await withAssembly { assembly, clock in
            let (spool, board) = (assembly.spool, assembly.board)
            let key = StreamKey(accountSID: "AC1", dataset: .monitorEvents, host: "monitor.test")
            _ = try await spool.place(
                of: key, account: "production", start: clock.wallNow - .seconds(90), names: StreamNames())
            var summary = Summary()
            _ = summary.next(board.now, try await spool.stateSummary(), at: clock.wallNow)
            board.update(key) { status in
                status.taken = 7
                status.requests = 9
                status.failures = 2
            }
            let first = summary.next(board.now, try await spool.stateSummary(), at: clock.wallNow)
            board.update(key) { status in
                status.taken = 10
                status.requests = 10
                status.failures = 0
            }
            let second = summary.next(board.now, try await spool.stateSummary(), at: clock.wallNow)
            try await assembly.close()

            let lines = [first, second].map { $0.mapValues(\.description) }
            #expect(lines.map { $0["message_id"] } == [LogKind.summary.rawValue, LogKind.summary.rawValue])
            #expect(lines.map { $0["records_in"] } == ["7", "3"])
            #expect(lines.map { $0["requests"] } == ["9", "1"])
            #expect(lines.map { $0["streams_failing"] } == ["1", "0"])
            for key in ["records_out", "retries", "backlog", "dead_letters", "sinks_failing"] {
                #expect(lines.allSatisfy { $0[key] == "0" }, "\(key)")
            }
            let catalog = try String(
                contentsOf: DocumentedBlock.root.appending(path: "packaging/systemd/twilship.catalog"), encoding: .utf8)
            let explanation = try #require(
                catalog.components(separatedBy: "\n-- ").first { $0.hasPrefix(LogKind.summary.rawValue) })
            let named = explanation.matches(of: #/@TWILSHIP_([A-Z_]+)@/#).map { $0.1.lowercased() }
            #expect(named.count > 5)
            #expect(Set(named).subtracting(first.keys) == [])
            #expect(first["lag_seconds"] == "90")
        }
    }
}
