import PipelineCore
import Testing
import Transport

@testable import Sinks

/// RELP against servers that are played by hand.
struct RelpTests {
    @Test func `a session opens with offers, sends each record as a transaction, and closes`() async throws {
        let frames = Collected<String>()
        let server = try ScriptedServer { connection, _ in
            while let frame = connection.relpFrame() {
                frames.append("\(frame.transaction) \(frame.command) \(String(decoding: frame.data, as: UTF8.self))")
                connection.answer(frame)
            }
        }
        let sink = try SyslogSink.sample(.relp([server.host]))
        let records = SpooledRecord.envelopes(1...3)
        let delivery = await sink.deliver(Batch(records: records))
        #expect(delivery.isAccepted)
        await sink.close()
        let texts = SyslogEncoder.texts(records)
        try await eventually("the close") { frames.all.count == 5 }
        expectSame(
            frames.all,
            [
                "1 open relp_version=0\nrelp_software=twilship,1\ncommands=syslog", "2 syslog \(texts[0])",
                "3 syslog \(texts[1])", "4 syslog \(texts[2])", "5 close ",
            ])
        server.stop()
    }

    @Test func `answers may come in any order`() async throws {
        let server = try ScriptedServer { connection, _ in
            var held: [RelpFrame] = []
            while let frame = connection.relpFrame() {
                held.append(frame)
                if frame.command == "syslog", held.count < 4 { continue }
                for frame in held.reversed() { connection.answer(frame) }
                held = []
            }
        }
        let sink = try SyslogSink.sample(.relp([server.host]))
        let delivery = await sink.deliver(Batch(records: SpooledRecord.envelopes(1...12)))
        #expect(delivery.isAccepted)
        await sink.close()
        server.stop()
    }

    @Test func `an answer that comes while something is being sent is acted on`() async throws {
        let server = try ScriptedServer { connection, _ in
            while let frame = connection.relpFrame() { connection.answer(frame) }
        }
        // Each session is a chance for the answer to come between two looks.
        for number in Int64(1)...200 {
            let sink = try SyslogSink.sample(.relp([server.host]))
            let delivery = await sink.deliver(Batch(records: [.envelope(number)]))
            // An answer that is missed ends in a stall, which is a retry.
            try #require(delivery.isAccepted)
            await sink.close()
        }
        server.stop()
    }

    @Test func `no more than a window of records is unanswered`() async throws {
        let most = Collected<Int>()
        let server = try ScriptedServer { connection, _ in
            if let open = connection.relpFrame() { connection.answer(open) }
            var held: [RelpFrame] = []
            var all = 0
            while let frame = connection.relpFrame() {
                held.append(frame)
                all += 1
                // Answers when the window is full, and nothing comes beyond it, or at the end.
                let isFull = held.count >= RelpConversation.window
                guard all >= 2_500 || isFull && !connection.hasMore(within: .milliseconds(200)) else { continue }
                most.append(held.count)
                for frame in held { connection.answer(frame) }
                held = []
            }
        }
        let sink = try SyslogSink.sample(.relp([server.host]))
        let delivery = await sink.deliver(Batch(records: SpooledRecord.envelopes(1...2_500)))
        #expect(delivery.isAccepted)
        await sink.close()
        #expect(most.all.max() == RelpConversation.window)
        server.stop()
    }

    @Test func `a refused record comes again, and is refused for good in the end; its neighbours count`() async throws {
        let server = try ScriptedServer { connection, _ in
            while let frame = connection.relpFrame() {
                let isBad = frame.command == "syslog" && String(decoding: frame.data, as: UTF8.self).contains("0002\"")
                connection.answer(frame, isBad ? "500 cannot\u{1B}[1m parse" : nil)
            }
        }
        let sink = try SyslogSink.sample(.relp([server.host]))
        let records = SpooledRecord.envelopes(1...3)
        // Attempts that never came that far do not count.
        let first = await sink.deliver(Batch(records: records, attempt: 50))
        let reason = "127.0.0.1:\(server.port) refuses the record: 500 cannot?[1m parse"
        #expect(first.verdicts == [.accepted, .retry(reason: reason), .accepted])
        for _ in 2..<RelpConversation.patience {
            let delivery = await sink.deliver(Batch(records: [records[1]]))
            #expect(delivery.verdicts == [.retry(reason: reason)])
        }
        let last = await sink.deliver(Batch(records: records))
        #expect(last.verdicts == [.accepted, .rejected(reason: reason), .accepted])
        await sink.close()
        server.stop()
    }

