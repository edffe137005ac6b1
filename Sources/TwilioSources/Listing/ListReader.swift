import Parsing
import PipelineCore
import Transport

/// Reads a list endpoint to its end: the pages of one query.
///
/// - Only `meta.next_page_url` leads on; a null one is the end, an empty page is not.
/// - A next URL must be on the configured origin and path; one seen before means a loop. Both end the pass, and so do
///   `mostInVain` pages in a row without a record that the query had not listed before.
/// - A window that can be split is given up as soon as it proves large: before the cap fills, so that little is wasted.
/// - Where a page is answered 500 again and again, the query is made anew with smaller pages.
struct ListReader: Sendable {
    /// So many pages' worth of records may a window have that can be split: the cap is ten.
    static let pagesPerWindow = 8
    /// So many more if it is only expected to have them, from what the first page listed; the further pages there are,
    /// the surer that is.
    static let expectedPages = 24

    /// So many pages in a row of one query may bring nothing before it is given up. A server that leads on and on is
    /// broken, or it searches long: of a window that can be split, a shorter one may be found sooner.
    static let mostInVain = 50

    /// Bounds for one answer: 1,000 records of 8 KiB compressed, 16 KiB not.
    static func limits(_ allowance: Int = 1) -> HTTPLimits {
        var limits = HTTPLimits()
        limits.maxWireBytes = (8 << 20) * allowance
        limits.maxBodyBytes = (16 << 20) * allowance
        return limits
    }

    let line: APILine
    private let address: Result<HTTPURL, SourceError>
    let shape: PageShape
    /// So many records one query lists at the most. The oldest are cut, and a server may do it silently, with a null
    /// next page.
    let cap: Int
    let sizes: PageSizes

    /// - Parameter path: of the list, behind the base URL's.
    init(line: APILine, path: String, shape: PageShape, pageSize: Int, cap: Int) {
        precondition((1...1000).contains(pageSize) && cap > 0)
        self.line = line
        do throws(SourceError) {
            address = .success(try line.api.baseURL.below(path))
        } catch {
            address = .failure(error)
        }
        self.shape = shape
        self.cap = cap
        sizes = PageSizes(configured: pageSize)
    }

    /// The list's address.
    var list: HTTPURL {
        get throws(SourceError) { try address.get() }
    }

    /// What a query listed.
    struct Listing {
        var pages: [Page] = []
        /// Why that is not all; nil if it is.
        var cut: String?
    }

    /// Makes one query.
    /// - Parameter filters: the query's items but `PageSize`.
    /// - Throws: `tooMuch` only if the window can be split. If not, the listing says that it was cut, and why.
    func read(
        _ filters: [(name: String, value: String)], into gathering: inout Gathering
    ) async throws(SourceError) -> Listing {
        if let exhausted = gathering.exhausted { return Listing(cut: exhausted) }
        var size = sizes.current(at: line.api.clock.monotonicNow)
        var tried: [Int] = []
        while true {
            let first = try list.asking(filters + [("PageSize", String(size))])
            do throws(RequestFailure) {
                let listing = try await pages(from: first, &gathering)
                sizes.worked(size, at: line.api.clock.monotonicNow)
                return listing
            } catch {
                let isTooHeavy = error.status == 500 || error.isTooLarge && !gathering.pass.canSplit
                tried.append(size)
                guard isTooHeavy, let smaller = sizes.next(below: size) else { throw Self.naming(tried, error) }
                size = smaller
            }
        }
    }

    /// - Parameter tried: page sizes, the last of which failed with `failure`.
    private static func naming(_ tried: [Int], _ failure: RequestFailure) -> SourceError {
        guard tried.count > 1 else { return failure.error }
        let note = "; smaller pages did not help (PageSize \(tried.map(String.init).joined(separator: ", ")))"
        switch failure.error {
        case .unavailable(let reason, let retryAfter):
            return .unavailable(reason: reason + note, retryAfter: retryAfter)
        case .tooMuch(let reason): return .unavailable(reason: Reason(reason + note), retryAfter: nil)
        default: return failure.error
        }
    }

