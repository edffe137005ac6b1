import Parsing
package import PipelineCore
import Transport

/// An account's audit trail: `GET /v1/Events`.
///
/// https://www.twilio.com/docs/usage/monitor-events: newest first, at most 1,000 a page, bounds in whole seconds and
/// documented as inclusive.
package struct MonitorEventsSource: Source {
    private let api: TwilioAPI
    private let pageSize: Int
    private let reader: ListReader

    package let tick: Duration = .seconds(1)

    /// - Parameter pageSize: 1 to 1,000.
    package init(api: TwilioAPI, pageSize: Int) {
        precondition((1...1000).contains(pageSize))
        self.api = api
        self.pageSize = pageSize
        reader = ListReader(api: api, shape: .events)
    }

    package func serverTime() async throws(SourceError) -> Timestamp {
        // A single answer is enough unless its Date is hard to believe.
        for _ in 0..<ServerClock.requiredAgreement {
            if let time = api.serverTime { return time }
            try await api.get(try url([("PageSize", "1")]), limits: ListReader.limits) { _ in }
        }
        guard let time = api.serverTime else {
            throw .refused(
                reason: "\(api.baseURL.origin) gives no usable Date header, or one that changes with every answer; "
                    + "windows cannot be fixed without it")
        }
        return time
    }

    package func read(_ window: Window, canSplit: Bool) async throws(SourceError) -> WindowContents {
        let url = try url([
            ("StartDate", (window.from - tick).rfc3339Seconds),
            ("EndDate", (window.to + tick).rfc3339Seconds),
            ("PageSize", String(pageSize)),
        ])
        let readAt = try await serverTime()
        let (pages, requestIDs) = try await reader.read(url, canSplit: canSplit)
        return WindowContents(pages: pages, requestIDs: requestIDs, readAt: readAt)
    }

    private func url(_ items: [(name: String, value: String)]) throws(SourceError) -> HTTPURL {
        do {
            return try api.baseURL.appending(path: "/v1/Events").withQuery(items)
        } catch {
            throw .refused(reason: "the address of Monitor Events cannot be made from \(api.baseURL): \(error)")
        }
    }
}
