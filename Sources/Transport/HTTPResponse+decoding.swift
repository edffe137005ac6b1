extension HTTPResponse {
    /// This response with its body decoded as Content-Encoding says, within the request's limit and with ``bodyPadding`` to spare.
    ///
    /// Runs on the caller's task: it is the transport's only heavy work, and the thread has others to serve.
    consuming func decoded(for request: HTTPRequest) throws(TransportError) -> HTTPResponse {
        var bare: HTTPResponse?
        if request.limits.excess == .dropped {
            bare = copy self
            bare?.body = []
        }
        do {
            return try wholeBodyDecoded(for: request)
        } catch {
            guard let bare else { throw error }
            return bare
        }
    }

    private consuming func wholeBodyDecoded(for request: HTTPRequest) throws(TransportError) -> HTTPResponse {
        let context = { (detail: String) in TransportError.Context(request.url.origin.authority, detail: detail) }
        let encoding = headers["Content-Encoding"]?.lowercased() ?? "identity"
        switch encoding {
        case _ where body.isEmpty, "identity", "":
            guard body.count <= request.limits.maxBodyBytes else {
                throw .bodyTooLarge(context("Content-Encoding: identity"), limit: request.limits.maxBodyBytes)
            }
            body.reserveCapacity(body.count + Self.bodyPadding)
        case "gzip", "x-gzip":
            do {
                body = try gunzip(body, limit: request.limits.maxBodyBytes, padding: Self.bodyPadding)
            } catch {
                switch error {
                case .badData: throw .badResponse(context("the gzip stream is corrupt or ends too early"))
                case .tooLarge(let limit): throw .bodyTooLarge(context("after decompression"), limit: limit)
                case .outOfMemory: throw .other(context("no memory to decompress the body"))
                }
            }
        default:
            throw .badResponse(context("Content-Encoding \(encoding.prefix(40)) was not asked for"))
        }
        return self
    }
}
