package import PipelineCore

/// How much disk the spool may use.
package struct SpoolOptions: Sendable {
    /// What segments, database and reserve may take on disk together.
    package let maximumBytes: Int
    /// How long delivered records are kept; they go earlier when room is needed.
    package let retain: Duration
    /// A segment is closed when it has reached this size. Room is given back a segment at a time.
    package let segmentBytes: Int64

    /// Room that is kept back for a full disk.
    package let reserveBytes: Int

    /// What is kept in memory of what was appended last until all sinks have it: more than one window of a catch-up.
    package var recentBytes = 8 << 20

    /// Pages of 4 KiB to which the write-ahead log grows: a quarter of the reserve, 4 MB at most. On a full disk it has to
    /// do with that.
    var logPages: Int { min(1000, max(16, reserveBytes / 4 / 4096)) }

    /// What the ledger's identities may take before finished ones are folded early.
    var ledgerBytes: Int { maximumBytes / 8 }

    /// How long one segment takes new records: what leaves the spool for its age leaves at most this much later.
    var segmentLife: Duration { max(.seconds(600), retain / 8) }

    /// - Parameter segmentBytes: 64 MiB, or an eighth of a small spool.
    /// - Parameter reserveBytes: 16 MiB, or a 64th of a small spool.
    package init(maximumBytes: Int, retain: Duration, segmentBytes: Int64? = nil, reserveBytes: Int? = nil) {
        self.maximumBytes = maximumBytes
        self.retain = retain
        self.segmentBytes = segmentBytes ?? min(64 << 20, max(64 << 10, Int64(maximumBytes / 8)))
        self.reserveBytes = reserveBytes ?? min(16 << 20, maximumBytes / 64)
    }
}

/// A stream of this state directory.
package struct StreamID: Hashable, Sendable {
    let rawValue: Int64
}

/// Others have appended records of the stream since an advance was compared with the ledger, maybe the same ones: it is
/// to be compared anew.
package struct AdvanceOvertaken: Error {}

/// Envelopes of one lane, made only when they are written: all of a window at once would take more memory than the
/// answers that they come from.
package struct EnvelopeLines: Sendable {
    package let lane: Lane
    package let count: Int
    /// What their lines will take, rather too much than too little.
    package let estimatedBytes: Int
    /// Appends the envelope with this index, 0 first, and a line feed. Always the same for the same index.
    package let append: @Sendable (_ index: Int, _ block: inout EnvelopeBlock) -> Void

    package init(
        lane: Lane, count: Int, estimatedBytes: Int,
        append: @escaping @Sendable (_ index: Int, _ block: inout EnvelopeBlock) -> Void
    ) {
        self.lane = lane
        self.count = count
        self.estimatedBytes = estimatedBytes
        self.append = append
    }

    /// Lines that are there already.
    package init(lane: Lane, block: EnvelopeBlock) {
        self.init(lane: lane, count: block.entries.count, estimatedBytes: block.bytes.count) { index, target in
            target.append(block.entries[index], from: block.bytes)
        }
    }
}

/// A complete pass over a window: what `Spool.append` makes durable together.
package final class Advance: Sendable {
    package let stream: StreamID
    /// The account's label today.
    package let account: String
    package let accountSID: String
    package let dataset: Dataset
    /// New records only, each part in (time, id) order.
    package let parts: [EnvelopeLines]
    /// One item for each record in `parts`.
    package let taken: [LedgerItem]
    /// When the records were compared with the ledger, as `Spool.compare` said; nil if they were not.
    package let comparedAt: Int64?
    /// The stream's coverage after this pass.
    package let coverage: Coverage
    /// The greatest (time, SID) among the new records; nil if none has a date.
    package let checkpoint: Checkpoint?
    package let window: Window
    /// When the pass began, by the server's clock.
    package let readAt: Timestamp
    package struct Gap: Sendable {
        package let window: Window
        package let reason: String

        package init(window: Window, reason: String) {
            self.window = window
            self.reason = reason
        }
    }

    /// What of the window could not be read and never will be; nil if all was read.
    package let gap: Gap?
    /// `Twilio-Request-Id` of each answer.
    package let requestIDs: [String]
    /// How many requests that took, failed ones included.
    package let requests: Int
    /// How many records were answered, known ones included.
    package let recordsRead: Int
    /// How long windows are from now on, as learnt; nil keeps what is saved.
    package let length: Duration?
    /// How late the new records came. Of a backfill it is left out.
    package let lateness: LatenessHistogram
    /// Set when the pass belongs to a backfill: coverage, checkpoint and length of the stream then stay as they are.
    package let backfill: BackfillProgress?

    package init(
        stream: StreamID, account: String, accountSID: String, dataset: Dataset, parts: [EnvelopeLines],
        taken: [LedgerItem],
        comparedAt: Int64? = nil, coverage: Coverage, checkpoint: Checkpoint?, window: Window, readAt: Timestamp,
        gap: Gap? = nil,
        requestIDs: [String],
        requests: Int, recordsRead: Int, length: Duration? = nil, lateness: LatenessHistogram = LatenessHistogram(),
        backfill: BackfillProgress? = nil
    ) {
        self.stream = stream
        self.account = account
        self.accountSID = accountSID
        self.dataset = dataset
        self.parts = parts
        self.taken = taken
        self.comparedAt = comparedAt
        self.coverage = coverage
        self.checkpoint = checkpoint
        self.window = window
        self.readAt = readAt
        self.gap = gap
        self.requestIDs = requestIDs
        self.requests = requests
        self.recordsRead = recordsRead
        self.length = length
        self.lateness = lateness
        self.backfill = backfill
    }
}
