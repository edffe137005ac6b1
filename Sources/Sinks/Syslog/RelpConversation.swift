import PipelineCore
import Transport

/// RELP, the client's side (https://github.com/rsyslog/librelp/blob/master/doc/relp.md), where every record is answered.
///
/// - A parcel is accepted once each of its records was answered with 200. Answers may come in any order.
/// - At most `window` records are unanswered at a time.
/// - After a broken session the records that were answered count, the others are sent again.
/// - A server may end the session at a record that it finds too long (rsyslog with `oversizeMode="abort"`): a session that
///   ends under a parcel is a fault, so that in the end the record is found.
/// - Anything but 200 is a refusal of that one record. rsyslog never sends one, whatever happens to it (it waits, or it
///   closes the session); others do when they could not process a record, which may be the record's fault or a full
///   disk's. So it is tried again, and refused for good only the `patience`th time: then the dispatcher compares with
///   what its neighbours were answered.
struct RelpConversation: Conversation {
    private enum Phase {
        case disconnected
        /// `open` was not answered yet.
        case opening
        case ready
        /// `close` was not answered yet.
        case closing
        case closed
    }

    private struct Progress {
        var parcel: Parcel
        /// Messages that became frames.
        var framed = 0
        /// Where the next message begins.
        var offset = 0
        /// By message; nil while unanswered.
        var verdicts: [Verdict?]
        var answered = 0
    }

    /// What a transaction was about.
    private struct Transaction {
        let parcel: UInt64
        let message: Int
        var isAnswered = false
    }

    static let window = 1000
    static let patience = 8
    static let greeting = "relp_version=0\nrelp_software=twilship,1\ncommands=syslog"
    /// More than can be on their way at a time: most of them were given up elsewhere, then.
    private static let mostRefusals = 100_000
    private static let pieceBytes = 64 << 10
    private static let lastTransaction = 999_999_999

    private let peer: String
    private let stall: Duration
    private var phase = Phase.disconnected
    private var reader = RelpFrameReader()
    private var nextTransaction = 1
    /// Unanswered and later ones, in order; the first has the number `firstTransaction`.
    private var transactions: [Transaction] = []
    private var firstTransaction = 1
    /// In order of arrival.
    private var order: [UInt64] = []
    private var parcels: [UInt64: Progress] = [:]
    /// Frames on their way, and how much of them was taken.
    private var output: [UInt8] = []
    private var offset = 0
    /// Parcels of which the last frame is in `output`.
    private var leaving: [UInt64] = []
    private var unanswered = 0
    /// How often each record was refused, over all sessions.
    private var refusals: [Int64: Int] = [:]
    private var events: [ParcelEvent] = []
    private var madeProgress = false
    private var lastProgress: ContinuousClock.Instant?

    /// The number of a session's first transaction.
    private let start: Int

    init(peer: String, stall: Duration, firstTransaction: Int = 1) {
        self.peer = peer
        self.stall = stall
        start = firstTransaction
    }

    var hasWork: Bool { !parcels.isEmpty }

    var isOver: Bool {
        switch phase {
        case .disconnected, .opening, .closed: true
        case .ready, .closing: false
        }
    }

    func deadline(_ now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        hasWork ? (lastProgress ?? now) + stall : nil
    }

    mutating func takeEvents() -> [ParcelEvent] {
        defer { events = [] }
        return events
    }

    mutating func add(_ parcel: Parcel) {
        order.append(parcel.id)
        parcels[parcel.id] = Progress(
            parcel: parcel, verdicts: [Verdict?](repeating: nil, count: parcel.messages.count))
    }

    mutating func withdraw(_ id: UInt64) {
        guard let progress = parcels[id], progress.framed == 0 else { return }
        parcels[id] = nil
        order.removeAll { $0 == id }
        events.append(.done(id, .retry(reason: "sending was called off")))
    }

    mutating func broke(_ outcome: Delivery) {
        for id in order {
            guard let progress = parcels[id] else { continue }
            // A session that ends where a parcel begins, again and again, may be ended by one of its records.
            if case .fault(let after, let reason) = outcome, phase != .ready || progress.framed == 0 {
                events.append(.done(id, Self.delivery(of: progress, unanswered: .retry(after: after, reason: reason))))
            } else {
                events.append(.done(id, Self.delivery(of: progress, unanswered: outcome)))
            }
        }
        (order, parcels, transactions, unanswered, leaving) = ([], [:], [], 0, [])
        phase = .disconnected
    }