    @Test func `what was answered before the server closed the session counts, the rest comes again`() async throws {
        let server = try ScriptedServer { connection, number in
            var answered = 0
            while let frame = connection.relpFrame() {
                if number == 1, answered == 3 {
                    connection.write("0 serverclose 0\n")
                    return
                }
                connection.answer(frame)
                answered += 1
            }
        }
        let sink = try SyslogSink.sample(.relp([server.host]))
        let records = SpooledRecord.envelopes(1...5)
        let delivery = await sink.deliver(Batch(records: records))
        let verdicts = delivery.verdicts
        try #require(verdicts.count == 5)
        #expect(verdicts[..<2] == [.accepted, .accepted])
        for verdict in verdicts[2...] {
            guard case .retry(_, let reason) = verdict else {
                Issue.record("\(verdict)")
                continue
            }
            #expect(reason.contains("closes the session"))
        }
        let again = await sink.deliver(Batch(records: Array(records[2...])))
        #expect(again.isAccepted && server.accepted == 2)
        await sink.close()
        server.stop()
    }

    @Test func `a broken session is resumed with everything that was not answered, under new numbers`() async throws {
        let numbers = Collected<Int>()
        let server = try ScriptedServer { connection, number in
            while let frame = connection.relpFrame() {
                if number == 1, frame.command == "syslog" { return connection.reset() }
                if frame.command == "syslog" { numbers.append(frame.transaction) }
                connection.answer(frame)
            }
        }
        let sink = try SyslogSink.sample(.relp([server.host]))
        let batch = Batch(records: SpooledRecord.envelopes(1...3))
        let first = await sink.deliver(batch)
        #expect(first.faultReason?.contains("sent again") == true)
        let second = await sink.deliver(batch)
        #expect(second.isAccepted)
        #expect(numbers.all == [2, 3, 4])
        await sink.close()
        server.stop()
    }

    @Test func `an idle session that the server closes is left, and the next batch opens another`() async throws {
        let close = Gate()
        let closed = Gate()
        let server = try ScriptedServer { connection, number in
            if number == 1 {
                for _ in 1...2 { if let frame = connection.relpFrame() { connection.answer(frame) } }
                close.wait()
                connection.write("0 serverclose 0\n")
                // Until the sink has closed its end.
                _ = connection.readAll()
                return closed.open()
            }
            while let frame = connection.relpFrame() { connection.answer(frame) }
        }
        let sink = try SyslogSink.sample(.relp([server.host]))
        let first = await sink.deliver(Batch(records: [.envelope(1)]))
        #expect(first.isAccepted)
        close.open()
        closed.wait()
        let second = await sink.deliver(Batch(records: [.envelope(2)]))
        #expect(second.isAccepted && server.accepted == 2)
        await sink.close()
        server.stop()
    }

    @Test(arguments: [
        ("500 not today", "refuses the RELP session: 500 not today"), ("200 OK\ncommands=syslog", "no version"),
    ])
    func `a session that the server refuses is tried again`(answer: String, says: String) async throws {
        let server = try ScriptedServer { connection, _ in
            while let frame = connection.relpFrame() { connection.answer(frame, answer) }
        }
        let sink = try SyslogSink.sample(.relp([server.host]))
        let delivery = await sink.deliver(Batch(records: [.envelope(1)]))
        #expect(delivery.retryReason?.contains(says) == true)
        await sink.close()
        server.stop()
    }

    @Test func `a server that takes no syslog holds the sink`() async throws {
        let server = try ScriptedServer { connection, _ in
            while let frame = connection.relpFrame() { connection.answer(frame, "200 OK\nrelp_version=0\ncommands=x") }
        }
        let sink = try SyslogSink.sample(.relp([server.host]))
        let delivery = await sink.deliver(Batch(records: [.envelope(1)]))
        #expect(delivery.holdReason?.contains("not syslog") == true)
        await sink.close()
        server.stop()
    }

    @Test(arguments: [
        "HTTP/1.1 400 Bad Request\r\n", "1 rsp 6 200 OKx", "1 rsp 99999999999 ", "x", "1 rsp 3 abc\n",
        "7 rsp 6 200 OK\n7 rsp 6 200 OK\n", "1 reply 6 200 OK\n", "1  2\n",
    ])
    func `a server that does not speak RELP is told of`(answer: String) async throws {
        let server = try ScriptedServer { connection, _ in
            guard let open = connection.relpFrame() else { return }
            if answer.hasPrefix("7") { connection.answer(open) }
            connection.write(answer)
            _ = connection.readAll()
        }
        let sink = try SyslogSink.sample(.relp([server.host]))
        let delivery = await sink.deliver(Batch(records: [.envelope(1)]))
        #expect(delivery.retryReason?.contains("127.0.0.1:\(server.port)") == true)
        await sink.close()
        server.stop()
    }

