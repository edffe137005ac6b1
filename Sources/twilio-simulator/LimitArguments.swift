import ArgumentParser
import Simulating

struct LimitArguments: ParsableArguments {
    @Option(help: "Requests answered in any second, per account and API; 0 = no limit.") var requestsPerSecond = 5
    @Option(help: "What that limit is counted by: account, environment or credential.")
    var rateScope = SimulatorOptions.RateScope.account
    @Flag(help: "Requests that were refused count against that limit too.") var countsRefused = false
    @Option(help: "Send Retry-After with a 429.") var retryAfter: Span?
    @Option(help: "Write it as seconds or as a date.") var retryAfterForm = SimulatorOptions.RetryAfterForm.seconds
    @Option(help: "Events that one query gives; 0 = no cap.") var eventsCap = 0
    @Option(help: "Logs that one query gives; 0 = no cap.") var logsCap = 10_000
    @Option(help: "Alerts that one query gives; 0 = no cap.") var alertsCap = 10_000
    @Option(help: "Past the cap of events and logs: refusal (a 400) or silent (no next page).")
    var capForm = SimulatorOptions.CapForm.refusal
    @Option(help: "The same for alerts.") var alertsCapForm = SimulatorOptions.CapForm.refusal
    @Option(help: "The code of the 401 that keys without permission meet at the accounts list: 70051 or 20003.")
    var accountsRefusal = 70051
    @Option(help: "What requests of a suspended account meet: 403 or 401.") var suspendedStatus = 403
    @Option(help: "How errors are told: classic, problem (RFC 9457), bare (without a code) or html.")
    var errorForm = SimulatorOptions.ErrorForm.classic

    func apply(to options: inout SimulatorOptions) {
        options.requestsPerSecond = requestsPerSecond
        options.rateScope = rateScope
        options.countsRefused = countsRefused
        options.retryAfter = retryAfter?.duration
        options.retryAfterForm = retryAfterForm
        options.eventsCap = eventsCap == 0 ? nil : eventsCap
        options.logsCap = logsCap == 0 ? nil : logsCap
        options.alertsCap = alertsCap == 0 ? nil : alertsCap
        options.capForm = capForm
        options.alertsCapForm = alertsCapForm
        options.accountsRefusal = accountsRefusal
        options.suspendedStatus = suspendedStatus
        options.errorForm = errorForm
    }
}