    mutating func check(unacknowledged: Int, _ now: ContinuousClock.Instant) throws(ConversationError) {
        guard hasWork else {
            lastProgress = now
            return
        }
        if madeProgress { lastProgress = now }
        madeProgress = false
        if let lastProgress, now - lastProgress >= stall {
            throw ConversationError(
                outcome: .retry(
                    reason: "\(peer) has answered nothing for \(stall): its queue is full, or it, or something on the "
                        + "way, hangs"))
        }
    }

    /// What became of a parcel; `unanswered` is what that means for records without an answer.
    private static func delivery(of progress: Progress, unanswered: Delivery) -> Delivery {
        guard progress.answered > 0 else { return unanswered }
        let rest: Verdict =
            switch unanswered {
            case .retry(let after, let reason), .fault(let after, let reason): .retry(after: after, reason: reason)
            case .hold(let reason), .split(let reason): .retry(reason: reason)
            case .accepted, .perRecord: .retry(reason: "it was not answered")
            }
        let verdicts = progress.verdicts.map { $0 ?? rest }
        return verdicts.allSatisfy { $0 == .accepted } ? .accepted() : .perRecord(verdicts)
    }
}

// MARK: - Sending

extension RelpConversation {
    mutating func connected(_ now: ContinuousClock.Instant) {
        phase = .opening
        reader = RelpFrameReader()
        (output, offset, nextTransaction) = ([], 0, start)
        appendFrame("open", Array(Self.greeting.utf8)[...])
        firstTransaction = nextTransaction
        lastProgress = now
    }

    mutating func send(
        _ now: ContinuousClock.Instant, _ take: (RawSpan) throws(TransportError) -> Int
    ) throws(TransportError) -> Bool {
        while true {
            while offset < output.count {
                let taken = try take(output.span.bytes.extracting(offset..<output.count))
                if taken == 0 { return true }
                offset += taken
                madeProgress = true
            }
            for id in leaving { events.append(.handedOver(id)) }
            leaving = []
            output.removeAll(keepingCapacity: true)
            offset = 0
            guard phase == .ready, frameMore() else { return false }
        }
    }

    mutating func sayGoodbye() {
        guard phase == .ready else { return }
        appendFrame("close", [])
        phase = .closing
    }

    /// Makes frames of waiting messages, as many as the window allows and a piece holds.
    private mutating func frameMore() -> Bool {
        for id in order where mayFrame {
            guard var progress = parcels[id], progress.framed < progress.parcel.messages.count else { continue }
            // The parcel's bytes are not copied: the dictionary's is the only other reference and is not changed.
            while progress.framed < progress.parcel.messages.count, mayFrame {
                let end = progress.parcel.messages[progress.framed].end
                transactions.append(Transaction(parcel: id, message: progress.framed))
                appendFrame("syslog", progress.parcel.bytes[progress.offset..<end])
                unanswered += 1
                progress.framed += 1
                progress.offset = end
            }
            if progress.framed == progress.parcel.messages.count {
                progress.parcel.bytes = []
                leaving.append(id)
            }
            parcels[id] = progress
        }
        return !output.isEmpty
    }

    /// The second bound is for a server that leaves one out for ever and answers what came after it.
    private var mayFrame: Bool {
        unanswered < Self.window && transactions.count < 3 * Self.window && output.count < Self.pieceBytes
    }

    private mutating func appendFrame(_ command: String, _ data: ArraySlice<UInt8>) {
        output.appendDecimal(nextTransaction)
        output.append(UInt8(ascii: " "))
        output.append(contentsOf: command.utf8)
        output.append(UInt8(ascii: " "))
        output.appendDecimal(data.count)
        if !data.isEmpty {
            output.append(UInt8(ascii: " "))
            output.append(contentsOf: data)
        }
        output.append(UInt8(ascii: "\n"))
        nextTransaction = nextTransaction == Self.lastTransaction ? 1 : nextTransaction + 1
    }
}

