import Glibc
import PipelineCore
import Transport

/// Sends each message as a datagram, to a host (RFC 5426) or a UNIX socket.
///
/// - Nobody answers: what this kernel takes counts. A host that says that nobody listens (ICMP) makes the batch come again.
/// - A batch is spread a little over time, or a receiver's buffer would overflow at once and silently.
actor DatagramCourier: SyslogCourier {
    enum Destination: Sendable {
        case hosts([ByteStream.Host])
        case socket(path: String)
    }

    private let destination: Destination
    private let timeouts: SyslogTimeouts
    private let writer: MessageWriter
    private let executor: QueueExecutor
    private var socket: DatagramSocket?
    /// Of the hosts; moves on when one refuses.
    private var place = 0
    private var openedAt = ContinuousClock.now

    /// Linux's default receive buffer holds 200 KiB with all that the kernel adds to each datagram.
    private static let burstBytes = 32 << 10
    private static let pauseMicroseconds: UInt32 = 1000
    /// A name may have moved, and nothing else would tell.
    private static let longestUse: Duration = .seconds(300)
    /// RFC 5424, section 6.1: every receiver takes that much.
    private static let leastBytes = 480

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }
    nonisolated var outstanding: Int { 1 }

    init(name: String, to destination: Destination, timeouts: SyslogTimeouts, writer: MessageWriter) {
        self.destination = destination
        self.timeouts = timeouts
        self.writer = writer
        executor = QueueExecutor(label: "twilship.sink.\(name)")
    }

    func deliver(_ batch: Batch, handedOver: @escaping @Sendable () -> Void) async -> Delivery {
        do throws(DatagramSocket.Fault) {
            return try send(batch)
        } catch {
            return retry(error)
        }
    }

    func retry(_ fault: DatagramSocket.Fault) -> Delivery {
        .retry(reason: reason(fault))
    }

    func close() async {
        socket = nil
    }

    /// - Throws: when there is no socket, or the other end wants a stream.
    func send(_ batch: Batch) throws(DatagramSocket.Fault) -> Delivery {
        let socket = try currentSocket()
        var verdicts: [Verdict] = []
        verdicts.reserveCapacity(batch.records.count)
        var message: [UInt8] = []
        var frames = SyslogEncoder.Frames()
        var burst = 0
        do throws(DatagramSocket.Fault) {
            for record in batch.records {
                writer.write(record, to: &message, &frames)
                verdicts.append(try send(record, &message, &frames, socket))
                burst += message.count
                if burst >= Self.burstBytes {
                    usleep(Self.pauseMicroseconds)
                    burst = 0
                }
            }
            try socket.checkRefusal()
        } catch {
            self.socket = nil
            place += 1
            let reason = reason(error)
            // A refusal is of some earlier datagram, nobody knows which; other faults are of this one.
            if case .failed(_, code: ECONNREFUSED) = error { return .retry(reason: reason) }
            if verdicts.isEmpty { return .retry(reason: reason) }
            let rest = [Verdict](repeating: .retry(reason: reason), count: batch.records.count - verdicts.count)
            return .perRecord(verdicts + rest)
        }
        return verdicts.allSatisfy { $0 == .accepted } ? .accepted() : .perRecord(verdicts)
    }

    /// Sends one message, shorter and shorter if it has to be.
    private func send(
        _ record: SpooledRecord, _ message: inout [UInt8], _ frames: inout SyslogEncoder.Frames,
        _ socket: DatagramSocket
    ) throws(DatagramSocket.Fault) -> Verdict {
        while true {
            do throws(DatagramSocket.Fault) {
                try socket.send(message)
                return .accepted
            } catch {
                guard case .tooLong = error else { throw error }
                let before = message.count
                writer.write(record, to: &message, &frames, maximumBytes: max(Self.leastBytes, before / 2))
                if message.count < before { continue }
                return .rejected(
                    reason: "the system refuses a datagram of \(before) bytes, and the record cannot be made shorter")
            }
        }
    }

    private func currentSocket() throws(DatagramSocket.Fault) -> DatagramSocket {
        if let socket, ContinuousClock.now - openedAt < Self.longestUse { return socket }
        socket = nil
        openedAt = .now
        let opened: DatagramSocket
        switch destination {
        case .socket(let path): opened = try .toSocket(path: path, timeout: timeouts.connect)
        case .hosts(let hosts): opened = try firstOf(hosts)
        }
        socket = opened
        return opened
    }

    /// Beginning with the one after the last that refused.
    private func firstOf(_ hosts: [ByteStream.Host]) throws(DatagramSocket.Fault) -> DatagramSocket {
        var last = DatagramSocket.Fault.failed("find an address for", code: EDESTADDRREQ)
        for step in hosts.indices {
            do throws(DatagramSocket.Fault) {
                let opened = try DatagramSocket.toHost(
                    hosts[(place + step) % hosts.count], timeout: timeouts.connect)
                place += step
                return opened
            } catch {
                last = error
            }
        }
        throw last
    }

    private func reason(_ fault: DatagramSocket.Fault) -> String {
        let name =
            switch destination {
            case .socket(let path): path
            case .hosts(let hosts): hosts.map(\.description).joined(separator: ", ")
            }
        switch fault {
        case .tooLong: return "the system refuses so long a datagram to \(name)"
        case .wantsStream: return "\(name) takes streams, not datagrams"
        case .failed(let operation, let code):
            let said = code == 0 ? "" : ": \(String(cString: strerror(code)))"
            return "cannot \(operation) \(name)\(said). \(Self.advice(for: code))"
        }
    }

    private static func advice(for code: Int32) -> String {
        switch code {
        case ECONNREFUSED, ENOENT: "Nobody listens there: is the receiver running?"
        case EACCES, EPERM: "Give the service's user access, or look at this host's firewall."
        case EAGAIN: "The receiver takes nothing: is it hanging?"
        default: "It is tried again."
        }
    }
}
