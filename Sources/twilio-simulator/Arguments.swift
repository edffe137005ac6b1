import ArgumentParser
import Simulating

struct DataArguments: ParsableArguments {
    @Option(help: "Accounts, AC0…1 onwards.") var accounts = 1
    @Option(help: "The same seed and start give the same data.") var seed: UInt64 = 1
    @Option(help: "Records per account and dataset from before the start.") var history = 0
    @Option(help: "The time that history is spread over.") var historySpan = Span(7 * 86_400)
    @Option(help: "Older records are not listed.") var retention = Span(30 * 86_400)
    @Option(help: "Live records per second, per account and dataset.") var rate = 0.0
    @Option(help: "Stop making live records after this long.") var rateFor: Span?
    @Option(help: "Share of records that become readable late, 0 to 1.") var late = 0.0
    @Option(help: "The longest such delay.") var lateMax = Span(60)
    @Option(help: "Serverless services per account.") var services = 1
    @Option(help: "Environments per service; every third has no build.") var environments = 2
    @Option(help: "Functions per service.") var functions = 3

    func apply(to options: inout SimulatorOptions) {
        options.accounts = accounts
        options.seed = seed
        options.history = history
        options.historySpan = historySpan.duration
        options.retention = retention.duration
        options.rate = rate
        options.rateFor = rateFor?.duration
        options.late = late
        options.lateMax = lateMax.duration
        options.services = services
        options.environments = environments
        options.functions = functions
    }
}

struct BehaviourArguments: ParsableArguments {
    @Option(help: "Requests answered in any second, per account and API; 0 = no limit.") var requestsPerSecond = 5
    @Option(help: "What that limit is counted by: account or environment.")
    var rateScope = SimulatorOptions.RateScope.account
    @Option(help: "Send Retry-After with a 429.") var retryAfter: Span?
    @Option(help: "Events that one query gives; 0 = no cap.") var eventsCap = 0
    @Option(help: "Logs that one query gives; 0 = no cap.") var logsCap = 10_000
    @Option(help: "Past the cap: refusal (a 400) or silent (no next page).")
    var capForm = SimulatorOptions.CapForm.refusal
    @Option(help: "Whether StartDate and EndDate of logs are inclusive or exclusive.")
    var logBounds = SimulatorOptions.LogBounds.exclusive
    @Option(help: "Of log dates: milliseconds or seconds.") var logPrecision = SimulatorOptions.LogPrecision
        .milliseconds
    @Option(help: "What page tokens hold: offset or cursor.") var paging = SimulatorOptions.Paging.offset
    @Flag(help: "Shuffle the logs within a page.") var unordered = false
    @Option(help: "What next_page_url begins with, such as http://other:1; default: the request's Host.")
    var nextPageOrigin: String?
    @Option(help: "Shift the Date header; may be negative.") var clockSkew = Span(0)

    func apply(to options: inout SimulatorOptions) {
        options.requestsPerSecond = requestsPerSecond
        options.rateScope = rateScope
        options.retryAfter = retryAfter?.duration
        options.eventsCap = eventsCap == 0 ? nil : eventsCap
        options.logsCap = logsCap == 0 ? nil : logsCap
        options.capForm = capForm
        options.logBounds = logBounds
        options.logPrecision = logPrecision
        options.paging = paging
        options.unordered = unordered
        options.nextPageOrigin = nextPageOrigin
        options.clockSkew = clockSkew.duration
    }
}

struct FaultArguments: ParsableArguments {
    @Option(
        name: .customLong("fault"),
        help: .init(
            "Spoil this share of the answers; repeatable. Names: "
                + SimulatedFault.allCases.map(\.rawValue).joined(separator: ", "),
            valueName: "name=rate"))
    var faults: [FaultRate] = []
    @Option(help: "Seeds when the faults come.") var faultSeed: UInt64 = 1
    @Option(help: "How slow a slow answer is.") var slowDelay = Span(5)

    func apply(to options: inout SimulatorOptions) {
        for fault in faults { options.faults[fault.fault] = fault.rate }
        options.faultSeed = faultSeed
        options.slowDelay = slowDelay.duration
    }
}

struct ServingArguments: ParsableArguments {
    @Option(help: "The IPv4 address to listen on.") var address = "127.0.0.1"
    @Option(help: "The port; 0 = any free one.") var port: UInt16 = 0
    @Option(help: "Write the port to this file once it is open.") var portFile: String?
    @Option(help: "Where history ends and live data begins, RFC 3339; default: now.") var startTime: Instant?
    @Flag(help: "Print one line of JSON instead of text.") var json = false

    func apply(to options: inout SimulatorOptions) {
        options.address = address
        options.port = port
        options.startTime = startTime?.milliseconds
    }
}
