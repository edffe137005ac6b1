/// The older API's accounts: `/2010-04-01/Accounts.json` and `/2010-04-01/Accounts/{Sid}.json`.
///
/// Pages have their links at the root, and relative; dates are RFC 2822; every record carries that account's token.
extension SimulatorState {
    /// - Parameter path: what follows `/2010-04-01`.
    mutating func accountsAnswer(
        _ request: SimulatedRequest, _ path: [String], _ context: AnswerContext
    ) throws(ListQuery.Refusal) -> SimulatedResponse {
        let owner = accounts[context.account].sid
        let ours = accounts.indices.filter { accounts[$0].ownerSID == owner && accounts[$0].from <= now }
        if path == ["Accounts.json"] { return try accountsList(request, ours, context) }
        if path.count == 2, path[0] == "Accounts", path[1].hasSuffix(".json"),
            let account = ours.first(where: { accounts[$0].sid + ".json" == path[1] })
        {
            return .json(json(account: account))
        }
        return .notFound(request.target)
    }

    private mutating func accountsList(
        _ request: SimulatedRequest, _ ours: [Int], _ context: AnswerContext
    ) throws(ListQuery.Refusal) -> SimulatedResponse {
        let query = try ListQuery(request, filters: ["FriendlyName", "Status"])
        try query.check(context.fault, options)
        let all = ours.filter {
            (query.filter("FriendlyName") ?? accounts[$0].friendlyName) == accounts[$0].friendlyName
                && (query.filter("Status") ?? listedStatus($0)) == listedStatus($0)
        }
        let slice = placesSlice(query, count: all.count, context)
        let links = query.links(
            origin: context.fault == .nextElsewhere ? options.elsewhereOrigin : "", next: slice.next,
            previous: slice.previous, fault: context.fault)
        let begin = slice.rows.lowerBound
        return .json(
            """
            {"first_page_uri": \(links.first), "end": \(max(begin, slice.rows.upperBound - 1)), \
            "previous_page_uri": \(links.previous), \
            "accounts": \(JSONText.array(slice.rows.map { json(account: all[$0]) })), "uri": \(links.this), \
            "page_size": \(query.pageSize), "start": \(begin), "next_page_uri": \(links.next), \
            "page": \(query.page)}
            """)
    }

    /// Whether credentials are revoked shows nowhere.
    private func listedStatus(_ account: Int) -> String {
        let status = status(of: account)
        return (status == .revoked ? .active : status).rawValue
    }

    private func json(account index: Int) -> String {
        let account = accounts[index]
        let uri = "/2010-04-01/Accounts/\(account.sid)"
        let created = account.from == .min ? TwilioDate.longAgo : account.from
        let updated = statuses[index] == nil ? account.changes.last { $0.at <= now }?.at ?? created : now
        let parts = ["Calls", "Keys", "Messages", "Recordings", "Usage"].map { name in
            "\"\(name.lowercased())\": \"\(uri)/\(name).json\""
        }
        return """
            {"auth_token": "\(account.authToken)", "date_created": "\(TwilioDate.rfc2822(created))", \
            "date_updated": "\(TwilioDate.rfc2822(updated))", \
            "friendly_name": \(JSONText.string(account.friendlyName)), "owner_account_sid": "\(account.ownerSID)", \
            "sid": "\(account.sid)", "status": "\(listedStatus(index))", \
            "subresource_uris": {\(parts.joined(separator: ", "))}, "type": "Full", "uri": "\(uri).json"}
            """
    }
}
