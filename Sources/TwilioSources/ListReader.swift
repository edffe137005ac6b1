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
    /// How much more of both a window may have that cannot be made shorter.
    static let allowanceForOneTick = 16
    /// Bounds for one answer: 1,000 records of 8 KiB compressed, 16 KiB not.
    static func limits(_ allowance: Int = 1) -> HTTPLimits {
        var limits = HTTPLimits()
        limits.maxWireBytes = (8 << 20) * allowance
        limits.maxBodyBytes = (16 << 20) * allowance
        return limits
    }

    let api: TwilioAPI
    let shape: PageShape
    /// So many records one query lists at the most. The oldest are cut, and a server may do it silently, with a null
    /// next page.
    let cap: Int

    /// What a query listed.
    struct Listing {
        var pages: [Page] = []
        var requestIDs: [String] = []
        /// Why that is not all; nil if it is.
        var gap: String?
    }

    /// - Parameter canSplit: whether the window can be made shorter. If so, too much is an error; if not, it may hold
    ///   `allowanceForOneTick` times more, and what the server does not list is a gap.
    func read(_ first: HTTPURL, canSplit: Bool) async throws(SourceError) -> Listing {
        let parser = PageParser()
        let allowance = canSplit ? 1 : Self.allowanceForOneTick
        var listing = Listing()
        var seen: Set<HTTPURL> = []
        var bytes = 0
        var records = 0
        var next: HTTPURL? = first
        do throws(SourceError) {
            while let url = next {
                guard seen.insert(url).inserted else {
                    throw SourceError.refused(
                        reason:
                            "\(first.origin)\(first.path) gave the same next_page_url twice; the window is read again later"
                    )
                }
                let (page, size, requestID) = try await api.get(url, limits: Self.limits(allowance)) {
                    response throws(PageError) in
                    (try parser.parse(response.body, as: shape), response.body.count, Self.requestID(of: response))
                }
                listing.requestIDs.append(requestID)
                listing.pages.append(page)
                bytes += size
                records += page.records.count
                next = try nextURL(page.nextPageURL, after: first)
                if bytes > Self.maximumBytes * allowance {
                    throw SourceError.tooMuch(reason: "the window has more than \(Self.maximumBytes * allowance) bytes")
                }
                if next != nil, listing.pages.count >= Self.maximumPages * allowance {
                    throw SourceError.tooMuch(reason: "the window has more than \(listing.pages.count) pages")
                }
                if next == nil, records == cap {
                    throw SourceError.tooMuch(reason: "the window lists \(records) records, as many as one query can")
                }
            }
        } catch {
            guard case .tooMuch(let reason) = error, !canSplit, !listing.pages.isEmpty else { throw error }
            listing.gap = reason
        }
        return listing
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
        if Self.isPlainName(of: first.origin, next.origin), next.path == first.path {
            do {
                return try next.withOrigin(first.origin)
            } catch {
                throw .refused(reason: "\(first.origin)\(first.path) gave a next_page_url that is no URL: \(error)")
            }
        }
        guard next.origin == first.origin, next.path == first.path else {
            throw .refused(
                reason:
                    "\(first.origin)\(first.path) gave a next_page_url that leads elsewhere (\(next.origin)\(next.path)); "
                    + "it was not followed")
        }
        return next
    }

    /// Whether `other` is the product's plain name of a host with edge and region, `PRODUCT.EDGE.REGION.twilio.com`: an
    /// answer may name it, and Twilio's own libraries then go on with the host they were given.
    private static func isPlainName(of origin: Origin, _ other: Origin) -> Bool {
        let labels = origin.host.split(separator: ".")
        guard labels.count == 5, origin.host.hasSuffix(".twilio.com") else { return false }
        return other.host == "\(labels[0]).twilio.com" && other.scheme == origin.scheme && other.port == origin.port
    }

    /// Bounded and without blanks or control characters: it goes into the journal and the database.
    private static func requestID(of response: HTTPResponse) -> String {
        let text = response.headers["twilio-request-id"] ?? ""
        return String(decoding: text.utf8.prefix(64).filter { $0 > 32 && $0 < 127 }, as: UTF8.self)
    }
}
