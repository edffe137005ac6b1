package import PipelineCore

/// Somebody's wish that a past range of one API of an account be read, beside live collection.
package struct BackfillJob: Equatable, Sendable {
    package let id: Int64
    /// The account's label when it was asked for.
    package let account: String
    package let accountSID: String
    package let dataset: Dataset
    package let window: Window
    /// The one sink that gets the records, whether they were collected before or not; nil for all sinks, and then only
    /// what was not collected before.
    package let sink: String?
    package let requestedAt: Timestamp
    /// The caller's uid.
    package let requestedBy: UInt32
    package let finishedAt: Timestamp?
    package let cancelledAt: Timestamp?

    package enum Purpose: String, Sendable {
        /// Somebody asked for it.
        case request = ""
        /// The spool lost records of a stream that the sink had not got.
        case damage
        /// An audit found records that were never taken.
        case repair
    }

    package var purpose = Purpose.request
    /// The only stream it is about; nil for all of the account's.
    package var stream: StreamID?
    /// The only records that are taken, as far as they were not found yet; nil for all.
    package var identities: Set<RecordIdentity>?

    package var isOpen: Bool { finishedAt == nil && cancelledAt == nil }
}

/// What makes an `Advance` one of a backfill instead of live collection.
package struct BackfillProgress: Sendable {
    package let job: Int64
    /// What the job has read of the stream, this pass included.
    package let coverage: Coverage
    /// The job's sink.
    package let sink: String?

    package init(job: Int64, coverage: Coverage, sink: String?) {
        self.job = job
        self.coverage = coverage
        self.sink = sink
    }
}

extension Coverage {
    /// What at least one of `coverages` has read. All of it counts as finished, since only the extent means anything.
    static func union(_ coverages: [Coverage]) -> Coverage {
        var windows: [Window] = []
        for window in coverages.flatMap({ $0.intervals.map(\.window) }).sorted(by: { $0.from < $1.from }) {
            if let last = windows.last, window.from <= last.to {
                windows[windows.count - 1] = Window(from: last.from, to: max(last.to, window.to))
            } else {
                windows.append(window)
            }
        }
        // Sorted and apart by now, so never nil.
        return Coverage(intervals: windows.map { Interval(window: $0, readAt: $0.to, state: .finished) }) ?? Coverage()
    }
}
