package import PipelineCore
import Synchronization

/// Which streams are collected now, for what works on them from the side: backfills, `tail` and `fetch`.
package final class StreamRegistry: Sendable {
    private struct State {
        var streams: [StreamKey: Ingestor] = [:]
        /// Lets somebody change the place of a stream that is worked on.
        var intermissions: [StreamKey: Intermission] = [:]
        /// What the last search found.
        var expected: [Place: Set<StreamKey>] = [:]
    }

    /// By the SID, since an account can be renamed.
    private struct Place: Hashable {
        let accountSID: String
        let dataset: Dataset
    }

    private let state = Mutex(State())

    package init() {}

    /// All streams, in a fixed order.
    package var ingestors: [Ingestor] {
        let streams = state.withLock { Array($0.streams.values) }
        // Made once, not with each comparison: there may be a thousand.
        let names = streams.map { ($0.stream.account, $0.stream.key.description) }
        return streams.indices.sorted { names[$0] < names[$1] }.map { streams[$0] }
    }

    /// The streams of an account and dataset; nil while they are still being looked for.
    package func ingestors(accountSID: String, _ dataset: Dataset) -> [Ingestor]? {
        let found = ingestors.filter { $0.stream.key.accountSID == accountSID && $0.stream.key.dataset == dataset }
        guard dataset == .serverlessLogs else { return found.isEmpty ? nil : found }
        let expected = state.withLock { $0.expected[Place(accountSID: accountSID, dataset: dataset)] }
        return expected.flatMap { $0.isSubset(of: found.map(\.stream.key)) ? found : nil }
    }

    /// Notes which streams of an account and dataset there are; they are added when work on them begins.
    package func expect(_ streams: Set<StreamKey>, accountSID: String, _ dataset: Dataset) {
        state.withLock { $0.expected[Place(accountSID: accountSID, dataset: dataset)] = streams }
    }

    /// Forgets what a search has found for an account that is not collected any more, or with other settings.
    package func forget(accountSID: String) {
        state.withLock { state in state.expected = state.expected.filter { $0.key.accountSID != accountSID } }
    }

    /// Runs `body` while nothing works on the stream; it is taken up anew afterwards, with the place it has then.
    package func withStopped<Value>(
        _ stream: StreamKey, _ body: () async throws -> Value
    ) async rethrows -> Value {
        guard let intermission = state.withLock({ $0.intermissions[stream] }) else { return try await body() }
        return try await intermission.hold(body)
    }

    func add(_ ingestor: Ingestor, _ intermission: Intermission? = nil) {
        state.withLock { state in
            state.streams[ingestor.stream.key] = ingestor
            state.intermissions[ingestor.stream.key] = intermission
        }
    }

    func remove(_ stream: StreamKey) {
        state.withLock { state in
            state.streams[stream] = nil
            state.intermissions[stream] = nil
        }
    }
}
