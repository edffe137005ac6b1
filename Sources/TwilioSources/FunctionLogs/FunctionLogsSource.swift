import Parsing
package import PipelineCore

/// What the Functions of one environment print: `GET /v1/Services/{ZS}/Environments/{ZE}/Logs`.
///
/// - https://www.twilio.com/docs/serverless/api/resource/logs: at most 1,000 a page and 10,000 a query; `date_created`
///   decides. Bounds are documented as exclusive, and fractions may be ignored, so what is asked is a second wider than
///   the window at both ends. StartDate is always sent: without it only the last day is listed.
/// - A second that holds more than one query lists is divided further within one read: see `PileUp`, which also says
///   how many requests that takes at the most.
package struct FunctionLogsSource: Source {
    private let reader: ListReader
    private let functions: FunctionDirectory

    package let tick: Duration = .seconds(1)

    /// - Parameter pageSize: 1 to 1,000.
    /// - Parameter cap: how many records one query lists at the most.
    package init(
        line: APILine, serviceSID: String, environmentSID: String, pageSize: Int = 1000, cap: Int = 10_000
    ) {
        reader = ListReader(
            line: line, path: "/v1/Services/\(serviceSID)/Environments/\(environmentSID)/Logs", shape: .logs,
            pageSize: pageSize, cap: cap)
        functions = FunctionDirectory(line: line, serviceSID: serviceSID)
    }

    package var asked: Asked { reader.line.asked }

    package func serverTime(_ urgency: Urgency) async throws(SourceError) -> Timestamp {
        try await reader.line.serverTime(urgency, probing: try reader.list)
    }

    package func read(_ window: Window, _ pass: Pass) async throws(SourceError) -> WindowContents {
        let readAt = try await serverTime(pass.urgency)
        var gathering = Gathering(pass, over: window)
        let listing = try await reader.read(reader.filters(window.from - tick, window.to + tick), into: &gathering)
        var gap: String?
        if listing.cut != nil {
            var pileUp = PileUp(reader: reader, functions: functions, window: window)
            gap = try await pileUp.resolve(listing, &gathering)
        }
        return WindowContents(pages: gathering.pages, requestIDs: gathering.requestIDs, readAt: readAt, gap: gap)
    }
}
