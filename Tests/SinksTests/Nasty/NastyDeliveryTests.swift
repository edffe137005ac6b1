import Formatting
import Foundation
import PipelineCore
import SystemdSupport
import Testing
import Transport

@testable import Sinks

/// 1,000 nasty messages in every format over HTTP and to this machine.
@Suite(.serialized, .timeLimit(.minutes(5))) struct NastyDeliveryTests {
    @Test(.enabled(if: Nginx.isThere, "nginx is not installed"))
    func `nginx gets the lines of a webhook as they were written`() async throws {
        let nginx = try await Nginx(try CollectorCertificates(), bodyLimit: "4m")
        defer { nginx.stop() }
        let records = try NastyRecords.all().records
        for format in RecordFormat.all {
            let before = (try? nginx.requests().count) ?? 0
            var options = HTTPSinkOptions(url: try HTTPURL("https://127.0.0.1:\(nginx.port)/in"), format: format)
            options.isText = format == .cef
            options.compresses = false
            try await withTransport {
                nginx.trust(&$0)
            } _: { transport in
                let sink = try HTTPSink(options, transport: transport)
                for start in stride(from: 0, to: records.count, by: 100) {
                    let delivery = await sink.deliver(Batch(records: Array(records[start..<start + 100])))
                    #expect(delivery.kind == "accepted")
                }
            }
            try await eventually("nginx logs each request") { try nginx.requests().count == before + 10 }
            let bodies = try nginx.requests()[before...].compactMap { $0["body"] }
            expectSame(bodies.flatMap { $0.split(separator: "\n").map(String.init) }, try format.nastyLines())
        }
    }

    @Test(arguments: RecordFormat.all)
    func `a strict event collector takes each as one event`(format: RecordFormat) async throws {
        let records = try NastyRecords.all().records
        let collector = StrictHEC()
        try await withSink {
            $0.preset = .splunk(SplunkOptions(index: "twilio", host: "collector1", acknowledgement: false))
            $0.format = format
            $0.isText = format == .cef
            $0.authentication = .token(SecretBox("t0ken").secret)
        } answering: { request, _ in
            collector.answer(request)
        } _: { sink, _ in
            for start in stride(from: 0, to: records.count, by: 250) {
                let delivery = await sink.deliver(Batch(records: Array(records[start..<start + 250])))
                #expect(delivery.kind == "accepted", "\(delivery)")
            }
        }
        expectSame(collector.events, try format.nastyLines().map { try StrictHEC.normal($0, isText: format == .cef) })
    }

    /// Data streams take what has `@timestamp`; the other formats that are JSON go to an index.
    @Test(arguments: [RecordFormat.envelope(), .raw, .ecs(), .ocsf()])
    func `a strict bulk end takes each as one document, once`(format: RecordFormat) async throws {
        let records = try NastyRecords.all().records
        let bulk = StrictBulk()
        try await withSink {
            $0.preset = .elastic(index: format == .ecs() ? nil : "twilio")
            $0.format = format
        } answering: { request, _ in
            bulk.answer(request)
        } _: { sink, _ in
            // Twice, as after an answer that was lost.
            for _ in 1...2 {
                for start in stride(from: 0, to: records.count, by: 250) {
                    let delivery = await sink.deliver(Batch(records: Array(records[start..<start + 250])))
                    #expect(delivery.kind == "accepted", "\(delivery)")
                }
            }
        }
        #expect(bulk.conflicts == records.count)
        expectSame(bulk.documents, try format.nastyLines())
    }

    @Test(arguments: RecordFormat.all)
    func `a file holds each as one line`(format: RecordFormat) async throws {
        let records = try NastyRecords.all().records
        var bench = try Bench(fast: true)
        bench.options.format = format
        let sink = bench.sink()
        #expect(await bench.put(records, sink) == nil)
        await sink.close()
        let text = try bench.folder.text("out.jsonl")
        expectSame(text.split(separator: "\n").map(String.init), try format.nastyLines())
    }

    @Test(arguments: RecordFormat.all)
    func `standard output gets each as one line`(format: RecordFormat) async throws {
        let records = try NastyRecords.all().records
        let end = try PipeEnd(format)
        try end.become(.good, records: records.count)
        try await end.withSink(for: .good) { sink in
            let delivery = await sink.deliver(Batch(records: records))
            #expect(delivery.isAccepted)
        }
        let lines = try format.nastyLines()
        try await eventually("every line") { end.lines.count == lines.count }
        end.stop()
        expectSame(end.lines, lines)
    }

    /// Entries of the journal are sent by length, and not by lines. That journald takes entries at all is tried by
    /// `packaging/test-systemd`.
    @Test(arguments: RecordFormat.all)
    func `an entry of the journal says it in plain text, with the record whole`(format: RecordFormat) throws {
        let nasty = try NastyRecords.all()
        let sink = JournalSink(name: "test", format: format)
        let lines = try format.nastyLines()
        for (index, record) in nasty.records.enumerated() {
            var fields: [String: [UInt8]] = [:]
            for field in sink.message(record).fields {
                let name = field.prefix { $0 != UInt8(ascii: "=") }
                fields[String(decoding: name, as: UTF8.self)] = Array(field.dropFirst(name.count + 1))
            }
            let message = try #require(fields["MESSAGE"])
            let text = nasty.texts[index]
            if record.origin.dataset == .serverlessLogs {
                #expect(message == (text.isEmpty ? Array("function.log".utf8) : Array(text.utf8)))
            } else {
                #expect(message.reversed().starts(with: Array(text.utf8).reversed()))
            }
            #expect(fields["TWILSHIP_RECORD"] == Array(lines[index].utf8))
            #expect(fields["TWILSHIP_ACCOUNT"] == Array(NastyRecords.account.utf8))
        }
    }
}
