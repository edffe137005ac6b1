import PipelineCore
import Synchronization

/// Which streams of one account and API fail now, so that five hundred that share a trouble do not tell it five hundred
/// times: the first speaks, and one more whenever their number has doubled.
package final class TroubleLog: Sendable {
    /// Failing streams, and whether each has spoken.
    private let failing = Mutex<[StreamKey: Bool]>([:])

    package init() {}

    /// Notes a failure.
    /// - Returns: whether the stream is one that speaks, and how many fail.
    func failed(_ stream: StreamKey) -> (isTold: Bool, count: Int) {
        failing.withLock { failing in
            if let isTold = failing[stream] { return (isTold, failing.count) }
            let count = failing.count + 1
            let isTold = count & (count - 1) == 0
            failing[stream] = isTold
            return (isTold, count)
        }
    }

    /// - Returns: whether the stream's failure was told, so that its recovery must be too.
    func recovered(_ stream: StreamKey) -> Bool {
        failing.withLock { $0.removeValue(forKey: stream) } ?? false
    }

    func left(_ stream: StreamKey) { _ = recovered(stream) }
}
