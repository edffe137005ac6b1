import PipelineCore
import Transport

/// Where a list's next page is, if it is where it may be: on the configured origin and the same path.
enum NextPage {
    /// - Parameter text: as the answer gave it: an absolute URL, or a path in the 2010 API.
    /// - Throws: `refused` when it leads elsewhere. Nothing has been sent there then.
    static func url(_ text: String?, after first: HTTPURL) throws(SourceError) -> HTTPURL? {
        guard let text else { return nil }
        let next: HTTPURL
        do throws(HTTPURLError) {
            next = try first.resolving(text)
            if isPlainName(of: first.origin, next.origin), next.path == first.path {
                return try next.withOrigin(first.origin)
            }
        } catch {
            throw .refused(reason: "\(first.origin)\(first.path) gave a next_page_url that is no URL: \(error)")
        }
        guard next.origin == first.origin, next.path == first.path else {
            throw .refused(
                reason: "\(first.origin)\(first.path) gave a next_page_url that leads elsewhere "
                    + "(\(String("\(next.origin)\(next.path)".prefix(200)))); it was not followed. A proxy or base_url that "
                    + "names another host than Twilio's answers do can be the reason")
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
}
