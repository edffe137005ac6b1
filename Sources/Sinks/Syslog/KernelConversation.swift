import PipelineCore
import Transport

/// Syslog over a stream (RFC 6587, RFC 5425), where nobody answers.
///
/// A parcel counts once the other end's kernel has acknowledged all of it and the connection then stayed healthy for
/// `confirmAfter`: a program that is gone with what it had not read makes its kernel close or reset within that time.
struct KernelConversation: Conversation {
    /// Nil: what the kernel took counts.
    private let confirmAfter: Duration?
    private let stall: Duration
    private let peer: String

    private var unsent: [Parcel] = []
    /// How much of the first unsent parcel was taken.
    private var offset = 0
    /// Whether some of the first unsent parcel was offered: TLS may have made a record of it although nothing was taken.
    private var isBegun = false
    /// Over this connection.
    private var sentBytes = 0
    private var unconfirmed: [Unconfirmed] = []
    private var events: [ParcelEvent] = []
    private var lastUnacknowledged = 0
    private var lastProgress: ContinuousClock.Instant?

    private struct Unconfirmed {
        let id: UInt64
        /// Of `sentBytes`.
        let end: Int
        var acknowledgedAt: ContinuousClock.Instant?
    }

    /// Large enough that TLS records are full and calls few.
    private static let pieceBytes = 64 << 10
    /// Acknowledgements cannot be waited for, only asked about.
    private static let askAgain: Duration = .milliseconds(20)

    init(peer: String, confirmAfter: Duration?, stall: Duration) {
        self.peer = peer
        self.confirmAfter = confirmAfter
        self.stall = stall
    }

    var hasWork: Bool { !unsent.isEmpty || !unconfirmed.isEmpty }
    let isOver = true

    func deadline(_ now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        guard hasWork else { return nil }
        var next = (lastProgress ?? now) + stall
        if let first = unconfirmed.first {
            next = min(next, first.acknowledgedAt.map { $0 + (confirmAfter ?? .zero) } ?? now + Self.askAgain)
            if unconfirmed.last?.acknowledgedAt == nil { next = min(next, now + Self.askAgain) }
        }
        return next
    }

    mutating func add(_ parcel: Parcel) {
        unsent.append(parcel)
    }

    mutating func withdraw(_ id: UInt64) {
        guard let index = unsent.firstIndex(where: { $0.id == id }), index > 0 || !isBegun else { return }
        unsent.remove(at: index)
        events.append(.done(id, .retry(reason: "sending was called off")))
    }

    mutating func connected(_ now: ContinuousClock.Instant) {
        sentBytes = 0
        lastUnacknowledged = 0
        lastProgress = now
    }

    mutating func send(
        _ now: ContinuousClock.Instant, _ take: (RawSpan) throws(TransportError) -> Int
    ) throws(TransportError) -> Bool {
        while let parcel = unsent.first {
            isBegun = true
            let end = min(offset + Self.pieceBytes, parcel.bytes.count)
            let taken = try take(parcel.bytes.span.bytes.extracting(offset..<end))
            if taken == 0, end > offset { return true }
            offset += taken
            sentBytes += taken
            lastProgress = now
            if offset == parcel.bytes.count { finishFirst() }
        }
        return false
    }

    private mutating func finishFirst() {
        let parcel = unsent.removeFirst()
        (offset, isBegun) = (0, false)
        events.append(.handedOver(parcel.id))
        if confirmAfter == nil {
            events.append(.done(parcel.id, .accepted()))
        } else {
            unconfirmed.append(Unconfirmed(id: parcel.id, end: sentBytes))
        }
    }

    /// Receivers of syslog say nothing; what they say all the same means nothing.
    mutating func received(_ bytes: RawSpan) {}

    mutating func check(unacknowledged: Int, _ now: ContinuousClock.Instant) throws(ConversationError) {
        if unacknowledged != lastUnacknowledged {
            lastUnacknowledged = unacknowledged
            lastProgress = now
        }
        // With TLS the kernel counts more bytes than were given to it, which errs to the safe side.
        let acknowledged = sentBytes - unacknowledged
        for index in unconfirmed.indices where unconfirmed[index].acknowledgedAt == nil {
            guard unconfirmed[index].end <= acknowledged else { break }
            unconfirmed[index].acknowledgedAt = now
            lastProgress = now
        }
        let confirmed = unconfirmed.prefix { $0.acknowledgedAt.map { $0 + (confirmAfter ?? .zero) <= now } ?? false }
        for parcel in confirmed { events.append(.done(parcel.id, .accepted())) }
        unconfirmed.removeFirst(confirmed.count)

        let isDue = !unsent.isEmpty || unconfirmed.contains { $0.acknowledgedAt == nil }
        if isDue, let lastProgress, now - lastProgress >= stall {
            throw ConversationError(
                outcome: .retry(
                    reason:
                        "\(peer) has taken and acknowledged nothing for \(stall): it, or something on the way, hangs"))
        }
        if !isDue { lastProgress = now }
    }

    mutating func broke(_ outcome: Delivery) {
        var outcome = outcome
        // Nobody looks into the messages before the kernel takes them: the end says nothing about them.
        if case .fault(let after, let reason) = outcome { outcome = .retry(after: after, reason: reason) }
        for parcel in unconfirmed { events.append(.done(parcel.id, outcome)) }
        for parcel in unsent { events.append(.done(parcel.id, outcome)) }
        (unconfirmed, unsent, offset, isBegun) = ([], [], 0, false)
    }

    mutating func sayGoodbye() {}

    mutating func takeEvents() -> [ParcelEvent] {
        defer { events = [] }
        return events
    }
}
