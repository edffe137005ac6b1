import ArgumentParser
import Simulating

struct BehaviourArguments: ParsableArguments {
    private static let bounds = "exclusive, inclusive, start-inclusive or end-inclusive."

    @Option(help: "Whether StartDate and EndDate of events are \(bounds)")
    var eventBounds = SimulatorOptions.Bounds.inclusive
    @Option(help: "The same for logs.") var logBounds = SimulatorOptions.Bounds.exclusive
    @Option(help: "The same for alerts.") var alertBounds = SimulatorOptions.Bounds.inclusive
    @Option(help: "Fractions of StartDate and EndDate of events: honoured or ignored.")
    var eventFractions = SimulatorOptions.Fractions.ignored
    @Option(help: "The same for logs; default: honoured where dates have milliseconds.")
    var logFractions: SimulatorOptions.Fractions?
    @Option(help: "The same for alerts.") var alertFractions = SimulatorOptions.Fractions.ignored
    @Option(help: "Of log dates: milliseconds or seconds.") var logPrecision = SimulatorOptions.LogPrecision
        .milliseconds
    @Option(help: "Of alert dates: seconds, milliseconds or rfc2822.")
    var alertDates = SimulatorOptions.AlertDates.seconds
    @Option(help: "How long after date_generated an alert's date_created is.") var alertCreatedDelay = Span(0)
    @Option(help: "What page tokens hold: offset or cursor.") var paging = SimulatorOptions.Paging.offset
    @Flag(help: "Shuffle the logs within a page, differently with each answer.") var unordered = false
    @Option(help: "Shuffle the logs in blocks of so many rows, the same in each answer.") var shuffleSpan: Int?
    @Option(help: "What next_page_url begins with, such as http://other:1; default: the request's Host.")
    var nextPageOrigin: String?
    @Option(help: "Shift the Date header; may be negative.") var clockSkew = Span(0)

    func apply(to options: inout SimulatorOptions) {
        options.eventBounds = eventBounds
        options.logBounds = logBounds
        options.alertBounds = alertBounds
        options.eventFractions = eventFractions
        options.logFractions = logFractions
        options.alertFractions = alertFractions
        options.logPrecision = logPrecision
        options.alertDates = alertDates
        options.alertCreatedDelay = alertCreatedDelay.duration
        options.paging = paging
        options.unordered = unordered
        options.shuffleSpan = shuffleSpan
        options.nextPageOrigin = nextPageOrigin
        options.clockSkew = clockSkew.duration
    }
}