    @Test func `frames are found however they are cut`() throws {
        let offers = "200 OK\nrelp_version=0\nrelp_software=librelp,1.11.0,http://librelp.adiscon.com\ncommands=syslog"
        let text = "1 rsp \(offers.utf8.count) \(offers)\n2 rsp 6 200 OK\n0 serverclose 0\n3 rsp 0 \n"
        let stream = Array(text.utf8)
        let whole = try Self.frames(stream, pieces: stream.count)
        #expect(whole.map(\.transaction) == [1, 2, 0, 3])
        #expect(whole.map(\.command) == ["rsp", "rsp", "serverclose", "rsp"])
        for size in 1...40 { #expect(try Self.frames(stream, pieces: size) == whole) }
        let response = try #require(RelpResponse(whole[0].data))
        #expect(response.code == 200 && response.text == "OK" && response.data.starts(with: "relp_version=0\n".utf8))
    }

    private static func frames(_ stream: [UInt8], pieces: Int) throws -> [RelpFrame] {
        var reader = RelpFrameReader()
        var frames: [RelpFrame] = []
        for start in stride(from: 0, to: stream.count, by: pieces) {
            let piece = Array(stream[start..<min(start + pieces, stream.count)])
            reader.append(piece.span.bytes)
            while let frame = try reader.next() { frames.append(frame) }
        }
        return frames
    }

    @Test func `transaction numbers begin again after 999,999,999`() throws {
        var conversation = RelpConversation(peer: "test", stall: .seconds(60), firstTransaction: 999_999_998)
        conversation.add(
            Parcel(id: 1, bytes: Array("abcd".utf8), messages: (1...4).map { .init(end: $0, sequence: Int64($0)) }))
        conversation.connected(.now)
        var sent: [UInt8] = []
        func send() throws {
            _ = try conversation.send(.now) { (bytes) throws(TransportError) in
                bytes.withUnsafeBytes { sent.append(contentsOf: $0) }
                return bytes.byteCount
            }
        }
        try send()
        let open = "999999998 rsp 37 200 OK\nrelp_version=0\ncommands=syslog\n"
        try conversation.received(Array(open.utf8).span.bytes)
        try send()
        let text = String(decoding: sent, as: UTF8.self)
        #expect(text.hasSuffix("999999999 syslog 1 a\n1 syslog 1 b\n2 syslog 1 c\n3 syslog 1 d\n"))
        func isAccepted(after answered: [Int]) throws -> Bool {
            let answers = answered.map { "\($0) rsp 6 200 OK\n" }.joined()
            try conversation.received(Array(answers.utf8).span.bytes)
            return conversation.takeEvents().contains { event in
                guard case .done(1, .accepted) = event else { return false }
                return true
            }
        }
        #expect(try !isAccepted(after: [2, 999_999_999, 3]))
        #expect(try isAccepted(after: [1]))
        #expect(!conversation.hasWork)
    }
}

extension ServerConnection {
    /// Nil at the end.
    func relpFrame() -> RelpFrame? {
        guard let number = line(upTo: " "), let command = line(upTo: " ") else { return nil }
        var digits: [UInt8] = []
        while let byte = read(atMost: 1).first {
            guard byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\n") else {
                digits.append(byte)
                continue
            }
            guard let transaction = Int(String(decoding: number, as: UTF8.self)),
                let length = Int(String(decoding: digits, as: UTF8.self))
            else { return nil }
            let name = String(decoding: command, as: UTF8.self)
            if byte == UInt8(ascii: "\n") { return RelpFrame(transaction: transaction, command: name, data: []) }
            guard let data = exactly(length), exactly(1) == [UInt8(ascii: "\n")] else { return nil }
            return RelpFrame(transaction: transaction, command: name, data: data)
        }
        return nil
    }

    func answer(_ frame: RelpFrame, _ text: String? = nil) {
        let answer = text ?? (frame.command == "open" ? "200 OK\nrelp_version=0\ncommands=syslog" : "200 OK")
        write("\(frame.transaction) rsp \(answer.utf8.count) \(answer)\n")
    }
}
