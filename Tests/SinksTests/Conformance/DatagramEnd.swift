import Foundation
import PipelineCore
import Synchronization
import Testing
import Transport

@testable import Sinks

/// A receiver of datagrams, at a port or a path.
final class DatagramEnd: SinkEnd {
    private struct State {
        var behaviour = EndBehaviour.good
        var ids: [String] = []
        /// Bumped to end the thread that reads.
        var generation = 0
        var isReading = false
        /// Is there, and read by nobody.
        var idle: DatagramReceiver?
    }

    private let state = Mutex(State())
    private let folder: TemporaryFolder
    private let path: String?
    private let port: Int

    init(_ kind: SinkKind) throws {
        folder = try TemporaryFolder()
        path = kind == .unix ? folder.path + "/log" : nil
        port = kind == .unix ? 0 : try FreePort.udp()
    }

    var place: String {
        path ?? (state.withLock { $0.behaviour == .unknownName } ? "no-such-host.invalid" : "127.0.0.1:\(port)")
    }
    var received: [String] { state.withLock(\.ids) }
    var canRecover: Bool { state.withLock { $0.behaviour != .unknownName } }

    func become(_ behaviour: EndBehaviour, records: Int) async throws {
        await stop()
        state.withLock { $0.behaviour = behaviour }
        switch behaviour {
        case .nobodyListens, .unknownName: break
        case .hanging:
            let receiver = try DatagramReceiver(path: path, port: port)
            state.withLock { $0.idle = receiver }
        default: read(try DatagramReceiver(path: path, port: port, patience: .milliseconds(20)), behaviour)
        }
    }

    private func read(_ receiver: DatagramReceiver, _ behaviour: EndBehaviour) {
        let generation = state.withLock { state in
            state.isReading = true
            return state.generation
        }
        let held = Mutex<DatagramReceiver?>(receiver)
        Thread.detachNewThread { [self] in
            while state.withLock({ $0.generation == generation }) {
                let text = held.withLock { $0?.next(answering: behaviour == .garbage ? "\u{0}no" : nil) } ?? ""
                state.withLock { $0.ids += SinkEnds.ids(in: text) }
                if behaviour == .slow { usleep(200) }
            }
            // Closed before anybody is told.
            held.withLock { $0 = nil }
            state.withLock { $0.isReading = false }
        }
    }

    func withSink(for behaviour: EndBehaviour, _ body: (any Sink) async throws -> Void) async throws {
        let name = behaviour == .unknownName ? "no-such-host.invalid" : "127.0.0.1"
        let sink = try SyslogSink.sample(
            path.map { .unix(path: $0) } ?? .udp([.init(name: name, port: port)]),
            connect: behaviour == .hanging ? .seconds(1) : .seconds(30))
        try await body(sink)
        await sink.close()
    }

    func stop() async {
        state.withLock { state in
            state.generation += 1
            state.idle = nil
        }
        try? await eventually("the receiver ends") { state.withLock { !$0.isReading } }
        if let path { unlink(path) }
    }
}

/// A datagram socket that a test reads itself.
final class DatagramReceiver: Sendable {
    private let descriptor: CInt
    let port: Int

    /// - Parameter patience: how long `next` waits.
    init(path: String? = nil, port: Int = 0, patience: Duration = .seconds(20)) throws {
        let descriptor = socket(path == nil ? AF_INET : AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        self.descriptor = descriptor
        let (seconds, rest) = patience.components
        var limit = timeval(tv_sec: Int(seconds), tv_usec: Int(rest / 1_000_000_000_000))
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        if let path {
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
            let code = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
            self.port = 0
            try #require(code == 0)
        } else {
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = UInt16(port).bigEndian
            address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let code = withUnsafeMutablePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(descriptor, $0, length) | getsockname(descriptor, $0, &length)
                }
            }
            self.port = Int(UInt16(bigEndian: address.sin_port))
            try #require(code == 0)
        }
    }

    deinit {
        close(descriptor)
    }

    /// Empty when nothing comes.
    /// - Parameter answer: sent back to whom it came from, if that has an address.
    func next(answering answer: String? = nil) -> String {
        var buffer = [UInt8](repeating: 0, count: 70_000)
        var sender = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        return withUnsafeMutablePointer(to: &sender) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { sender in
                let count = recvfrom(descriptor, &buffer, buffer.count, 0, sender, &length)
                guard count > 0 else { return "" }
                if let answer, length > 0 { _ = sendto(descriptor, answer, answer.utf8.count, 0, sender, length) }
                return String(decoding: buffer.prefix(count), as: UTF8.self)
            }
        }
    }
}
