package import PipelineCore

/// How many records, and which: the exclusive or of their identities, the same whatever their order.
package struct RecordTally: Equatable, Sendable {
    package private(set) var count = 0
    private var high: UInt64 = 0
    private var low: UInt64 = 0

    package init() {}

    init(count: Int, digest: [UInt8]) {
        self.count = count
        for byte in digest.prefix(8) { high = high << 8 | UInt64(byte) }
        for byte in digest.dropFirst(8).prefix(8) { low = low << 8 | UInt64(byte) }
    }

    package mutating func add(_ identity: RecordIdentity) {
        count += 1
        high ^= identity.high
        low ^= identity.low
    }

    package mutating func add(_ other: RecordTally) {
        count += other.count
        high ^= other.high
        low ^= other.low
    }

    /// What is left without `part`.
    package static func - (whole: RecordTally, part: RecordTally) -> RecordTally {
        var rest = whole
        rest.add(part)
        rest.count = whole.count - part.count
        return rest
    }

    /// 32 hexadecimal digits.
    package var digest: String {
        [high, low].map { number in
            let text = String(number, radix: 16)
            return String(repeating: "0", count: 16 - text.count) + text
        }.joined()
    }
}

/// What the state knows of a stream, for an audit.
package struct AuditPlace: Sendable {
    package let id: StreamID
    /// Live collection begins with the whole second of it.
    package let start: Timestamp
    /// What live collection and backfills to all sinks have read.
    package let read: Coverage
    /// What of it backfills have read.
    package let backfilled: Coverage
    /// Days (since 1970) of which records are not known one by one any more.
    package let folded: [Int64: RecordTally]
    /// What is younger is known one by one in any case.
    package let foldedUpTo: Timestamp
    /// How many records without a date are not known one by one any more.
    package let foldedUndated: Int
    package let gaps: [Advance.Gap]
    package let length: Duration?
}

/// Records with dates that were taken together.
package struct LedgerRow: Sendable {
    package let id: Int64
    /// Of the oldest and the newest.
    package let dates: ClosedRange<Timestamp>
    package let tally: RecordTally
}

/// What became of a range's records at one sink.
package struct SinkAudit: Sendable, Equatable {
    package let sink: String
    /// Taken and not yet settled by the sink.
    package var waiting = 0
    /// Collected before the sink was first seen, and not meant for it; as far as it is still known.
    package var beforeStart = 0
    /// Refused for good, and kept.
    package var deadLetters = 0
    /// In gaps of the sink that touch the range, whoever's they are: no more than this.
    package var skipped: Int64 = 0
}
