import Forwarding

/// When the service says anew how it stands: soon after something happens, but the more rarely the more streams there
/// are, since a report of a thousand is half a megabyte.
struct ReportRhythm {
    enum Step {
        /// Nothing has happened.
        case rest
        /// Something has happened, but it is too soon for another report.
        case tidy
        case report
    }

    /// Without news a report is made this often, so that `status` can tell a quiet service from a stuck one.
    static let longestSilence: Duration = .seconds(60)
    /// A report takes about 0.5 KB a stream: with a thousand streams one in 40 s.
    static let streamsPerSecond = 25

    private var last: (board: StatusBoard.Contents, at: ContinuousClock.Instant)?

    /// - Parameter now: not before that of the call before.
    mutating func next(_ board: StatusBoard.Contents, at now: ContinuousClock.Instant) -> Step {
        if let last {
            let age = last.at.duration(to: now)
            if last.board == board, age < Self.longestSilence { return .rest }
            let isSoon = age < .seconds(board.streams.count / Self.streamsPerSecond)
            if isSoon, last.board.troubles == board.troubles { return .tidy }
        }
        last = (board, now)
        return .report
    }
}

extension StatusBoard.Contents {
    /// What somebody may be waiting to see: how many fail, and how many searches have succeeded.
    fileprivate var troubles: [Int] {
        [
            streams.values.count { $0.failures > 0 }, sinks.values.count { $0.attempts > 0 },
            discoveries.values.count { $0.failures > 0 }, discoveries.values.count { $0.succeededAt != nil },
        ]
    }
}
