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
    /// - Parameter cap: how many records one query lists at the most: documented for Logs and Alerts, guessed for Events.
    package init(api: TwilioAPI, pageSize: Int, cap: Int = 10_000) {
        precondition((1...1000).contains(pageSize))
        self.api = api
        self.pageSize = pageSize
        reader = ListReader(api: api, shape: .events, cap: cap)
    }

    package var requestsMade: Int { api.requestsMade }

    package func serverTime() async throws(SourceError) -> Timestamp {
        // A single answer is enough unless its Date is hard to believe.
        for _ in 0..<ServerClock.requiredAgreement {
            if let time = api.serverTime { return time }
            try await api.get(try url([("PageSize", "1")]), limits: ListReader.limits()) { _ in }
        }
        guard let time = api.serverTime else {
            throw .refused(
                reason: "\(api.baseURL.origin) gives no usable Date header, or one that changes with every answer; "
                    + "windows cannot be fixed without it")
        }
        return time
    }

    package func read(_ window: Window, canSplit: Bool) async throws(SourceError) -> WindowContents {
        let readAt = try await serverTime()
        var listing = try await reader.read(
            try url(from: window.from - tick, through: window.to + tick), canSplit: canSplit)
        if listing.gap != nil {
            // A dense second beside this one fills the answer too. By the documented bounds this asks for no other.
            let exact = try await reader.read(try url(from: window.from, through: window.to - tick), canSplit: false)
            listing.pages += exact.pages
            listing.requestIDs += exact.requestIDs
            listing.gap = exact.gap.map {
                "there are more events in this second than Twilio lists for one query: \($0)"
            }
        }
        return WindowContents(
            pages: listing.pages, requestIDs: listing.requestIDs, readAt: readAt, gap: listing.gap)
    }

    private func url(from: Timestamp, through: Timestamp) throws(SourceError) -> HTTPURL {
        try url([
            ("StartDate", from.rfc3339Seconds), ("EndDate", through.rfc3339Seconds), ("PageSize", String(pageSize)),
        ])
    }

    private func url(_ items: [(name: String, value: String)]) throws(SourceError) -> HTTPURL {
        do {
            return try api.baseURL.appending(path: "/v1/Events").withQuery(items)
        } catch {
            throw .refused(reason: "the address of Monitor Events cannot be made from \(api.baseURL): \(error)")
        }
    }
}