    private func pages(from first: HTTPURL, _ gathering: inout Gathering) async throws(RequestFailure) -> Listing {
        let parser = PageParser()
        let canSplit = gathering.pass.canSplit
        var listing = Listing()
        var seen: Set<HTTPURL> = []
        var records = 0
        // Only where the same is asked for again and again; elsewhere rows are few.
        var distinct: Set<RecordIdentity>? = canSplit ? nil : []
        var inVain = 0
        var next: HTTPURL? = first
        while let url = next {
            guard seen.insert(url).inserted else {
                throw RequestFailure(
                    .refused(
                        reason: "\(first.origin)\(first.path) gave the same next_page_url twice; the window is read "
                            + "again later"))
            }
            let (page, size, requestID): (Page, Int, String)
            do throws(RequestFailure) {
                (page, size, requestID) = try await line.fetch(
                    url, gathering.pass.urgency, limits: gathering.limits
                ) { response throws(PageError) in
                    (try parser.parse(response.body, as: shape), response.body.count, Self.requestID(of: response))
                }
            } catch {
                // Past the cap, whatever the words.
                let isCap = error.status == 400 && !listing.pages.isEmpty && records + sizes.configured > cap
                let failure = isCap ? RequestFailure(.tooMuch(reason: "\(error.error)"), like: error) : error
                guard case .tooMuch = failure.error, !canSplit, !listing.pages.isEmpty else { throw failure }
                listing.cut = "\(failure.error)"
                return listing
            }
            do throws(SourceError) {
                next = try NextPage.url(page.nextPageURL, after: first)
                try await gathering.take(page, size: size, requestID: requestID, isLast: canSplit && next == nil)
            } catch {
                throw RequestFailure(error)
            }
            listing.pages.append(page)
            records += page.records.count
            line.count(records: page.records.count)
            let before = distinct?.count
            distinct?.formUnion(page.identities)
            inVain = page.records.isEmpty || distinct.map({ $0.count == before }) ?? false ? inVain + 1 : 0
            if inVain >= Self.mostInVain, next != nil { throw Self.leadsNowhere(first, canSplit: canSplit) }
            listing.cut = cut(records, distinct?.count, isAtEnd: next == nil, gathering)
            guard let cut = listing.cut else { continue }
            if canSplit { throw RequestFailure(.tooMuch(reason: cut)) }
            return listing
        }
        return listing
    }

    /// Nothing is known of the window then, so it is no gap: it is asked for again.
    private static func leadsNowhere(_ first: HTTPURL, canSplit: Bool) -> RequestFailure {
        let reason =
            "\(first.origin)\(first.path) led on over \(mostInVain) pages in a row that brought no new record; the window "
            + "is read again later"
        return RequestFailure(canSplit ? .tooMuch(reason: reason) : .refused(reason: reason))
    }

    /// Why the listing is not all of it, or, where the window can be split, would waste too much to become so.
    ///
    /// Rows that come twice, as when pages shift, may count for the server's cap or not: only who lists more different
    /// records than the cap has none.
    private func cut(_ rows: Int, _ distinct: Int?, isAtEnd: Bool, _ gathering: Gathering) -> String? {
        if isAtEnd {
            guard rows >= cap, distinct.map({ $0 <= cap }) ?? true else { return nil }
            return "the window lists \(rows) records, as many as one query can"
        }
        if gathering.pass.canSplit {
            if rows > Self.pagesPerWindow * sizes.configured { return "the window has more than \(rows) records" }
            let (expected, pages) = (gathering.expectedRecords, max(1, gathering.pages.count))
            // Pages that are not full say little.
            if rows >= pages * sizes.configured,
                expected > (Self.pagesPerWindow + Self.expectedPages / pages) * sizes.configured
            {
                return "the window has some \(expected) records"
            }
        }
        return gathering.exhausted
    }

    /// Bounded and without blanks or control characters: it goes into the journal and the database.
    private static func requestID(of response: HTTPResponse) -> String {
        let text = response.headers["twilio-request-id"] ?? ""
        return String(decoding: text.utf8.prefix(64).filter { $0 > 32 && $0 < 127 }, as: UTF8.self)
    }
}
