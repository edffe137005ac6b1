package import PipelineCore

/// What the spool did that somebody should know: a sentence for the log.
package enum SpoolEvent: Sendable {
    /// Records cannot be read and were set aside.
    case damaged(SpoolError, Damage)
    /// A sink will not get these records.
    case sinkGap(SinkGap)
    /// A replay's records were given up to make room.
    case replayMoved(id: Int64, sink: String, past: Int64)
    /// The disk is full, and the room kept back for that is used now.
    case reserveGivenUp(path: String)
    /// That room is kept back again.
    case reserveHeld

    /// What happened, in the same words each time; `description` has the facts.
    package var message: String {
        switch self {
        case .damaged: "records in the spool cannot be read and are set aside"
        case .sinkGap: "records are given up that a sink has not had"
        case .replayMoved: "a replay is moved past records that are given up"
        case .reserveGivenUp: "the disk is full, and nothing is collected until there is room"
        case .reserveHeld: "the disk has room again"
        }
    }

    package var kind: LogKind {
        switch self {
        case .damaged: .spoolDamaged
        case .sinkGap: .sinkGap
        case .replayMoved: .replayMoved
        case .reserveGivenUp: .diskFull
        case .reserveHeld: .diskHasRoom
        }
    }

    /// Whether it means trouble; all else is good news.
    package var isTrouble: Bool {
        if case .reserveHeld = self { false } else { true }
    }
}

/// Records that a sink was moved past without getting them.
package struct SinkGap: Sendable, Equatable {
    package let sink: String
    /// Empty if it is not known how many there were.
    package let sequences: Range<Int64>
    /// From when to when they were listed at Twilio; nil if that is not known.
    package let window: Window?
    package let reason: String
}

extension SpoolEvent: CustomStringConvertible {
    package var description: String {
        switch self {
        case .damaged(let error, let damage): "\(error) (\(damage))"
        case .sinkGap(let gap): "\(gap)"
        case .replayMoved(let id, let sink, let past):
            "replay \(id) to sink \(sink) goes on behind record \(past): what lay before was given up to make room"
        case .reserveGivenUp(let path):
            "the disk of \(path) is full; the room kept back for that is used now, and nothing is collected until there "
                + "is more: free space there"
        case .reserveHeld: "the disk has room again, and some is kept back"
        }
    }
}

extension SinkGap: CustomStringConvertible {
    package var description: String {
        let count = sequences.isEmpty ? "some records" : "\(sequences.count) records"
        let refill =
            window.map {
                "; to get them: twilship backfill --sink \(sink) --from \($0.from.rfc3339Seconds) "
                    + "--to \(($0.to + .milliseconds(999)).rfc3339Seconds)"
            } ?? ""
        return "sink \(sink) does not get \(count): \(reason)\(refill)"
    }
}
