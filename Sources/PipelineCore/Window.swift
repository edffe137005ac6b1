/// A half-open range of time, `from` included and `to` excluded: what one pass over a list endpoint is to cover.
package struct Window: Hashable, Sendable {
    package let from: Timestamp
    package let to: Timestamp

    /// - Precondition: `from` is not after `to`.
    package init(from: Timestamp, to: Timestamp) {
        precondition(from <= to)
        self.from = from
        self.to = to
    }

    package var length: Duration { to - from }

    package func contains(_ time: Timestamp) -> Bool {
        from <= time && time < to
    }
}

extension Window: CustomStringConvertible {
    package var description: String { "\(from.rfc3339) to \(to.rfc3339)" }
}

/// Everything one complete pass over a window returned.
package struct WindowContents: Sendable {
    package var pages: [Page]
    /// The `Twilio-Request-Id` of each answer, in the order of the pages; empty strings where there was none.
    package var requestIDs: [String]
    /// When the first request was answered, by the server's clock.
    package var readAt: Timestamp
    /// Why the server does not list all of a window that cannot be made shorter; nil if it does.
    package var gap: String?

    package init(pages: [Page], requestIDs: [String], readAt: Timestamp, gap: String? = nil) {
        self.pages = pages
        self.requestIDs = requestIDs
        self.readAt = readAt
        self.gap = gap
    }
}

/// A stream's place as people are told it: the greatest (time, SID) recorded. Late records never move it back.
package struct Checkpoint: Hashable, Comparable, Sendable {
    package let time: Timestamp
    package let sid: String

    package init(time: Timestamp, sid: String) {
        self.time = time
        self.sid = sid
    }

    package static func < (left: Checkpoint, right: Checkpoint) -> Bool {
        (left.time, left.sid) < (right.time, right.sid)
    }
}
