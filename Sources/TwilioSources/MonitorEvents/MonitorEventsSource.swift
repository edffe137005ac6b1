import Parsing
package import PipelineCore

/// An account's audit trail: `GET /v1/Events`.
///
/// - https://www.twilio.com/docs/usage/monitor-events: newest first, at most 1,000 a page, bounds in whole seconds and
///   documented as inclusive; `event_date` decides.
/// - A second that holds more than one query lists cannot be had whole: only one filter may be given besides the dates,
///   and none divides all events. It is a gap.
/// - One read of such a second makes at most 5 queries.
package struct MonitorEventsSource: Source {
    private let list: MonitorList

    package let tick: Duration = .seconds(1)

    /// - Parameter pageSize: 1 to 1,000.
    /// - Parameter cap: how many records one query lists at the most: documented for Logs and Alerts, guessed for Events.
    package init(line: APILine, pageSize: Int = 1000, cap: Int = 10_000) {
        list = MonitorList(
            line: line, path: "/v1/Events", noun: "events", shape: .events, pageSize: pageSize, cap: cap)
    }

    package var asked: Asked { list.line.asked }

    package func serverTime(_ urgency: Urgency) async throws(SourceError) -> Timestamp {
        try await list.serverTime(urgency)
    }

    package func read(_ window: Window, _ pass: Pass) async throws(SourceError) -> WindowContents {
        try await list.read(window, pass)
    }
}
