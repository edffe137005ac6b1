/// How much a request matters: what `rate_limit` allows goes to the most urgent first, and the least urgent never starves.
package enum Urgency: Int, Sendable, CaseIterable, Comparable {
    /// Polls of what has just happened, and what people wait for at a terminal.
    case live
    /// Reading for the first time what lies further back; services, environments and accounts to be discovered.
    case catchUp
    /// Looking again at what may have become readable since, within the overlap.
    case reread
    /// Looking once more after the overlap, and backfills.
    case idle

    package static func < (left: Urgency, right: Urgency) -> Bool { left.rawValue < right.rawValue }
}
