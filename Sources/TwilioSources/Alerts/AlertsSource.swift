import Parsing
package import PipelineCore

/// The errors and warnings that Twilio raised for an account: `GET /v1/Alerts`.
///
/// - https://www.twilio.com/docs/usage/monitor-alert: newest first, at most 1,000 a page and 10,000 a query, which shows
///   as a 400 in mid-paging; bounds documented as inclusive; `date_generated` decides.
/// - A second that holds more than one query lists is a gap, as with events.
/// - One read of such a second makes at most 5 queries.
package struct AlertsSource: Source {
    private let list: MonitorList

    package let tick: Duration = .seconds(1)

    /// - Parameter pageSize: 1 to 1,000.
    /// - Parameter cap: how many records one query lists at the most.
    package init(line: APILine, pageSize: Int = 1000, cap: Int = 10_000) {
        list = MonitorList(
            line: line, path: "/v1/Alerts", noun: "alerts", shape: .alerts, pageSize: pageSize, cap: cap)
    }

    package var asked: Asked { list.line.asked }

    package func serverTime(_ urgency: Urgency) async throws(SourceError) -> Timestamp {
        try await list.serverTime(urgency)
    }

    package func read(_ window: Window, _ pass: Pass) async throws(SourceError) -> WindowContents {
        try await list.read(window, pass)
    }
}
