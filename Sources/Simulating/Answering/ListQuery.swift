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

    /// The list's `meta` object.
    func meta(key: String, origin: String, next: PageToken?, previous: PageToken?) -> String {
        let bound = path + "?" + filters.map { "\($0.name)=\($0.value)" }.joined(separator: "&")
        let given = filters.map { "\($0.name)=\(PercentCoding.encoded($0.value))&" }.joined()
        func url(_ page: Int, _ token: String?) -> String {
            let address = "\(origin)\(path)?\(given)PageSize=\(pageSize)&Page=\(page)"
            return JSONText.string(address + (token.map { "&PageToken=\($0)" } ?? ""))
        }
        let nextURL = next.map { url(page + 1, $0.text("PA", query: bound)) }
        let previousURL = previous.map { url(max(0, page - 1), $0.text("PB", query: bound)) }
        return """
            {"page": \(page), "page_size": \(pageSize), "first_page_url": \(url(0, nil)), \
            "previous_page_url": \(previousURL ?? "null"), "url": \(url(page, token?.text("PA", query: bound))), \
            "next_page_url": \(nextURL ?? "null"), "key": "\(key)"}
            """
    }
}

extension ListQuery.Refusal {
    init(_ status: Int, _ code: Int, _ message: String) {
        response = .error(status, code: code, message)
    }
}
