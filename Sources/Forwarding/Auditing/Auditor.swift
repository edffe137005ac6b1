package import PipelineCore
import Spooling
import Synchronization

/// Reads a range from Twilio again and compares it with what was taken: the proof that nothing is missing, or the list
/// of what is.
///
/// - Nothing is stored, and no stream's place moves. Requests wait behind live polls, on the same rate limit.
/// - Records that the ledger knows one by one are compared one by one. Of days that are folded, number and digest of the
///   whole day are.
/// - What Twilio seems not to have any more is looked for twice: an empty page is no proof.
/// - The pages of a pass are bounded, and so is the list of what is missing.
package struct Auditor: Sendable {
    private let surroundings: Ingestor.Surroundings

    package init(_ surroundings: Ingestor.Surroundings) {
        self.surroundings = surroundings
    }

    /// How far an audit is.
    package final class Progress: Sendable {
        package struct State: Sendable {
            package var streams = 0
            package var streamsDone = 0
            /// Of all streams together.
            package var span: Duration = .zero
            package var spanDone: Duration = .zero
            package var asked = Asked()
        }

        private let state = Mutex(State())

        package init() {}

        package var now: State { state.withLock { $0 } }

        func change(_ body: (inout State) -> Void) { state.withLock { body(&$0) } }
    }

    /// Compares `window` of all `streams`.
    /// - Returns: what was found of each, in a fixed order. What Twilio did not answer is told there.
    /// - Throws: `SpoolError`, `CancellationError`.
    package func audit(
        _ streams: [SideStream], _ window: Window, progress: Progress = Progress()
    ) async throws -> [StreamAudit] {
        progress.change { state in
            state.streams = streams.count
            state.span = window.length * streams.count
        }
        let spool = surroundings.spool
        await spool.holdLedger()
        let audits: Result<[StreamAudit], any Error>
        do {
            audits = .success(
                try await withThrowingTaskGroup(of: StreamAudit.self) { group in
                    for stream in streams {
                        group.addTask {
                            var audited = AuditedStream(stream, window, surroundings, progress)
                            return try await audited.run()
                        }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                })
        } catch {
            audits = .failure(error)
        }
        await spool.releaseLedger()
        return try audits.get().sorted {
            ($0.account, $0.key.description, $0.key.host) < ($1.account, $1.key.description, $1.key.host)
        }
    }
}
