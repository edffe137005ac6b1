import Glibc
package import PipelineCore
package import Transport

/// Tries the way to one address of a syslog sink, as its courier would go it, and sends no record.
///
/// Its calls block, for `timeout` at most: a thread of its own that has SIGPIPE blocked is its place.
package struct SyslogProbe: Sendable {
    package enum Target: Sendable {
        case udp(ByteStream.Host)
        case unix(path: String)
        case stream(ByteStream.Host, ByteStream.TLS?, isRelp: Bool)
    }

    package let target: Target
    private let timeout: Duration
    private let now: Timestamp

    /// How long a refused client certificate may take to show: with TLS 1.3 it comes behind the handshake.
    private static let patience: Duration = .milliseconds(500)

    package init(_ target: Target, timeout: Duration, now: Timestamp) {
        self.target = target
        self.timeout = timeout
        self.now = now
    }

    /// All addresses of a destination, in its order.
    package static func targets(_ destination: SyslogSinkOptions.Destination) -> [Target] {
        switch destination {
        case .udp(let hosts): hosts.map { .udp($0) }
        case .unix(let path): [.unix(path: path)]
        case .tcp(let hosts, _): hosts.map { .stream($0, nil, isRelp: false) }
        case .tls(let hosts, let tls, _): hosts.map { .stream($0, tls, isRelp: false) }
        case .relp(let hosts): hosts.map { .stream($0, nil, isRelp: true) }
        case .relpTLS(let hosts, let tls): hosts.map { .stream($0, tls, isRelp: true) }
        }
    }

    package func run() -> [Finding] {
        switch target {
        case .udp(let host): [datagrams(host)]
        case .unix(let path): [socket(path)]
        case .stream(let host, let tls, let isRelp): stream(host, tls, isRelp: isRelp)
        }
    }

    private func datagrams(_ host: ByteStream.Host) -> Finding {
        do throws(DatagramSocket.Fault) {
            _ = try DatagramSocket.toHost(host, timeout: timeout)
            return Finding(.fine, "\(host): can be sent to; over UDP nobody answers, so whether it listens is not seen")
        } catch {
            return failure("\(host)", error)
        }
    }

    private func socket(_ path: String) -> Finding {
        do throws(DatagramSocket.Fault) {
            _ = try DatagramSocket.toSocket(path: path, timeout: timeout)
            return Finding(.fine, "\(path): takes datagrams")
        } catch {
            guard case .wantsStream = error else { return failure(path, error) }
            return Finding(.fine, "\(path): takes a stream, a line feed after each message")
        }
    }

    private func failure(_ name: String, _ fault: DatagramSocket.Fault) -> Finding {
        guard case .failed(let operation, let code) = fault else { return Finding(.failure, "\(name): \(fault)") }
        let said = code == 0 ? "" : ": \(String(cString: strerror(code)))"
        let level: Finding.Level = code == EACCES || code == EPERM ? .refusal : .failure
        return Finding(level, "cannot \(operation) \(name)\(said)")
    }

    // MARK: - Streams

    private func stream(_ host: ByteStream.Host, _ tls: ByteStream.TLS?, isRelp: Bool) -> [Finding] {
        let deadline = ContinuousClock.now + timeout
        do throws(TransportError) {
            let stream = try ByteStream(
                to: .host(host), tls: tls, timeout: timeout, keepsCertificate: tls != nil, isWanted: { true })
            var findings = [
                Finding(.fine, "\(host): connected" + (tls == nil ? ", without encryption" : " with TLS, verified"))
            ]
            if tls != nil {
                findings += [stream.certificate.map { Finding($0, now: now) }].compactMap { $0 }
            }
            var line = Line(stream)
            if isRelp {
                findings += try line.openSession(deadline)
            } else if tls != nil {
                // Nothing is to come, unless it is a refusal.
                _ = try line.frame(.now + Self.patience, isQuiet: true)
            }
            return findings
        } catch {
            return [Finding(error)]
        }
    }
}

/// A connection with what was received over it.
private struct Line {
    let stream: ByteStream
    private var reader = RelpFrameReader()
    private var buffer = [UInt8](repeating: 0, count: 16 << 10)

    init(_ stream: ByteStream) {
        self.stream = stream
    }

    /// Opens a RELP session and closes it again.
    mutating func openSession(_ deadline: ContinuousClock.Instant) throws(TransportError) -> [Finding] {
        let greeting = RelpConversation.greeting
        try send("1 open \(greeting.utf8.count) \(greeting)\n")
        guard let frame = try frame(deadline), frame.command == "rsp", let response = RelpResponse(frame.data) else {
            return [
                Finding(
                    .failure, "\(stream.peer): does not answer as RELP does, in time. Is the port that of a RELP input?"
                )
            ]
        }
        guard response.code == 200 else {
            return [
                Finding(.refusal, "\(stream.peer): refuses the RELP session: \(response.code) \(response.text)")
            ]
        }
        // Ends it in order; what it says to that is nobody's concern.
        try send("2 close 0\n")
        let offers = String(decoding: response.data.prefix(2048), as: UTF8.self).split(separator: "\n").prefix(16)
        let words = offers.joined(separator: "; ")
        let isSyslog = offers.contains {
            $0.hasPrefix("commands=") && $0.dropFirst("commands=".count).split(separator: ",").contains("syslog")
        }
        return [
            isSyslog
                ? Finding(.fine, "\(stream.peer): answers RELP: \(words)")
                : Finding(.failure, "\(stream.peer): takes RELP, but not syslog over it: \(words)")
        ]
    }

    /// Short, so that a new connection has room for it.
    private func send(_ text: String) throws(TransportError) {
        _ = try stream.send(Array(text.utf8).span.bytes)
    }

    /// The next frame; nil if none comes in time, or what comes is none.
    /// - Parameter isQuiet: a connection that the other end closes is an error, and what it says is not looked at.
    mutating func frame(
        _ deadline: ContinuousClock.Instant, isQuiet: Bool = false
    ) throws(TransportError) -> RelpFrame? {
        while true {
            switch try stream.receive(into: &buffer) {
            case .closed:
                guard isQuiet else { return nil }
                throw .interrupted(
                    .init(target: "\(stream.peer)", code: .init(rawValue: 0), detail: "it closed the connection"))
            case .bytes(let count):
                if isQuiet { return nil }
                let piece = Array(buffer[..<count])
                reader.append(piece.span.bytes)
                do throws(RelpFrameReader.Malformed) {
                    if let frame = try reader.next() { return frame }
                } catch {
                    return nil
                }
            case .nothingYet:
                let left = deadline - .now
                guard left > .zero else { return nil }
                var descriptor = pollfd(fd: stream.descriptor, events: Int16(POLLIN), revents: 0)
                _ = poll(&descriptor, 1, CInt(clamping: left.wholeMilliseconds + 1))
            }
        }
    }
}
