package import Logging
package import PipelineCore
package import Transport

/// Sends records as syslog messages.
///
/// What it stands for that a batch was accepted depends on who can answer:
/// - RELP: the receiver said of each record that it has it.
/// - TCP and TLS: the first machine's kernel acknowledged every byte and the connection then stayed healthy for a while.
/// - UDP and UNIX sockets: this kernel took it.
package final class SyslogSink: Sink {
    package let guarantee: DeliveryGuarantee
    private let courier: any SyslogCourier
    private let writer: MessageWriter

    /// - Parameter watch: makes one for each thread that has a connection.
    /// - Throws: when the system has no thread or descriptor for it; nothing is connected to yet.
    package init(
        name: String, options: SyslogSinkOptions, log: Logger, watch: @escaping @Sendable () -> TurnWatch? = { nil }
    ) throws {
        var log = log
        log[metadataKey: "sink.name"] = "\(name)"
        let writer = MessageWriter(options.message, log: log)
        self.writer = writer
        func stream(
            _ hosts: [ByteStream.Host], _ tls: ByteStream.TLS?, _ kind: StreamCourier.Kind
        ) throws(TransportError) -> StreamCourier {
            try StreamCourier(
                to: hosts.map { .host($0) }, tls: tls, kind, timeouts: options.timeouts, writer: writer, watch: watch)
        }
        switch options.destination {
        case .udp(let hosts):
            guarantee = .bestEffort
            courier = DatagramCourier(name: name, to: .hosts(hosts), timeouts: options.timeouts, writer: writer)
        case .unix(let path):
            guarantee = .bestEffort
            courier = UnixCourier(
                name: name, path: path, timeouts: options.timeouts, writer: writer, watch: watch)
        case .tcp(let hosts, let framing):
            guarantee = .firstKernel
            courier = try stream(hosts, nil, .framed(framing, confirmAfter: options.confirmAfter))
        case .tls(let hosts, let tls, let framing):
            guarantee = .firstKernel
            courier = try stream(hosts, tls, .framed(framing, confirmAfter: options.confirmAfter))
        case .relp(let hosts):
            guarantee = .atLeastOnce
            courier = try stream(hosts, nil, .relp)
        case .relpTLS(let hosts, let tls):
            guarantee = .atLeastOnce
            courier = try stream(hosts, tls, .relp)
        }
    }

    package var outstanding: Int { courier.outstanding }
    /// Receivers of syslog recognise nothing.
    package var pinsBatches: Bool { false }
    /// Records that were sent shortened, each attempt counted, since the process started.
    package var shortened: Int { writer.shortened }

    package func deliver(_ batch: consuming Batch, handedOver: @escaping @Sendable () -> Void) async -> Delivery {
        await courier.deliver(batch, handedOver: handedOver)
    }

    /// Waits for what is unconfirmed as long as the options say; the rest is to be sent again.
    package func close() async {
        await courier.close()
    }
}

/// One way to bring messages somewhere.
protocol SyslogCourier: Sendable {
    var outstanding: Int { get }
    func deliver(_ batch: consuming Batch, handedOver: @escaping @Sendable () -> Void) async -> Delivery
    func close() async
}
