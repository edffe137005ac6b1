import Glibc
import PipelineCore
import Transport

/// What the thread of a connection is to bring to the other end.
struct StreamErrand: Sendable {
    let parcel: Handoff<Parcel>
    let handedOver: @Sendable () -> Void
}

typealias StreamInbox = ThreadInbox<StreamErrand, Delivery>

/// Brings batches to the other end of a connection that a thread of its own looks after.
final class StreamCourier: SyslogCourier {
    enum Kind: Sendable {
        case framed(SyslogFraming, confirmAfter: Duration?)
        case relp
    }

    let outstanding: Int
    private let kind: Kind
    private let writer: MessageWriter
    private let inbox: StreamInbox

    /// - Parameter watch: of the thread; made when there is one.
    /// - Throws: `TransportError.badLocalSetup` when no thread or descriptor is to be had.
    init(
        to peers: [ByteStream.Peer], tls: ByteStream.TLS?, _ kind: Kind, timeouts: SyslogTimeouts,
        writer: MessageWriter, watch: () -> TurnWatch?
    ) throws(TransportError) {
        self.kind = kind
        self.writer = writer
        inbox = try StreamInbox(closed: .retry(reason: "the sink is being closed"))
        switch kind {
        // So many that what is sent within `confirmAfter` can be a lot.
        case .framed: outstanding = 1024
        // So many that the window is full although batches may be small.
        case .relp: outstanding = 8
        }
        try startThread(
            StreamThreadStart(
                inbox: inbox, peers: peers, tls: tls, timeouts: timeouts, kind: kind, watch: watch()))
    }

    deinit {
        inbox.stop()
    }

    func deliver(_ batch: consuming Batch, handedOver: @escaping @Sendable () -> Void) async -> Delivery {
        if batch.records.isEmpty { return .accepted() }
        let id = inbox.newID()
        var bytes: [UInt8] = []
        var messages: [Parcel.Message] = []
        writer.write(batch) { record, message in
            switch kind {
            case .framed(let framing, _): framing.append(message, to: &bytes)
            case .relp:
                bytes.append(contentsOf: message)
                messages.append(.init(end: bytes.count, sequence: record.sequence))
            }
        }
        // Nothing of it is kept here while it waits to be confirmed.
        _ = consume batch
        let parcel = Handoff(Parcel(id: id, bytes: consume bytes, messages: consume messages))
        return await inbox.run(StreamErrand(parcel: parcel, handedOver: handedOver), id: id)
    }

    func close() async {
        inbox.stop()
        await inbox.ended()
    }
}

/// What the thread begins with.
private final class StreamThreadStart: Sendable {
    let inbox: StreamInbox
    let peers: [ByteStream.Peer]
    let tls: ByteStream.TLS?
    let timeouts: SyslogTimeouts
    let kind: StreamCourier.Kind
    let watch: TurnWatch?

    init(
        inbox: StreamInbox, peers: [ByteStream.Peer], tls: ByteStream.TLS?, timeouts: SyslogTimeouts,
        kind: StreamCourier.Kind, watch: TurnWatch?
    ) {
        self.inbox = inbox
        self.peers = peers
        self.tls = tls
        self.timeouts = timeouts
        self.kind = kind
        self.watch = watch
    }
}

private func startThread(_ start: StreamThreadStart) throws(TransportError) {
    // The new thread takes over this reference; it keeps the inbox alive, but not the courier, whose deinit is to end it.
    let context = Unmanaged.passRetained(start)
    var thread = pthread_t()
    let code = pthread_create(&thread, nil, threadMain, context.toOpaque())
    guard code == 0 else {
        context.release()
        start.watch?.ended()
        throw .badLocalSetup(
            .init(target: "a connection", code: .init(rawValue: 0), detail: "no thread could be started: errno \(code)")
        )
    }
    pthread_detach(thread)
}

private func threadMain(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let context else { return nil }
    let start = Unmanaged<StreamThreadStart>.fromOpaque(context).takeRetainedValue()
    // Signals are the main thread's business; and TLS libraries raise SIGPIPE when they write to a closed connection.
    var all = sigset_t()
    sigfillset(&all)
    pthread_sigmask(SIG_BLOCK, &all, nil)
    let names = start.peers.map(\.description).joined(separator: ", ")
    let conversation: any Conversation =
        switch start.kind {
        case .framed(_, let confirmAfter):
            KernelConversation(peer: names, confirmAfter: confirmAfter, stall: start.timeouts.stall)
        case .relp: RelpConversation(peer: names, stall: start.timeouts.stall)
        }
    StreamLoop(
        inbox: start.inbox, peers: start.peers, tls: start.tls, timeouts: start.timeouts, conversation: conversation,
        watch: start.watch
    ).run()
    start.watch?.ended()
    start.inbox.end()
    return nil
}
