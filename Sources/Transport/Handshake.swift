import CCurl

/// Connects as a request would, through the proxy if there is one, and verifies, and sends no request.
package enum Handshake {
    /// Blocks, for `timeout` at most; on a thread that has SIGPIPE blocked.
    /// - Returns: nil without TLS.
    package static func certificate(
        of url: HTTPURL, _ options: TransportOptions, timeout: Duration
    ) throws(TransportError) -> PeerCertificate? {
        let target = url.origin.authority
        guard globalInitResult == CURLE_OK, let handle = CurlHandle() else {
            throw .badLocalSetup(.init(target, detail: "libcurl could not be initialised"))
        }
        var request = HTTPRequest(.get, url)
        request.limits.connectTimeout = timeout
        request.limits.totalTimeout = timeout
        try handle.prepare(for: request, options, context: handle.errorText)
        do {
            // Nothing comes, unless a proxy says something, and that is nobody's.
            try handle.setReceivers(header: ignore, body: ignore, context: handle.errorText)
            try handle.set(CURLOPT_CONNECT_ONLY, true)
            // HTTP/2 would begin to talk by itself.
            try handle.set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
            try handle.set(CURLOPT_CERTINFO, true)
        } catch {
            throw .badLocalSetup(
                .init(target, code: .init(error.code), detail: "libcurl refuses option \(error.option.rawValue)"))
        }
        let code = curl_easy_perform(handle.raw)
        guard code == CURLE_OK else { throw TransportError(code, nil, handle, request) }
        return handle.peerCertificate
    }
}

private func ignore(
    _: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _: UnsafeMutableRawPointer?
) -> Int { size * count }
