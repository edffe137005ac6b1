import Glibc
import PipelineCore
import Testing
import Transport

@testable import Sinks

/// TLS and RELP with rsyslog as it comes from Debian, which wants a client certificate of its own authority.
@Suite(.serialized, .enabled(if: SyslogReceiver.Program.rsyslog.isThere, "rsyslog is not installed"))
struct SyslogSecureTests {
    private let certificates: SyslogCertificates
    private let port: Int
    private let host: ByteStream.Host

    init() throws {
        certificates = try SyslogCertificates()
        port = try FreePort.tcp()
        host = ByteStream.Host(name: "localhost", port: port)
    }

    private var tls: ByteStream.TLS { certificates.client }

    private func start(_ input: String) async throws -> SyslogReceiver {
        let receiver = try SyslogReceiver(.rsyslog, SyslogRsyslogTests.common + input)
        try await receiver.start { FreePort.isTaken(port, "tcp") }
        return receiver
    }

    @Test func `each record arrives once over TLS`() async throws {
        let receiver = try await start(RsyslogInput.tls(port, certificates))
        let sink = try SyslogSink.sample(.tls([host], tls, .octetCounting))
        #expect(sink.guarantee == .firstKernel)
        let delivery = await sink.deliver(Batch(records: SyslogRsyslogTests.records))
        #expect(delivery.isAccepted)
        await sink.close()
        try await SyslogRsyslogTests.check(receiver)
        receiver.stop()
    }

