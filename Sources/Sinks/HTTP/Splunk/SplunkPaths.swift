import Transport

/// Where a collector takes events and where it tells of acknowledgements.
struct SplunkPaths {
    let events: HTTPURL
    let acknowledgements: HTTPURL
    let health: HTTPURL

    private static let collector = "/services/collector"

    /// - Parameter url: a collector's own address (`…/services/collector`, perhaps with `/event` or `/event/1.0`), or
    ///   what stands before that: a host, or a proxy's path.
    init(_ url: HTTPURL) throws(HTTPURLError) {
        let path = url.path
        guard let own = path.firstRange(of: Self.collector) else {
            events = try url.appending(path: Self.collector + "/event")
            acknowledgements = try url.appending(path: Self.collector + "/ack")
            health = try url.appending(path: Self.collector + "/health")
            return
        }
        let base = try url.resolving(String(path[..<own.upperBound]))
        let rest = path[own.upperBound...]
        events = rest.isEmpty || rest == "/" ? try base.appending(path: "/event") : url
        acknowledgements = try base.appending(path: "/ack")
        health = try base.appending(path: "/health")
    }
}
