import Formatting
import Foundation
import Normalising
import Parsing
import PipelineCore
import Sinks
import Spooling
import Transport

/// Each stage of the way alone, in this process, over the same pages of 1,000 records.
struct StagesPart {
    let records: Int

    private static let perPage = 1_000
    private static let perBatch = 1_000
    private var pageCount: Int { max(1, records / Self.perPage) }

    func measure(_ workshop: Workshop) async throws -> [Figure] {
        let folder = try workshop.newFolder()
        defer { workshop.remove(folder) }
        let twilio = try LocalTwilio(.init(records: 2 * Self.perPage), workshop, folder: folder)
        defer { twilio.child.kill() }
        var options = TransportOptions(userAgent: "twilship-bench")
        options.allowsPlainHTTP = true
        let transport = try CurlTransport(options)
        let list = try await logsURL(twilio, transport)
        let request = HTTPRequest(
            .get, try HTTPURL(list + "?PageSize=\(Self.perPage)&StartDate=2000-01-01T00:00:00Z"),
            basicAuth: twilio.basicAuth)
        var figures: [Figure] = []
        let count = pageCount * Self.perPage

        var watch = Stopwatch()
        var body: [UInt8] = []
        for _ in 0..<pageCount { body = try await transport.send(request).body }
        figures.append(watch.figure(.stages, "fetch", records: count))

        let parser = PageParser()
        watch = Stopwatch()
        var page = try parser.parse(body, as: .logs)
        for _ in 1..<pageCount { page = try parser.parse(body, as: .logs) }
        figures.append(watch.figure(.stages, "parse", records: count))
        guard page.records.count == Self.perPage else { throw BenchError("a page has not \(Self.perPage) records") }

        let block = normalise(page, &figures)
        let spooled = try await spool(block, folder: folder, &figures)
        encode(spooled, &figures)
        figures.append(try await send(spooled, transport))
        await transport.shutdown()
        return figures
    }

    private func normalise(_ page: Page, _ figures: inout [Figure]) -> EnvelopeBlock {
        let normaliser = Normaliser(collector: "bench", version: "1.0.0")
        let context = RecordContext(
            account: "bench", accountSID: BenchSpool.accountSID, dataset: .serverlessLogs,
            collected: Timestamp(milliseconds: 1_700_000_000_000), lane: .live)
        let watch = Stopwatch()
        var block = EnvelopeBlock()
        for _ in 0..<pageCount {
            block = EnvelopeBlock()
            for index in page.records.indices { normaliser.append(page[index], context: context, to: &block) }
        }
        figures.append(watch.figure(.stages, "normalise", records: pageCount * Self.perPage))
        return block
    }

    /// - Returns: what was read back last.
    private func spool(
        _ block: EnvelopeBlock, folder: String, _ figures: inout [Figure]
    ) async throws -> [SpooledRecord] {
        let spool = try await BenchSpool(folder: folder, block: block)
        let count = pageCount * Self.perPage
        var watch = Stopwatch()
        for number in 0..<pageCount { try await spool.append(number) }
        figures.append(watch.figure(.stages, "append, synced", records: count))
        watch = Stopwatch()
        for number in 0..<pageCount {
            guard try await spool.knows(number) else { throw BenchError("the ledger forgot a record") }
        }
        figures.append(watch.figure(.stages, "remove duplicates", records: count))
        watch = Stopwatch()
        var (position, last): (Int64, [SpooledRecord]) = (0, [])
        while true {
            let records = try await spool.spool.read(
                after: position, maximumRecords: Self.perBatch, maximumBytes: .max)
            guard let end = records.last else { break }
            (position, last) = (end.sequence, records)
        }
        figures.append(watch.figure(.stages, "read back", records: count))
        try await spool.close()
        return last
    }

    private func encode(_ records: [SpooledRecord], _ figures: inout [Figure]) {
        let formats: [(String, RecordFormat)] = [
            ("envelope", .envelope()), ("raw", .raw), ("ecs", .ecs()), ("ocsf", .ocsf()), ("cef", .cef),
        ]
        for (name, format) in formats {
            let watch = Stopwatch()
            for _ in 0..<pageCount {
                var output: [UInt8] = []
                for record in records { format.append(record, to: &output) }
            }
            figures.append(watch.figure(.stages, "encode \(name)", records: pageCount * records.count))
        }
    }

    /// As HTTP, encoded as envelopes, without compression.
    private func send(_ records: [SpooledRecord], _ transport: CurlTransport) async throws -> Figure {
        let receiver = try Receiver(.http)
        defer { receiver.stop() }
        var options = HTTPSinkOptions(url: try HTTPURL("http://127.0.0.1:\(receiver.port)/"))
        options.compresses = false
        let sink = try HTTPSink(options, transport: transport)
        let watch = Stopwatch()
        for number in 0..<pageCount {
            guard case .accepted = await sink.deliver(Batch(records: records, key: "bench-\(number)")) else {
                throw BenchError("a batch was not accepted")
            }
        }
        return watch.figure(
            .stages, "encode and send, HTTP", records: pageCount * records.count, others: receiver.cpuSeconds)
    }

    /// The list of the first environment's logs.
    private func logsURL(_ twilio: LocalTwilio, _ transport: CurlTransport) async throws -> String {
        var url = twilio.url + "/v1"
        for (list, key) in [("Services", "services"), ("Environments", "environments")] {
            url += "/" + list
            let request = HTTPRequest(.get, try HTTPURL(url), basicAuth: twilio.basicAuth)
            let answer = try await transport.send(request)
            let places = try ResourceListParser().parse(answer.body, key: key)
            guard let sid = places.items.first?.string("sid") else { throw BenchError("\(url) lists nothing") }
            url += "/" + sid
        }
        return url + "/Logs"
    }
}

extension LocalTwilio {
    fileprivate var basicAuth: BasicAuth { BasicAuth(user: key, password: secret) }
}
