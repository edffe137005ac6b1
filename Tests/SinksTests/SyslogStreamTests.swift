import Glibc
import PipelineCore
import Testing
import Transport

@testable import Sinks

/// TCP against servers that are played by hand.
struct SyslogStreamTests {
    @Test(arguments: SyslogFraming.allCases)
    func `a batch arrives whole, in order and framed`(framing: SyslogFraming) async throws {
        let got = Collected<UInt8>()
        let server = try ScriptedServer { connection, _ in for byte in connection.readAll() { got.append(byte) } }
        let sink = try SyslogSink.sample(.tcp([server.host], framing))
        #expect(sink.guarantee == .firstKernel && !sink.pinsBatches)
        let records = SpooledRecord.envelopes(1...200)
        let delivery = await sink.deliver(Batch(records: records))
        #expect(delivery.isAccepted)
        await sink.close()
        let expected = SyslogEncoder.texts(records).map { text in
            framing == .newline ? text + "\n" : "\(text.utf8.count) \(text)"
        }
        try await eventually("all bytes") { got.all.count == expected.joined().utf8.count }
        #expect(String(decoding: got.all, as: UTF8.self) == expected.joined())
        server.stop()
    }

    @Test func `a batch is handed over when it is sent, and accepted only after the connection stayed healthy`()
        async throws
    {
        let server = try ScriptedServer { connection, _ in _ = connection.readAll() }
        let confirmAfter = Duration.milliseconds(400)
        let sink = try SyslogSink.sample(.tcp([server.host], .octetCounting), confirmAfter: confirmAfter)
        let start = ContinuousClock.now
        let handedOver = Collected<Duration>()
        let delivery = await sink.deliver(Batch(records: [.envelope(1)])) {
            handedOver.append(.now - start)
        }
        let took = ContinuousClock.now - start
        #expect(delivery.isAccepted && took >= confirmAfter)
        let sentAfter = try #require(handedOver.all.first)
        #expect(sentAfter < took - confirmAfter / 2)
        await sink.close()
        server.stop()
    }

    @Test
    func `the thread of a connection turns with nothing to send and while a receiver is silent, and says when it ends`()
        async throws
    {
        let server = try ScriptedServer { connection, _ in _ = connection.readAll() }
        defer { server.stop() }
        let (turns, turned) = AsyncStream<Void>.makeStream()
        let (ends, ended) = AsyncStream<Void>.makeStream()
        let sink = try SyslogSink.sample(.relp([server.host]), close: .milliseconds(50)) {
            TurnWatch(interval: .milliseconds(20), turned: { turned.yield() }, ended: { ended.yield() })
        }
        for await _ in turns.prefix(5) {}
        let delivery = Task { await sink.deliver(Batch(records: [.envelope(1)])) }
        try await eventually("a connection") { server.accepted == 1 }
        for await _ in turns.prefix(5) {}
        await sink.close()
        #expect(await delivery.value.retryReason != nil)
        _ = await ends.first { true }
    }

    @Test func `many batches are confirmed together, not one after the other`() throws {
        let start = ContinuousClock.now
        let confirmAfter = Duration.seconds(2)
        var conversation = KernelConversation(peer: "test", confirmAfter: confirmAfter, stall: .seconds(60))
        for id in UInt64(1)...32 { conversation.add(Parcel(id: id, bytes: [1, 2, 3], messages: [])) }
        conversation.connected(start)
        let isBlocked = try conversation.send(start) { $0.byteCount }
        #expect(!isBlocked)
        func events(_ unacknowledged: Int, after time: Duration) throws -> (handedOver: Int, accepted: [UInt64]) {
            try conversation.check(unacknowledged: unacknowledged, start + time)
            let events = conversation.takeEvents()
            let accepted = events.compactMap { event -> UInt64? in
                guard case .done(let id, .accepted) = event else { return nil }
                return id
            }
            return (events.count - accepted.count, accepted)
        }
        #expect(try events(96, after: .zero) == (32, []))
        // All but the last two are acknowledged a second later, and the last two another second later.
        #expect(try events(6, after: .seconds(1)) == (0, []))
        #expect(try events(0, after: .seconds(2)) == (0, []))
        #expect(try events(0, after: .seconds(3)) == (0, Array(1...30)))
        #expect(try events(0, after: .seconds(4)) == (0, [31, 32]))
        #expect(!conversation.hasWork)
    }

    @Test func `what a server had read before it closed within the time is sent again`() async throws {
        let server = try ScriptedServer { connection, number in
            _ = connection.counted()
            if number == 1 { return connection.close() }
            _ = connection.readAll()
        }
        let sink = try SyslogSink.sample(.tcp([server.host], .octetCounting), confirmAfter: .seconds(60))
        let batch = Batch(records: [.envelope(1)])
        let first = await sink.deliver(batch)
        #expect(first.retryReason?.contains("127.0.0.1:\(server.port)") == true)
        #expect(first.retryReason?.contains("sent again") == true)
        await sink.close()
        let patient = try SyslogSink.sample(.tcp([server.host], .octetCounting))
        let second = await patient.deliver(batch)
        #expect(second.isAccepted && server.accepted == 2)
        await patient.close()
        server.stop()
    }

