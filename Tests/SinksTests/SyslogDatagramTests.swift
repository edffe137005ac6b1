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
}
