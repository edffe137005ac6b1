import ArgumentParser
import Simulating

struct DataArguments: ParsableArguments {
    @Option(help: "Accounts, AC0…1 onwards.") var accounts = 1
    @Option(help: "Subaccounts of the first account, with odd names.") var subaccounts = 0
    @Option(help: "One more subaccount, which appears that long after the start; repeatable.")
    var subaccountAfter: [Span] = []
    @Option(help: "The same seed and start give the same data.") var seed: UInt64 = 1
    @Option(help: "Events, and logs, per account from before the start.") var history = 0
    @Option(help: "The time that history is spread over.") var historySpan = Span(7 * 86_400)
    @Option(help: "Older records are not listed.") var retention = Span(30 * 86_400)
    @Option(help: "Live events, and logs, per second and account.") var rate = 0.0
    @Option(help: "Stop making live records after this long.") var rateFor: Span?
    @Option(help: "Alerts per account from before the start.") var alerts = 0
    @Option(help: "Live alerts per second and account.") var alertRate = 0.0
    @Option(help: "Share of records that become readable late, 0 to 1.") var late = 0.0
    @Option(help: "The shortest such delay.") var lateMin = Span(0)
    @Option(help: "The longest such delay.") var lateMax = Span(60)
    @Option(help: "How they are spread: uniform, exponential or long-tail.")
    var lateShape = SimulatorOptions.LateShape.uniform
    @Option(
        help: .init(
            "Give this share of the records a hostile shape; repeatable. Shapes: "
                + RecordShape.allCases.map(\.rawValue).joined(separator: ", "), valueName: "shape=share"))
    var odd: [ShapeShare] = []
    @Option(
        help: .init(
            "So many records of one moment, that long after the start; repeatable. Behind it may follow ,dataset=NAME "
                + "(default serverless.logs) ,account=INDEX ,environment=INDEX ,function=spread|none|INDEX.",
            valueName: "count@after"))
    var pileUp: [PlannedPileUp] = []
    @Option(help: "Serverless services per account.") var services = 1
    @Option(help: "Environments per service; every third has no build.") var environments = 2
    @Option(help: "Functions per service.") var functions = 3
    @Option(help: "Share of log lines without function_sid; default: one kind of line in eighteen.")
    var withoutFunction: Double?

    /// - Parameter start: in milliseconds since 1970.
    func apply(to options: inout SimulatorOptions, start: Int64) {
        options.accounts = accounts
        options.addSubaccounts(max(0, subaccounts))
        for (index, after) in subaccountAfter.enumerated() {
            options.subaccounts.append(
                SubaccountPlan(friendlyName: "Newcomer \(index + 1)", from: start + after.milliseconds))
        }
        options.seed = seed
        options.history = history
        options.historySpan = historySpan.duration
        options.retention = retention.duration
        options.rate = rate
        options.rateFor = rateFor?.duration
        options.alerts = alerts
        options.alertRate = alertRate
        options.late = late
        options.lateMin = lateMin.duration
        options.lateMax = lateMax.duration
        options.lateShape = lateShape
        for share in odd { options.odd[share.shape] = share.share }
        options.pileUps = pileUp.map { planned in
            var pileUp = planned.pileUp
            pileUp.at += start
            return pileUp
        }
        options.services = services
        options.environments = environments
        options.functions = functions
        options.withoutFunction = withoutFunction
    }
}