    @Test func `a close takes with it everything younger than the time to confirm`() async throws {
        let end = Gate()
        let server = try ScriptedServer { connection, _ in
            for _ in 1...6 { _ = connection.counted() }
            end.wait()
        }
        let sink = try SyslogSink.sample(.tcp([server.host], .octetCounting), confirmAfter: .seconds(60))
        let handed = Collected<Int64>()
        let deliveries = await withTaskGroup(of: Delivery.self, returning: [Delivery].self) { group in
            for number in Int64(1)...6 {
                group.addTask {
                    await sink.deliver(Batch(records: [.envelope(number)])) {
                        if handed.append(number) == 6 { end.open() }
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(deliveries.count == 6 && deliveries.allSatisfy { $0.retryReason != nil })
        await sink.close()
        server.stop()
    }

    @Test func `a server that says it will send nothing more is one that closes`() async throws {
        let server = try ScriptedServer { connection, _ in
            _ = connection.counted()
            connection.closeHalf()
            _ = connection.readAll()
        }
        let sink = try SyslogSink.sample(.tcp([server.host], .octetCounting), confirmAfter: .seconds(60))
        let delivery = await sink.deliver(Batch(records: [.envelope(1)]))
        #expect(delivery.retryReason?.contains("closed") == true)
        await sink.close()
        server.stop()
    }

    @Test func `an idle connection that was closed is noticed, and the next batch gets a new one`() async throws {
        let over = Gate()
        let closed = Gate()
        let server = try ScriptedServer { connection, number in
            if number == 1 {
                _ = connection.counted()
                over.wait()
                connection.closeHalf()
                // Until the sink has closed its end, too.
                _ = connection.readAll()
                return closed.open()
            }
            _ = connection.readAll()
        }
        let sink = try SyslogSink.sample(.tcp([server.host], .octetCounting))
        let first = await sink.deliver(Batch(records: [.envelope(1)]))
        #expect(first.isAccepted)
        over.open()
        closed.wait()
        let second = await sink.deliver(Batch(records: [.envelope(2)]))
        #expect(second.isAccepted && server.accepted == 2)
        await sink.close()
        server.stop()
    }

    @Test func `addresses are tried in order, and all failures are told`() async throws {
        let server = try ScriptedServer { connection, _ in _ = connection.readAll() }
        let dead = try ScriptedServer { _, _ in }
        dead.stop()
        let sink = try SyslogSink.sample(.tcp([dead.host, server.host], .octetCounting))
        let delivery = await sink.deliver(Batch(records: [.envelope(1)]))
        #expect(delivery.isAccepted)
        await sink.close()
        server.stop()
        let hopeless = try SyslogSink.sample(.tcp([dead.host, server.host], .octetCounting))
        let refused = await hopeless.deliver(Batch(records: [.envelope(1)]))
        let reason = try #require(refused.retryReason)
        #expect(reason.contains("\(dead.port)") && reason.contains("\(server.port)"))
        await hopeless.close()
    }

    @Test func `closing waits for what is unconfirmed only as long as it is told`() async throws {
        let server = try ScriptedServer { connection, _ in _ = connection.readAll() }
        let sink = try SyslogSink.sample(
            .tcp([server.host], .octetCounting), confirmAfter: .seconds(120), close: .milliseconds(300))
        let sent = AsyncStream.makeStream(of: Void.self)
        async let delivery = sink.deliver(Batch(records: [.envelope(1)])) { sent.continuation.finish() }
        for await _ in sent.stream {}
        let start = ContinuousClock.now
        await sink.close()
        let took = ContinuousClock.now - start
        let result = await delivery
        #expect(result.retryReason?.contains("before this was confirmed") == true)
        #expect(took >= .milliseconds(300) && took < .seconds(10))
        server.stop()
    }

    @Test func `a cancelled delivery that was not begun is called off, even while connecting`() async throws {
        // Nobody answers at an address for documentation (RFC 5737).
        let sink = try SyslogSink.sample(
            .tcp([.init(name: "192.0.2.1", port: 6514)], .octetCounting), connect: .seconds(120))
        let task = Task { await sink.deliver(Batch(records: [.envelope(1)])) }
        task.cancel()
        let start = ContinuousClock.now
        let delivery = await task.value
        #expect(delivery.retryReason != nil)
        #expect(ContinuousClock.now - start < .seconds(60))
        await sink.close()
    }

    @Test func `an empty batch is accepted without a connection`() async throws {
        let sink = try SyslogSink.sample(.tcp([.init(name: "192.0.2.1", port: 6514)], .octetCounting))
        let delivery = await sink.deliver(Batch(records: []))
        #expect(delivery.isAccepted)
        await sink.close()
    }
}
