import Parsing
import PipelineCore
import Transport

/// Reads a list endpoint to its end: the pages of one query.
///
/// - Only `meta.next_page_url` leads on; a null one is the end, an empty page is not.
/// - A next URL must be on the configured origin and path; one seen before means a loop. Both end the pass.
struct ListReader: Sendable {
    /// What one pass may gather, so that memory stays bounded however many streams there are.
    static let maximumBytes = 16 << 20
    /// Pages of one query. Ten times the documented cap of 10,000 records at 1,000 a page; more is a server gone mad.
    static let maximumPages = 100
    /// So many records a query lists at the most: documented for Logs and Alerts, guessed for Events. The oldest are cut,
    /// and a server may do it silently, with a null next page.
    static let cap = 10_000
    /// How much more of both a window may have that cannot be made shorter.
    static let allowanceForOneTick = 16
    /// Bounds for one answer: 1,000 records of 8 KiB.
    static var limits: HTTPLimits {
        var limits = HTTPLimits()
        limits.maxWireBytes = 8 << 20
        limits.maxBodyBytes = 16 << 20
        return limits
    }

    let api: TwilioAPI
    let shape: PageShape

    /// - Parameter canSplit: whether the window can be made shorter; if not, it may hold `allowanceForOneTick` times more.
    func read(_ first: HTTPURL, canSplit: Bool) async throws(SourceError) -> (pages: [Page], requestIDs: [String]) {
        let parser = PageParser()
        var pages: [Page] = []
        var requestIDs: [String] = []
        var seen: Set<HTTPURL> = []
        var bytes = 0
        var records = 0
        let allowance = canSplit ? 1 : Self.allowanceForOneTick
        var next: HTTPURL? = first
        while let url = next {
            guard seen.insert(url).inserted else {
                throw .refused(
                    reason:
                        "\(first.origin)\(first.path) gave the same next_page_url twice; the window is read again later"
                )
            }
            guard pages.count < Self.maximumPages * allowance else {
                throw tooMuch("more than \(pages.count) pages", canSplit)
            }
            let (page, size, requestID) = try await api.get(url, limits: Self.limits) { response throws(PageError) in
                (try parser.parse(response.body, as: shape), response.body.count, Self.requestID(of: response))
            }
            requestIDs.append(requestID)
            bytes += size
            guard bytes <= Self.maximumBytes * allowance else {
                throw tooMuch("more than \(Self.maximumBytes * allowance) bytes", canSplit)
            }
            pages.append(page)
            next = try nextURL(page.nextPageURL, after: first)
            records += page.records.count
            guard !canSplit || records < Self.cap else {
                throw tooMuch("\(records) records, as many as one query lists", canSplit)
            }
        }
        return (pages, requestIDs)
    }

    private func tooMuch(_ what: String, _ canSplit: Bool) -> SourceError {
        canSplit
            ? .tooMuch(reason: "the window has \(what)")
            : .refused(
                reason: "\(api.baseURL.origin) has \(what) for the shortest window there is; it is read again later")
    }

    /// The next page on our own origin.
    private func nextURL(_ text: String?, after first: HTTPURL) throws(SourceError) -> HTTPURL? {
        guard let text else { return nil }
        let next: HTTPURL
        do {
            next = try first.resolving(text)
        } catch {
            throw .refused(reason: "\(first.origin)\(first.path) gave a next_page_url that is no URL: \(error)")
        }
        guard next.origin == first.origin, next.path == first.path else {
            throw .refused(
                reason:
                    "\(first.origin)\(first.path) gave a next_page_url that leads elsewhere (\(next.origin)\(next.path)); "
                    + "it was not followed")
        }
        return next
    }

    /// Bounded and without blanks or control characters: it goes into the journal and the database.
    private static func requestID(of response: HTTPResponse) -> String {
        let text = response.headers["twilio-request-id"] ?? ""
        return String(decoding: text.utf8.prefix(64).filter { $0 > 32 && $0 < 127 }, as: UTF8.self)
    }
}
