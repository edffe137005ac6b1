import Parsing
import PipelineCore

/// What Events and Alerts have in common: a list of Monitor, filtered by whole seconds.
///
/// Documented bounds are inclusive ("on or after", "on or before"), but nobody promises it: what is asked is a second
/// wider than the window at both ends.
struct MonitorList: Sendable {
    private let reader: ListReader
    /// What the records are called in a sentence.
    private let noun: String

    init(line: APILine, path: String, noun: String, shape: PageShape, pageSize: Int, cap: Int) {
        reader = ListReader(line: line, path: path, shape: shape, pageSize: pageSize, cap: cap)
        self.noun = noun
    }

    var line: APILine { reader.line }

    func serverTime(_ urgency: Urgency) async throws(SourceError) -> Timestamp {
        try await line.serverTime(urgency, probing: try reader.list)
    }

    func read(_ window: Window, _ pass: Pass) async throws(SourceError) -> WindowContents {
        let readAt = try await serverTime(pass.urgency)
        var gathering = Gathering(pass, over: window)
        let second: Duration = .seconds(1)
        let listing = try await reader.read(
            reader.filters(window.from - second, window.to + second), into: &gathering)
        var gap: String?
        if listing.cut != nil {
            var known = KnownRecords()
            known.add(listing, shape: reader.shape)
            var dense = DenseSecond(reader: reader, window: window)
            if let cut = try await dense.narrow(listing, &known, &gathering) {
                gap =
                    "there are more \(noun) in this second than Twilio lists for one query; "
                    + "\(known.count(in: window)) of it were listed and are kept (\(cut))"
            }
        }
        return WindowContents(pages: gathering.pages, requestIDs: gathering.requestIDs, readAt: readAt, gap: gap)
    }
}
