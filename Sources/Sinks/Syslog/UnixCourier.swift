import PipelineCore
import Transport

/// Sends to a UNIX socket as its owner wants it: datagrams, as systemd and rsyslog do, or a stream with a line feed after
/// each message, as syslog-ng can.
actor UnixCourier: SyslogCourier {
    private let path: String
    private let timeouts: SyslogTimeouts
    private let writer: MessageWriter
    private let watch: @Sendable () -> TurnWatch?
    private let datagrams: DatagramCourier
    /// As long as streams work.
    private var stream: StreamCourier?

    nonisolated var outstanding: Int { 1 }

    init(
        name: String, path: String, timeouts: SyslogTimeouts, writer: MessageWriter,
        watch: @escaping @Sendable () -> TurnWatch?
    ) {
        self.path = path
        self.timeouts = timeouts
        self.writer = writer
        self.watch = watch
        datagrams = DatagramCourier(name: name, to: .socket(path: path), timeouts: timeouts, writer: writer)
    }

    func deliver(_ batch: Batch, handedOver: @escaping @Sendable () -> Void) async -> Delivery {
        if stream == nil {
            do throws(DatagramSocket.Fault) {
                return try await datagrams.send(batch)
            } catch {
                guard case .wantsStream = error else { return await datagrams.retry(error) }
            }
        }
        do throws(TransportError) {
            let stream = try openStream()
            let delivery = await stream.deliver(batch, handedOver: handedOver)
            // The next attempt finds out anew what the owner wants.
            if case .accepted = delivery { return delivery }
            self.stream = nil
            await stream.close()
            return delivery
        } catch {
            return .retry(reason: "\(error)")
        }
    }

    func close() async {
        await stream?.close()
        await datagrams.close()
    }

    private func openStream() throws(TransportError) -> StreamCourier {
        if let stream { return stream }
        let opened = try StreamCourier(
            to: [.socket(path: path)], tls: nil, .framed(.newline, confirmAfter: nil), timeouts: timeouts,
            writer: writer, watch: watch)
        stream = opened
        return opened
    }
}
