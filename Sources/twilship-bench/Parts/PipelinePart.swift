import Foundation

/// The whole way: everything that Twilio has, fetched, stored and delivered, by the service as it is shipped.
struct PipelinePart {
    enum Sink {
        case file, http, syslog

        var part: Part {
            switch self {
            case .file: .file
            case .http: .http
            case .syslog: .syslog
            }
        }
    }

    let sink: Sink
    let records: Int
    let streams: Int

    func measure(_ workshop: Workshop) throws -> Figure {
        let folder = try workshop.newFolder()
        defer { workshop.remove(folder) }
        let twilio = try LocalTwilio(.init(records: records, streams: streams), workshop, folder: folder)
        defer { twilio.child.kill() }
        let before = twilio.child.usage.cpu
        let target = try Target(sink, folder: folder)
        defer { target.receiver?.stop() }
        let service = try Service(.init(sink: target.lines), twilio, workshop, folder: folder)
        var progress = Progress()
        while service.child.isRunning {
            progress.note(target.received, at: service.child.age)
            usleep(10_000)
        }
        let usage = service.child.wait()
        guard usage.status == 0 else { throw BenchError("twilship failed: \(service.child.lastWords)") }
        progress.note(target.received, at: service.child.age)
        let delivered = try target.deliveredRecords()
        guard delivered >= records else { throw BenchError("\(delivered) of \(records) records were delivered") }
        let count = Double(records)
        let reads = try twilio.truth().reads
        return Figure(
            part: sink.part, name: streams == 1 ? "1 stream" : "\(streams) streams", records: records,
            cpuMicroseconds: usage.cpu / count * 1e6,
            recordsPerSecond: count / progress.last.inSeconds,
            peakBytes: usage.peakBytes, otherMicroseconds: (twilio.child.usage.cpu - before) / count * 1e6,
            other: ["reads per record": Double(reads) / count])
    }

    /// When there was something new for the last time.
    private struct Progress {
        private var value = 0
        private(set) var last = Duration.zero

        mutating func note(_ value: Int, at age: Duration) {
            guard value > self.value else { return }
            self.value = value
            last = age
        }
    }
}

/// Where a measured sink delivers to.
struct Target {
    /// The sink's keys.
    let lines: String
    let receiver: Receiver?
    private let sink: PipelinePart.Sink
    private let file: String

    init(_ sink: PipelinePart.Sink, folder: String) throws {
        self.sink = sink
        file = "\(folder)/records.jsonl"
        switch sink {
        case .file:
            receiver = nil
            lines = "type = \"file\"\npath = \"\(file)\"\nrotate_bytes = \"100 GB\""
        case .http:
            let receiver = try Receiver(.http)
            self.receiver = receiver
            lines = "type = \"http\"\nurl = \"http://127.0.0.1:\(receiver.port)/\"\ncompression = \"none\""
        case .syslog:
            let receiver = try Receiver(.stream)
            self.receiver = receiver
            lines =
                "type = \"syslog\"\naddress = \"127.0.0.1:\(receiver.port)\"\ntransport = \"tcp\"\nframing = \"newline\""
        }
    }

    /// Bytes that arrived so far.
    var received: Int {
        if let receiver { return receiver.received }
        var status = stat()
        return stat(file, &status) == 0 ? Int(status.st_size) : 0
    }

    func deliveredRecords() throws -> Int {
        if let receiver { return receiver.receivedLines }
        guard let input = FileHandle(forReadingAtPath: file) else { return 0 }
        defer { try? input.close() }
        var count = 0
        while let piece = try input.read(upToCount: 1 << 22), !piece.isEmpty {
            count += piece.count { $0 == UInt8(ascii: "\n") }
        }
        return count
    }
}

extension Duration {
    var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
