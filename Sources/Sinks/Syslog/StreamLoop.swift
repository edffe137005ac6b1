import Glibc
import PipelineCore
import Transport

/// The main loop of a connection's thread: takes parcels from the inbox, connects when there are any, and carries bytes
/// and events between the conversation and the connection.
///
/// - Whatever happens on an idle connection is noticed at once: a closed one is let go of, and the next parcel gets a new one.
/// - Nothing here waits for longer than `SyslogTimeouts` says.
final class StreamLoop {
    private let inbox: StreamInbox
    private let peers: [ByteStream.Peer]
    private let tls: ByteStream.TLS?
    private let timeouts: SyslogTimeouts
    private var conversation: any Conversation
    private let watch: TurnWatch?
    private var turns: Turns
    private var stream: ByteStream?
    /// Whether the connection had no room for what is due.
    private var isBlocked = false
    /// Whether something came since it was last tried to send: it may allow to send more, and nothing else would tell.
    private var hasHeard = false
    private var waiting: [UInt64: StreamInbox.Submission] = [:]
    /// As large as a TLS record can be.
    private var buffer = [UInt8](repeating: 0, count: 16 << 10)
    private static let mostPieces = 64

    init(
        inbox: StreamInbox, peers: [ByteStream.Peer], tls: ByteStream.TLS?, timeouts: SyslogTimeouts,
        conversation: any Conversation, watch: TurnWatch? = nil
    ) {
        self.inbox = inbox
        self.peers = peers
        self.tls = tls
        self.timeouts = timeouts
        self.conversation = conversation
        self.watch = watch
        turns = Turns(watch)
    }

    /// Returns once the inbox was told to stop and everybody has an answer. To be called once.
    func run() {
        var stopAt: ContinuousClock.Instant?
        while true {
            turns.turn()
            let mail = inbox.takeMail()
            // First what happened to the connection while there was nothing to do: it is not the fault of what comes now.
            listen()
            sort(mail)
            if mail.isStopping, stopAt == nil { stopAt = .now + timeouts.close }
            if let stopAt, !conversation.hasWork || stopAt <= .now { break }
            if conversation.hasWork, stream == nil { connect() }
            work()
            report()
            sleep(until: stopAt)
        }
        endConnection()
        fail(.retry(reason: "the sink was closed before this was confirmed; it is sent again"))
        report()
    }

    private func sort(_ mail: StreamInbox.Mail) {
        for submission in mail.submissions {
            waiting[submission.id] = submission
            if let parcel = submission.errand.parcel.take() { conversation.add(parcel) }
        }
        for id in mail.cancelled { conversation.withdraw(id) }
    }

    // MARK: The connection

    private func connect() {
        var faults: [TransportError] = []
        for peer in peers {
            do throws(TransportError) {
                stream = try ByteStream(to: peer, tls: tls, timeout: timeouts.connect) { [inbox, watch] in
                    // Asked about once a second: however long a dead receiver takes, the thread is alive.
                    watch?.turned()
                    // Those who wait may have lost interest; looking again costs one attempt.
                    return !inbox.isStopping && !inbox.hasCancellations
                }
                isBlocked = false
                return conversation.connected(.now)
            } catch {
                faults.append(error)
                if error == .cancelled { break }
            }
        }
        let reason = faults.map(\.advised).joined(separator: "; ")
        // A certificate or a file that is refused stays so until somebody sees to it; anything else may pass.
        let isHopeless = faults.allSatisfy { !$0.isTransient && $0 != .cancelled }
        fail(isHopeless ? .hold(reason: reason) : .retry(reason: reason))
    }

    /// Carries what there is to carry in both directions.
    private func work() {
        guard stream != nil else { return }
        do throws(TransportError) {
            try receive()
            try send()
            // After sending, so that a refusal is noticed as early as can be.
            try receive()
            guard let stream else { return }
            // Asked before the last look at the connection: an empty queue is also what a reset leaves behind.
            let unacknowledged = stream.unacknowledgedBytes
            try receive()
            guard self.stream != nil else { return }
            do throws(ConversationError) {
                try conversation.check(unacknowledged: unacknowledged, .now)
            } catch {
                fail(error.outcome)
            }
        } catch {
            fail(.fault(reason: "\(error); what was not confirmed is sent again"))
        }
    }

    /// Takes what the other end said or did.
    private func listen() {
        do throws(TransportError) {
            try receive()
        } catch {
            fail(.fault(reason: "\(error); what was not confirmed is sent again"))
        }
    }

    private func send() throws(TransportError) {
        guard let stream else { return }
        hasHeard = false
        isBlocked = try conversation.send(.now) { (bytes) throws(TransportError) in try stream.send(bytes) }
    }

    private func receive() throws(TransportError) {
        // Bounded, so that who talks without end does not keep others from their turn.
        for _ in 0..<Self.mostPieces {
            guard let stream else { return }
            switch try stream.receive(into: &buffer) {
            case .nothingYet: return
            case .closed:
                return fail(
                    .fault(reason: "\(stream.peer) closed the connection; what was not confirmed is sent again"))
            case .bytes(let count):
                hasHeard = true
                do throws(ConversationError) {
                    try conversation.received(buffer.span.bytes.extracting(first: count))
                } catch {
                    return fail(error.outcome)
                }
            }
        }
    }

    private func fail(_ outcome: Delivery) {
        stream = nil
        (isBlocked, hasHeard) = (false, false)
        conversation.broke(outcome)
    }

    private func endConnection() {
        guard stream != nil else { return }
        conversation.sayGoodbye()
        let limit = ContinuousClock.now + min(timeouts.close, .seconds(1))
        work()
        while stream != nil, !conversation.isOver, .now < limit {
            turns.turn()
            sleep(until: limit)
            work()
        }
    }

    // MARK: Events

    private func report() {
        for event in conversation.takeEvents() {
            switch event {
            case .handedOver(let id): waiting[id]?.errand.handedOver()
            case .done(let id, let delivery):
                waiting.removeValue(forKey: id)?.continuation.resume(returning: delivery)
            }
        }
    }

    private func sleep(until limit: ContinuousClock.Instant?) {
        let now = ContinuousClock.now
        let deadline = [
            limit, stream == nil ? nil : conversation.deadline(now), turns.longestSleep.map { now + $0 },
        ].compactMap(\.self).min()
        // Rounded up, or the last millisecond would be spent asking.
        let milliseconds =
            hasHeard ? 0 : deadline.map { CInt(clamping: max(0, ($0 - now).wholeMilliseconds + 1)) } ?? -1
        var descriptors = [pollfd(fd: inbox.doorbell.descriptor, events: Int16(POLLIN), revents: 0)]
        if let stream {
            let events = POLLIN | (isBlocked ? POLLOUT : 0)
            descriptors.append(pollfd(fd: stream.descriptor, events: Int16(events), revents: 0))
        }
        // An interruption only means to look again.
        _ = poll(&descriptors, nfds_t(descriptors.count), milliseconds)
    }
}
