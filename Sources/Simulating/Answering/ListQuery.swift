/// What a list request asks for: filters, page size and place, checked as Twilio checks them.
struct ListQuery {
    /// The filters that were given, in order.
    let filters: [(name: String, value: String)]
    let pageSize: Int
    /// Counts pages for the caller only.
    let page: Int
    /// Nil on a first page.
    let token: PageToken?
    /// The path: part of what a token is bound to.
    let path: String

    static let defaultPageSize = 50
    static let pageSizes = 1...1_000

    /// Thrown with the answer that tells the caller what is wrong.
    struct Refusal: Error {
        let response: SimulatedResponse
    }

    /// A page's address and those around it, each a JSON string or null.
    struct Links {
        let this: String
        let first: String
        let next: String
        let previous: String
    }

    /// - Parameter names: the filters this list knows; others are ignored, as Twilio does.
    init(_ request: SimulatedRequest, filters names: Set<String>) throws(Refusal) {
        guard let query = request.query else { throw Refusal(400, 20001, "The query string cannot be decoded") }
        func value(_ name: String) -> String? {
            query.last { $0.name == name }?.value
        }
        path = String(request.target.prefix { $0 != "?" })
        filters = query.filter { names.contains($0.name) && !$0.value.isEmpty }
        let bound = path + "?" + filters.map { "\($0.name)=\($0.value)" }.joined(separator: "&")

        guard let page = Int32(value("Page") ?? "0"), page >= 0 else {
            throw Refusal(400, 20001, "Page must be a number from 0 on")
        }
        self.page = Int(page)
        guard let asked = Int(value("PageSize") ?? "\(Self.defaultPageSize)"), Self.pageSizes.contains(asked) else {
            throw Refusal(400, 20001, "PageSize must be a number from 1 to 1000")
        }
        if let text = value("PageToken") {
            guard let token = PageToken(text, query: bound) else { throw Refusal(400, 21481, "Invalid PageToken") }
            self.token = token
            pageSize = token.pageSize
        } else {
            guard page == 0 else { throw Refusal(400, 70002, "Paged requests must include a PageToken") }
            token = nil
            pageSize = asked
        }
    }

    /// Rows before this page.
    var offset: Int { token?.offset ?? 0 }

    func filter(_ name: String) -> String? {
        filters.last { $0.name == name }?.value
    }

    func date(_ name: String) throws(Refusal) -> Int64? {
        guard let text = filter(name) else { return nil }
        guard let date = TwilioDate.milliseconds(text) else {
            throw Refusal(400, 20001, "\(name) is not a date in ISO 8601 format: \(text)")
        }
        return date
    }

    /// The dates that StartDate and EndDate let in, in milliseconds: from the first to before the second.
    ///
    /// - Parameter missing: what stands for a StartDate that is not given.
    func dates(
        _ bounds: SimulatorOptions.Bounds, _ fractions: SimulatorOptions.Fractions, missing: Int64 = .min
    ) throws(Refusal) -> (from: Int64, to: Int64) {
        func cut(_ time: Int64) -> Int64 {
            guard fractions == .ignored else { return time }
            let rest = time % 1_000
            return time - (rest < 0 ? rest + 1_000 : rest)
        }
        let start = try date("StartDate") ?? missing
        let end = try date("EndDate")
        return (
            start == .min ? .min : cut(start) + (bounds.includesStart ? 0 : 1),
            end.map { cut($0) + (bounds.includesEnd ? 1 : 0) } ?? .max
        )
    }

    /// Refuses what a fault of this answer wants refused.
    func check(_ fault: SimulatedFault?, _ options: SimulatorOptions) throws(Refusal) {
        if fault == .tokenRefused, token != nil { throw Refusal(400, 21481, "Invalid PageToken") }
        if fault == .pageTooLarge, pageSize > options.workingPageSize { throw SimulatorState.serverError }
    }

    /// - Parameter origin: what addresses begin with; empty for relative ones.
    func links(origin: String, next: PageToken?, previous: PageToken?, fault: SimulatedFault?) -> Links {
        let bound = path + "?" + filters.map { "\($0.name)=\($0.value)" }.joined(separator: "&")
        let given = filters.map { "\($0.name)=\(PercentCoding.encoded($0.value))&" }.joined()
        func url(_ page: Int, _ token: String?) -> String {
            let address = "\(origin)\(path)?\(given)PageSize=\(pageSize)&Page=\(page)"
            return JSONText.string(address + (token.map { "&PageToken=\($0)" } ?? ""))
        }
        let this = url(page, token?.text("PA", query: bound))
        let nextURL = next.map { url(page + 1, $0.text("PA", query: bound)) }
        let previousURL = previous.map { url(max(0, page - 1), $0.text("PB", query: bound)) }
        return Links(
            this: this, first: url(0, nil), next: fault == .sameNext ? this : nextURL ?? "null",
            previous: previousURL ?? "null")
    }

    /// The list's `meta` object.
    func meta(key: String, _ links: Links) -> String {
        """
        {"page": \(page), "page_size": \(pageSize), "first_page_url": \(links.first), \
        "previous_page_url": \(links.previous), "url": \(links.this), "next_page_url": \(links.next), "key": "\(key)"}
        """
    }
}

extension ListQuery.Refusal {
    init(_ status: Int, _ code: Int, _ message: String) {
        response = .error(status, code: code, message)
    }
}
