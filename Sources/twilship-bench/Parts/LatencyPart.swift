import Foundation
import Synchronization

/// How long a record takes from when Twilio lists it to when the sink has acknowledged it, at a steady rate.
///
/// Records are dated to the millisecond and listed at once, so the time in the envelope is when they became readable.
struct LatencyPart {
    /// Records per second.
    let rate: Int
    let seconds: Int

    func measure(_ workshop: Workshop) throws -> Figure {
        let folder = try workshop.newFolder()
        defer { workshop.remove(folder) }
        let delays = Delays()
        let receiver = try Receiver(.http) { delays.note($0) }
        defer { receiver.stop() }
        let twilio = try LocalTwilio(.init(rate: Double(rate)), workshop, folder: folder)
        defer { twilio.child.kill() }
        var plan = Service.Plan(
            sink: "type = \"http\"\nurl = \"http://127.0.0.1:\(receiver.port)/\"\ncompression = \"none\"")
        plan.requestsPerSecond = 4
        plan.burst = 1
        plan.pollInterval = "1s"
        plan.arguments = []
        let service = try Service(plan, twilio, workshop, folder: folder).child
        // The first polls find out how late the server's clock is.
        sleep(10)
        delays.clear()
        sleep(UInt32(seconds))
        let sorted = delays.sorted
        guard service.isRunning, let longest = sorted.last else {
            throw BenchError("no record arrived: \(service.lastWords)")
        }
        return Figure(
            part: .latency, name: "\(rate)/s, polled every 1 s", records: sorted.count,
            peakBytes: service.terminate().peakBytes,
            other: [
                "p50 s": Double(sorted[sorted.count / 2]) / 1_000,
                "p99 s": Double(sorted[sorted.count * 99 / 100]) / 1_000,
                "max s": Double(longest) / 1_000,
            ])
    }
}

/// How old records were when they arrived, in milliseconds.
private final class Delays: Sendable {
    private let values = Mutex<[Int64]>([])

    var sorted: [Int64] { values.withLock { $0.sorted() } }

    func clear() { values.withLock { $0 = [] } }

    func note(_ body: ArraySlice<UInt8>) {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        let now = Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
        let new = body.split(separator: UInt8(ascii: "\n")).compactMap { line in Self.time(of: line).map { now - $0 } }
        values.withLock { $0 += new }
    }

    /// The envelope's time, which stands before anything that could look like it.
    private static func time(of line: ArraySlice<UInt8>) -> Int64? {
        guard let dataset = line.firstRange(of: Array("\"dataset\":\"serverless.logs\"".utf8)),
            let key = line[dataset.upperBound...].firstRange(of: Array("\"time\":\"".utf8))
        else { return nil }
        let text = String(decoding: line[key.upperBound...].prefix(24), as: UTF8.self)
        let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        return (try? style.parse(text)).map { Int64(($0.timeIntervalSince1970 * 1_000).rounded()) }
    }
}
