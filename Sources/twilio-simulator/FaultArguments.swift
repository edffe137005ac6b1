import ArgumentParser
import Simulating

struct FaultArguments: ParsableArguments {
    @Option(
        name: .customLong("fault"),
        help: .init(
            "Spoil this share of the answers; repeatable. Names: \(SimulatedFault.names)", valueName: "name=rate"))
    var faults: [FaultRate] = []
    @Option(
        help: .init(
            "A fault for a time: NAME@AFTER+LENGTH, such as unavailable-html@10m+2h, or NAME=SHARE@AFTER+LENGTH; "
                + "repeatable. Behind it may follow ,endpoint=events|alerts|logs|services|accounts ,account=SID "
                + ",retry-after=DURATION.", valueName: "name@after+length"))
    var incident: [PlannedIncident] = []
    @Option(help: "Seeds when the faults come.") var faultSeed: UInt64 = 1
    @Option(help: "How slow a slow answer is.") var slowDelay = Span(5)
    @Option(help: "How long a connection is held by a timeout.") var timeoutDelay = Span(600)
    @Option(help: "The largest PageSize that page-too-large leaves alone.") var workingPageSize = 100
    @Option(help: "How far the Date header is off in a date-jump.") var dateJump = Span(5 * 3_600)
    @Option(help: "The padding of a huge-body.") var hugeBodyBytes = 64 * 1_024 * 1_024
    @Option(help: "What a gzip-bomb unpacks to.") var gzipBombBytes = 1_024 * 1_024 * 1_024
    @Option(help: "Where next-elsewhere and redirect lead.") var elsewhereOrigin = "http://elsewhere.invalid"

    /// - Parameter start: in milliseconds since 1970.
    func apply(to options: inout SimulatorOptions, start: Int64) {
        for fault in faults { options.faults[fault.fault] = fault.rate }
        options.incidents = incident.map { planned in
            var incident = planned.incident
            incident.from += start
            incident.until += start
            return incident
        }
        options.faultSeed = faultSeed
        options.slowDelay = slowDelay.duration
        options.timeoutDelay = timeoutDelay.duration
        options.workingPageSize = workingPageSize
        options.dateJump = dateJump.duration
        options.hugeBodyBytes = hugeBodyBytes
        options.gzipBombBytes = gzipBombBytes
        options.elsewhereOrigin = elsewhereOrigin
    }
}
