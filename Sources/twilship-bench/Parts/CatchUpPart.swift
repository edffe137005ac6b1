import Foundation

/// Catching up on a backlog with a server that answers five requests a second and refuses the sixth.
struct CatchUpPart {
    private static let rate = 5
    let seconds: Int

    func measure(_ workshop: Workshop) throws -> Figure {
        let folder = try workshop.newFolder()
        defer { workshop.remove(folder) }
        // More than can be read in that time.
        let records = (seconds + 20) * Self.rate * 1_000
        let twilio = try LocalTwilio(
            .init(records: records, streams: 10, requestsPerSecond: Self.rate), workshop, folder: folder)
        defer { twilio.child.kill() }
        let target = try Target(.http, folder: folder)
        defer { target.receiver?.stop() }
        var plan = Service.Plan(sink: target.lines)
        plan.requestsPerSecond = Double(Self.rate)
        plan.burst = 1
        plan.arguments = []
        let service = try Service(plan, twilio, workshop, folder: folder)
        sleep(5)
        let (before, began) = (try twilio.truth(), ContinuousClock.now)
        sleep(UInt32(seconds))
        let (after, ended) = (try twilio.truth(), ContinuousClock.now)
        guard service.child.isRunning else { throw BenchError("twilship failed: \(service.child.lastWords)") }
        let usage = service.child.terminate()
        let asked = Double(after.allRequests - before.allRequests)
        return Figure(
            part: .catchUp, name: "limit \(Self.rate)/s, \(seconds) s", records: after.reads - before.reads,
            peakBytes: usage.peakBytes,
            other: [
                "share of the budget": asked / (began.duration(to: ended).inSeconds * Double(Self.rate)),
                "429s": Double(after.too_many_requests),
            ])
    }
}