    @Test func `server_name is what the certificate must name`() async throws {
        let receiver = try await start(RsyslogInput.tls(port, certificates))
        var named = tls
        named.serverName = "other.example"
        let refusing = try SyslogSink.sample(.tls([host], named, .octetCounting))
        let refused = await refusing.deliver(Batch(records: [.envelope(1)]))
        #expect(
            refused.holdReason?.contains("the certificate of localhost:\(port) was refused, nothing was sent") == true)
        await refusing.close()
        named.serverName = "siem.example"
        let sink = try SyslogSink.sample(.tls([host], named, .octetCounting))
        let delivery = await sink.deliver(Batch(records: [.envelope(1)]))
        #expect(delivery.isAccepted)
        await sink.close()
        try await SyslogRsyslogTests.check(receiver, [.envelope(1)])
        receiver.stop()
    }

    @Test func `files that are not there hold the sink`() async throws {
        let receiver = try await start(RsyslogInput.tls(port, certificates))
        var options = tls
        options.caFile = certificates.path("missing.pem")
        let sink = try SyslogSink.sample(.tls([host], options, .octetCounting))
        let delivery = await sink.deliver(Batch(records: [.envelope(1)]))
        let reason = try #require(delivery.holdReason)
        #expect(reason.contains("missing.pem"))
        await sink.close()
        receiver.stop()
    }

    @Test func `without a client certificate that the receiver knows nothing counts as delivered`() async throws {
        let receiver = try await start(RsyslogInput.tls(port, certificates))
        var none = tls
        (none.certificateFile, none.keyFile) = (nil, nil)
        var stranger = tls
        (stranger.certificateFile, stranger.keyFile) = (
            certificates.path("stranger.pem"), certificates.path("stranger.key")
        )
        for options in [none, stranger] {
            let sink = try SyslogSink.sample(.tls([host], options, .octetCounting), confirmAfter: .seconds(60))
            let delivery = await sink.deliver(Batch(records: [.envelope(1)]))
            #expect(delivery.retryReason != nil)
            await sink.close()
        }
        #expect(receiver.lines("raw").isEmpty)
        receiver.stop()
    }

    @Test func `each record arrives once over RELP, acknowledged`() async throws {
        let receiver = try await start(RsyslogInput.relp(port))
        let sink = try SyslogSink.sample(.relp([host]))
        #expect(sink.guarantee == .atLeastOnce)
        let delivery = await sink.deliver(Batch(records: SyslogRsyslogTests.records))
        #expect(delivery.isAccepted)
        await sink.close()
        try await SyslogRsyslogTests.check(receiver)
        receiver.stop()
    }

    @Test func `each record arrives once over RELP with TLS, acknowledged`() async throws {
        let receiver = try await start(RsyslogInput.relp(port, certificates))
        let sink = try SyslogSink.sample(.relpTLS([host], tls))
        #expect(sink.guarantee == .atLeastOnce)
        let delivery = await sink.deliver(Batch(records: SyslogRsyslogTests.records))
        #expect(delivery.isAccepted)
        await sink.close()
        try await SyslogRsyslogTests.check(receiver)
        receiver.stop()
    }

    @Test func `RELP with TLS delivers nothing without the certificate that is asked for`() async throws {
        let receiver = try await start(RsyslogInput.relp(port, certificates))
        var none = tls
        (none.certificateFile, none.keyFile) = (nil, nil)
        let nameless = try SyslogSink.sample(.relpTLS([host], none))
        let delivery = await nameless.deliver(Batch(records: [.envelope(1)]))
        #expect(delivery.retryReason != nil)
        await nameless.close()
        #expect(receiver.lines("raw").isEmpty)
        receiver.stop()
    }

    @Test func `many batches over RELP stay in order`() async throws {
        let receiver = try await start(RsyslogInput.relp(port))
        let sink = try SyslogSink.sample(.relp([host]))
        var records: [SpooledRecord] = []
        let results = Collected<Bool>()
        await withTaskGroup(of: Void.self) { group in
            for number in Int64(0)..<30 {
                let batch = SpooledRecord.envelopes(number * 100 + 1...number * 100 + 100, padding: 200)
                records += batch
                // As the dispatcher does: the next one follows when this one was handed over.
                let sent = AsyncStream.makeStream(of: Void.self)
                group.addTask {
                    let delivery = await sink.deliver(Batch(records: batch)) { sent.continuation.finish() }
                    sent.continuation.finish()
                    results.append(delivery.isAccepted)
                }
                for await _ in sent.stream {}
            }
        }
        #expect(results.all == [Bool](repeating: true, count: 30))
        await sink.close()
        let raw = try await receiver.lines("raw", count: records.count)
        expectSame(raw, SyslogEncoder.texts(records))
        receiver.stop()
    }

    @Test func `a record that rsyslog finds too long is a fault of its own, and others arrive`() async throws {
        let receiver = try await start(RsyslogInput.relp(port, nil, #"oversizeMode="abort""#))
        var options = SyslogMessageOptions.sample
        options.maximumBytes = 200_000
        let sink = try SyslogSink.sample(.relp([host]), options)
        let long = await sink.deliver(Batch(records: [.envelope(1, padding: 100_000)]))
        #expect(long.faultReason?.contains("localhost:\(port)") == true)
        let short = await sink.deliver(Batch(records: [.envelope(2)]))
        #expect(short.isAccepted)
        await sink.close()
        let lines = try await receiver.lines("raw", count: 1)
        #expect(lines == SyslogEncoder.texts([.envelope(2)]))
        receiver.stop()
    }

    @Test func `rsyslog killed in mid-stream loses nothing that RELP acknowledged`() async throws {
        // Written before it is answered, and so there after a kill.
        let configuration = #"""
            global(workDirectory="FOLDER" maxMessageSize="64k")
            main_queue(queue.type="Direct")
            template(name="id" type="string" string="%msg:R,ERE,1,FIELD:\"id\":\"(AE[0-9]+)\"--end%\n")
            module(load="imrelp")
            input(type="imrelp" address="127.0.0.1" port="\#(port)")
            action(type="omfile" file="FOLDER/ids" template="id" asyncWriting="off" flushOnTXEnd="on")
            """#
        let receiver = try SyslogReceiver(.rsyslog, configuration)
        try await receiver.start { FreePort.isTaken(port, "tcp") }
        let sink = try SyslogSink.sample(.relp([host]))
        let batches = (0..<20).map {
            SpooledRecord.envelopes(Int64($0) * 500 + 1...Int64($0) * 500 + 500, padding: 500)
        }
        var kills = 0
        for (index, batch) in batches.enumerated() {
            var due = batch
            let isKilled = index % 6 == 3
            if isKilled {
                // Somewhere between nothing and all of it was written by then.
                let before = receiver.lines("ids").count
                async let delivery = sink.deliver(Batch(records: batch))
                try await eventually("something written") { receiver.lines("ids").count > before }
                receiver.kill()
                kills += 1
                due = Self.remaining(batch, after: await delivery)
                try await receiver.start { FreePort.isTaken(port, "tcp") }
            }
            while !due.isEmpty { due = Self.remaining(due, after: await sink.deliver(Batch(records: due))) }
        }
        await sink.close()
        receiver.stop()
        #expect(kills == 3)
        let arrived = receiver.lines("ids")
        let expected = batches.joined().map(\.id)
        expectSame(Set(arrived).sorted(), expected)
        // Twice at most what was unanswered at a kill.
        #expect(arrived.count <= expected.count + kills * RelpConversation.window)
    }

    /// What is to be sent again, as the dispatcher reads it.
    private static func remaining(_ records: [SpooledRecord], after delivery: Delivery) -> [SpooledRecord] {
        switch delivery {
        case .accepted: []
        case .perRecord(let verdicts): zip(records, verdicts).filter { $1 != .accepted }.map(\.0)
        case .retry, .fault, .split, .hold: records
        }
    }
}
