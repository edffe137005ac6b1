import Parsing
import PipelineCore
import Transport

/// Reads a list of things to its end: services, environments, functions, accounts.
struct ResourceReader: Sendable {
    static let pageSize = 1000

    let line: APILine
    let urgency: Urgency

    /// Answers of discovery are small: names and links.
    private static var limits: HTTPLimits {
        var limits = HTTPLimits()
        limits.maxWireBytes = 8 << 20
        limits.maxBodyBytes = 16 << 20
        return limits
    }

    /// All elements of the list.
    /// - Parameter key: the key of the list in the answer, which is also its name in a sentence.
    /// - Parameter maximum: more than this is refused: nobody looks at a part of a list and calls it all.
    func items(of list: HTTPURL, key: String, maximum: Int) async throws(SourceError) -> [ResourceItem] {
        let first = try list.asking([("PageSize", String(Self.pageSize))])
        let parser = ResourceListParser()
        // Twice as many pages as full ones would need, for a server that sends them less than full.
        let maximumPages = 2 * (maximum / Self.pageSize + 1)
        var items: [ResourceItem] = []
        var seen: Set<HTTPURL> = []
        var next: HTTPURL? = first
        while let url = next {
            guard seen.insert(url).inserted else {
                throw .refused(
                    reason: "\(list.origin)\(list.path) gave the same next page twice; it is listed again later")
            }
            let answer = try await line.get(url, urgency, limits: Self.limits) { response throws(PageError) in
                try parser.parse(response.body, key: key)
            }
            items += answer.items
            next = try NextPage.url(answer.nextPage, after: first)
            guard items.count <= maximum, next == nil || seen.count < maximumPages else {
                throw .refused(
                    reason: "\(list.origin)\(list.path) lists more than \(min(maximum, items.count)) \(key) "
                        + "(at most \(maximum) are taken), so none of them was taken")
            }
        }
        return items
    }
}
