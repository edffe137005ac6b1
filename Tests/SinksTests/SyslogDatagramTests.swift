import Glibc
import PipelineCore
import Testing
import Transport

@testable import Sinks

struct SyslogDatagramTests {
    /// Sends until the host has said that nobody listens, which it does in its own time.
    private static func refusal(of sink: SyslogSink) async throws -> String {
        for _ in 1...100 {
            let delivery = await sink.deliver(Batch(records: [.envelope(9)]))
            if let reason = delivery.retryReason { return reason }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw CancellationError()
    }

    @Test func `a host where nobody listens is told, and the batch comes again`() async throws {
        let port = try FreePort.udp()
        let sink = try SyslogSink.sample(.udp([.init(name: "127.0.0.1", port: port)]))
        let reason = try await Self.refusal(of: sink)
        #expect(reason.contains("127.0.0.1:\(port)") && reason.contains("Nobody listens there"))
        await sink.close()
    }

    @Test func `the next address is used when one refuses`() async throws {
        let dead = try FreePort.udp()
        let receiver = try DatagramReceiver()
        let sink = try SyslogSink.sample(
            .udp([.init(name: "127.0.0.1", port: dead), .init(name: "127.0.0.1", port: receiver.port)]))
        _ = try await Self.refusal(of: sink)
        let second = await sink.deliver(Batch(records: [.envelope(1)]))
        #expect(second.isAccepted)
        #expect(receiver.next() == SyslogEncoder.texts([.envelope(1)])[0])
        await sink.close()
    }

    @Test func `a record that no datagram can hold is sent shortened`() async throws {
        let receiver = try DatagramReceiver()
        var options = SyslogMessageOptions.sample
        options.maximumBytes = 200_000
        let sink = try SyslogSink.sample(.udp([.init(name: "127.0.0.1", port: receiver.port)]), options)
        let records = [SpooledRecord.envelope(1), .envelope(2, padding: 100_000), .envelope(3)]
        let delivery = await sink.deliver(Batch(records: records))
        #expect(delivery.isAccepted)
        #expect(receiver.next() == SyslogEncoder.texts(records)[0])
        let shortened = try SyslogMessage(Array(receiver.next().utf8))
        #expect(shortened.parameter("id") == records[1].id && shortened.message.contains(#""truncated":"#))
        #expect(receiver.next() == SyslogEncoder.texts(records)[2])
        #expect(sink.shortened == 1)
        await sink.close()
    }

    @Test func `a UNIX socket that is not there is told, and used once it is`() async throws {
        let folder = try TemporaryFolder()
        let sink = try SyslogSink.sample(.unix(path: folder.path + "/log"))
        let delivery = await sink.deliver(Batch(records: [.envelope(1)]))
        let reason = try #require(delivery.retryReason)
        #expect(reason.contains(folder.path + "/log") && reason.contains("is the receiver running?"))
        let receiver = try DatagramReceiver(path: folder.path + "/log")
        let second = await sink.deliver(Batch(records: [.envelope(1)]))
        #expect(second.isAccepted)
        #expect(receiver.next() == SyslogEncoder.texts([.envelope(1)])[0])
        await sink.close()
    }
}

/// A datagram socket that a test reads itself.
private final class DatagramReceiver {
    private let descriptor: CInt
    let port: Int

    init(path: String? = nil) throws {
        let descriptor = socket(path == nil ? AF_INET : AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        var limit = timeval(tv_sec: 20, tv_usec: 0)
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
            try #require(code == 0)
            self.descriptor = descriptor
            port = 0
        } else {
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let code = withUnsafeMutablePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(descriptor, $0, length) | getsockname(descriptor, $0, &length)
                }
            }
            try #require(code == 0)
            self.descriptor = descriptor
            port = Int(UInt16(bigEndian: address.sin_port))
        }
    }

    deinit {
        close(descriptor)
    }

    /// Empty when nothing comes.
    func next() -> String {
        var buffer = [UInt8](repeating: 0, count: 70_000)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
    }
}
