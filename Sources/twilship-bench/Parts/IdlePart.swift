import Foundation

/// What it costs to poll streams on which nothing happens, at the rate and interval of a new configuration.
struct IdlePart {
    let streams: Int
    let seconds: Int

    func measure(_ workshop: Workshop) throws -> Figure {
        let folder = try workshop.newFolder()
        defer { workshop.remove(folder) }
        let twilio = try LocalTwilio(.init(streams: streams), workshop, folder: folder)
        defer { twilio.child.kill() }
        let target = try Target(.http, folder: folder)
        defer { target.receiver?.stop() }
        // The first look at many streams would take long at that rate.
        let first = try Service(.init(sink: target.lines), twilio, workshop, folder: folder).child
        guard first.wait().status == 0 else { throw BenchError("twilship failed: \(first.lastWords)") }
        var plan = Service.Plan(sink: target.lines)
        plan.requestsPerSecond = 4
        plan.burst = 1
        plan.arguments = []
        let service = try Service(plan, twilio, workshop, folder: folder).child
        sleep(5)
        let (before, asked, began) = (service.usage.cpu, try twilio.truth().allRequests, ContinuousClock.now)
        sleep(UInt32(seconds))
        let (after, askedThen) = (service.usage.cpu, try twilio.truth().allRequests)
        let passed = began.duration(to: .now).inSeconds
        guard service.isRunning else { throw BenchError("twilship failed: \(service.lastWords)") }
        return Figure(
            part: .idle, name: streams == 1 ? "1 stream" : "\(streams) streams",
            peakBytes: service.terminate().peakBytes,
            other: [
                "CPU s per hour": (after - before) / passed * 3_600,
                "requests/s": Double(askedThen - asked) / passed,
            ])
    }
}
