import Foundation

/// A backlog that piled up while nobody took it: collecting it, the start on top of it, and delivering it.
struct BacklogPart {
    /// Of the spool's segments, roughly.
    let bytes: Int

    /// What a record takes in the spool, roughly.
    private static let bytesPerRecord = 1_400

    func measure(_ workshop: Workshop) throws -> [Figure] {
        let folder = try workshop.newFolder()
        defer { workshop.remove(folder) }
        let records = bytes / Self.bytesPerRecord
        let twilio = try LocalTwilio(.init(records: records, streams: 10), workshop, folder: folder)
        defer { twilio.child.kill() }
        // A socket that nobody accepts from, closed before it is asked.
        let (socket, port) = try Loopback.listen()
        close(socket)
        let name = "\(megabytes(bytes)) MB"
        var plan = Service.Plan(sink: "type = \"http\"\nurl = \"http://127.0.0.1:\(port)/\"\ncompression = \"none\"")
        plan.maximumBytes = "\(megabytes(bytes) * 3 + 1_000) MB"
        plan.arguments = []
        // Whether what was read is read again is due at such a moment depends on when the part runs.
        plan.rereads = false
        let collecting = try Service(plan, twilio, workshop, folder: folder).child
        var (spooled, unchanged) = (0, 0)
        while unchanged < 30 {
            guard collecting.isRunning, collecting.age < .seconds(1_800) else {
                throw BenchError("no backlog came about: \(collecting.lastWords)")
            }
            let size = spoolBytes(folder)
            unchanged = size == spooled && size > 0 ? unchanged + 1 : 0
            spooled = size
            usleep(100_000)
        }
        let collected = collecting.terminate()

        let target = try Target(.http, folder: folder)
        guard let receiver = target.receiver else { return [] }
        defer { receiver.stop() }
        plan.sink = target.lines
        let delivering = try Service(plan, twilio, workshop, folder: folder).child
        var first: Duration?
        while receiver.receivedLines < records {
            guard delivering.isRunning, delivering.age < .seconds(1_800) else {
                throw BenchError("the backlog is not delivered: \(delivering.lastWords)")
            }
            if first == nil, receiver.received > 0 { first = delivering.age }
            usleep(1_000)
        }
        let passed = delivering.age - (first ?? .zero)
        let delivered = delivering.usage
        _ = delivering.terminate()
        let count = Double(records)
        return [
            Figure(
                part: .backlog, name: "\(name) collected", records: records,
                cpuMicroseconds: collected.cpu / count * 1e6, peakBytes: collected.peakBytes,
                other: ["spool MB": Double(megabytes(spooled))]),
            Figure(
                part: .backlog, name: "\(name) delivered", records: records,
                cpuMicroseconds: delivered.cpu / count * 1e6, recordsPerSecond: count / passed.inSeconds,
                peakBytes: delivered.peakBytes, other: ["s to first delivery": first?.inSeconds ?? 0]),
        ]
    }

    private func megabytes(_ bytes: Int) -> Int { Int((Double(bytes) / 1e6).rounded()) }

    private func spoolBytes(_ folder: String) -> Int {
        let spool = "\(folder)/state/spool"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: spool)) ?? []
        return names.reduce(0) { sum, name in
            var status = stat()
            return sum + (stat("\(spool)/\(name)", &status) == 0 ? Int(status.st_size) : 0)
        }
    }
}