// MARK: - Receiving

extension RelpConversation {
    mutating func received(_ bytes: RawSpan) throws(ConversationError) {
        reader.append(bytes)
        while let frame = try nextFrame() { try take(frame) }
    }

    private mutating func nextFrame() throws(ConversationError) -> RelpFrame? {
        do throws(RelpFrameReader.Malformed) {
            return try reader.next()
        } catch {
            throw failure("\(peer) does not speak RELP: what it sent is no frame. Is the port that of a RELP input?")
        }
    }

    private mutating func take(_ frame: RelpFrame) throws(ConversationError) {
        madeProgress = true
        if frame.transaction == 0 {
            guard frame.command == "serverclose" else { return }
            throw ConversationError(
                outcome: .fault(reason: "\(peer) closes the session; what it did not answer is sent again"))
        }
        if phase == .closing, frame.command == "rsp", frame.transaction == lastSent {
            // Whatever it says; rsyslog says nothing.
            phase = .closed
            return
        }
        guard frame.command == "rsp", let response = RelpResponse(frame.data) else {
            throw failure("\(peer) sent a RELP frame that is no answer")
        }
        switch phase {
        case .opening: try opened(response)
        case .ready, .closing: try answered(frame.transaction, response)
        case .disconnected, .closed: break
        }
    }

    private mutating func opened(_ response: RelpResponse) throws(ConversationError) {
        guard response.code == 200 else {
            throw failure("\(peer) refuses the RELP session: \(response.code) \(response.text)")
        }
        let offers = String(decoding: response.data, as: UTF8.self).split(separator: "\n")
        guard offers.contains(where: { $0.hasPrefix("relp_version=") }) else {
            throw failure("\(peer) offers no version of RELP")
        }
        let commands = offers.filter { $0.hasPrefix("commands=") }
        guard commands.contains(where: { $0.dropFirst("commands=".count).split(separator: ",").contains("syslog") })
        else {
            throw ConversationError(
                outcome: .hold(reason: "\(peer) takes RELP, but not syslog over it: enable that at its end"))
        }
        phase = .ready
    }

    private mutating func answered(_ number: Int, _ response: RelpResponse) throws(ConversationError) {
        let distance = number - firstTransaction
        // Numbers begin again at 1.
        let index = distance < 0 ? distance + Self.lastTransaction : distance
        guard transactions.indices.contains(index), !transactions[index].isAnswered else {
            throw failure("\(peer) answered a transaction that does not wait for one")
        }
        transactions[index].isAnswered = true
        unanswered -= 1
        let (id, message) = (transactions[index].parcel, transactions[index].message)
        dropAnswered()
        guard var progress = parcels.removeValue(forKey: id) else { return }
        progress.verdicts[message] = verdict(response, on: progress.parcel.messages[message].sequence)
        progress.answered += 1
        if progress.answered < progress.verdicts.count {
            parcels[id] = progress
        } else {
            order.removeAll { $0 == id }
            events.append(.done(id, Self.delivery(of: progress, unanswered: .accepted())))
        }
    }

    /// Moves on to the first unanswered transaction, a few hundred at a time: removing at the front costs.
    private mutating func dropAnswered() {
        guard transactions.count >= 2 * Self.window || unanswered == 0 else { return }
        let answered = transactions.prefix { $0.isAnswered }.count
        transactions.removeFirst(answered)
        firstTransaction = (firstTransaction - 1 + answered) % Self.lastTransaction + 1
    }

    private mutating func verdict(_ response: RelpResponse, on sequence: Int64) -> Verdict {
        if response.code == 200 {
            if !refusals.isEmpty { refusals[sequence] = nil }
            return .accepted
        }
        if refusals.count > Self.mostRefusals { refusals = [:] }
        refusals[sequence, default: 0] += 1
        let reason = "\(peer) refuses the record: \(response.code) \(response.text)"
        return refusals[sequence, default: 0] < Self.patience ? .retry(reason: reason) : .rejected(reason: reason)
    }

    private func failure(_ reason: String) -> ConversationError {
        ConversationError(outcome: .retry(reason: reason))
    }

    private var lastSent: Int { nextTransaction == 1 ? Self.lastTransaction : nextTransaction - 1 }
}
