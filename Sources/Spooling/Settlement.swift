package import PipelineCore

/// What became of some of a sink's records: what `Spool.settle` makes durable together.
package struct Settlement: Sendable {
    /// A record that the sink refused for good.
    package struct Rejection: Sendable {
        package let record: SpooledRecord
        /// The other end's own words, or what we make of them.
        package let reason: String
        /// How often the record was sent.
        package let attempts: Int

        package init(record: SpooledRecord, reason: String, attempts: Int) {
            self.record = record
            self.reason = reason
            self.attempts = attempts
        }
    }

    package let sink: String
    /// Behind the sink's position, none of them settled before. Others may be left out before them.
    package let sequences: ClosedRange<Int64>
    /// Which of them the sink did not want; it accepted all others that are not rejected.
    package let filtered: [Int64]
    /// Copies of these are kept as dead letters.
    package let rejected: [Rejection]
    /// Whether they cannot be read and are given up here: they are collected again for the sink.
    package let isSetAside: Bool
    /// How often they were sent; 0 if all were filtered.
    package let attempts: Int
    package let state: SinkState

    package init(
        sink: String, sequences: ClosedRange<Int64>, filtered: [Int64] = [], rejected: [Rejection] = [],
        isSetAside: Bool = false, attempts: Int, state: SinkState = [:]
    ) {
        self.sink = sink
        self.sequences = sequences
        self.filtered = filtered
        self.rejected = rejected
        self.isSetAside = isSetAside
        self.attempts = attempts
        self.state = state
    }
}

/// The bounds of a batch that must hold the same records whenever it is sent again.
package struct Cut: Sendable, Equatable {
    package let sequences: ClosedRange<Int64>
    /// Digest of what else decides about the batch's bytes. A cut made for another form is of no use.
    package let form: String

    package init(sequences: ClosedRange<Int64>, form: String) {
        self.sequences = sequences
        self.form = form
    }
}

/// Records of one stream and lane that lie together in the spool.
package struct FrameSpan: Sendable, Equatable {
    package let sequences: ClosedRange<Int64>
    package let stream: StreamID
    package let lane: Lane
    /// They cannot be read any more.
    package let isDamaged: Bool

    package init(sequences: ClosedRange<Int64>, stream: StreamID, lane: Lane, isDamaged: Bool = false) {
        self.sequences = sequences
        self.stream = stream
        self.lane = lane
        self.isDamaged = isDamaged
    }
}
