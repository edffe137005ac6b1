import CCurl

extension CurlHandle {
    /// Sets everything that the request and the options say. The handle must be fresh or reset.
    func prepare(
        for request: HTTPRequest, _ options: TransportOptions, context: UnsafeMutableRawPointer
    ) throws(TransportError) {
        let target = request.url.origin.authority
        guard request.url.origin.scheme == .https || options.allowsPlainHTTP else {
            throw .badLocalSetup(.init(target, detail: "plain http is not allowed here, use https"))
        }
        var lines = try headerLines(of: request)
        let url = try named(request.url, options)
        // The server still learns which of its names is meant by the request itself.
        if url.origin != request.url.origin, request.headers["Host"] == nil {
            lines.append("Host: \(request.url.origin.hostHeader)")
        }
        do {
            try setReceivers(header: receiveHeader, body: receiveBody, context: context)
            try setRequest(request, url, lines, options)
            if request.method == .post {
                try set(CURLOPT_POST, true)
                try setBody(
                    size: request.body?.count ?? 0, begin: beginBody, read: readBody, seek: seekBody, context: context)
                try set(CURLOPT_UPLOAD_BUFFERSIZE, Self.bufferBytes)
            }
            try setLimits(request.limits)
            try setPath(options)
            try setTLS(options)
        } catch {
            reset()
            let reason =
                "libcurl refuses option \(error.option.rawValue): \(String(cString: curl_easy_strerror(error.code)))"
            throw .badLocalSetup(.init(target, code: .init(error.code), detail: reason))
        }
    }

    /// What is handed to the kernel, or taken from it, at once. libcurl's own 16 and 64 KiB take a call, and often a
    /// change of threads, for each fiftieth of a page.
    private static let bufferBytes = 256 << 10

    private func setRequest(
        _ request: HTTPRequest, _ url: HTTPURL, _ lines: [String], _ options: TransportOptions
    ) throws(OptionRefused) {
        try set(CURLOPT_URL, url.description)
        if url.origin != request.url.origin { try setConnectTo(request.url.origin.authority) }
        // The URL was checked to have no dot segments; it is sent byte for byte.
        try set(CURLOPT_PATH_AS_IS, true)
        try set(CURLOPT_PROTOCOLS_STR, options.allowsPlainHTTP ? "http,https" : "https")
        try set(CURLOPT_FOLLOWLOCATION, false)
        try set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2TLS))
        try set(CURLOPT_HTTP09_ALLOWED, false)
        try set(CURLOPT_BUFFERSIZE, Self.bufferBytes)
        try set(CURLOPT_USERAGENT, options.userAgent)
        try set(CURLOPT_NETRC, Int(CURL_NETRC_IGNORED.rawValue))
        try setHeaders(lines)
        if let auth = request.basicAuth {
            try set(CURLOPT_HTTPAUTH, ccurl_auth_basic)
            try set(CURLOPT_USERNAME, auth.user)
            try set(CURLOPT_PASSWORD, auth.password)
        }
    }

    private func setLimits(_ limits: HTTPLimits) throws(OptionRefused) {
        try set(CURLOPT_CONNECTTIMEOUT_MS, limits.connectTimeout.wholeMilliseconds)
        try set(CURLOPT_TIMEOUT_MS, limits.totalTimeout.wholeMilliseconds)
        try set(CURLOPT_LOW_SPEED_LIMIT, limits.lowSpeedBytesPerSecond)
        try set(CURLOPT_LOW_SPEED_TIME, (limits.lowSpeedDuration.wholeMilliseconds + 999) / 1000)
        // Refuses by Content-Length, before the first byte; what is not announced is counted as it comes.
        if limits.excess == .refused { try set(CURLOPT_MAXFILESIZE_LARGE, offset: limits.maxWireBytes) }
    }

    private func setPath(_ options: TransportOptions) throws(OptionRefused) {
        try set(CURLOPT_NOSIGNAL, true)
        // Otherwise giving up a request whose name lookup hangs blocks the thread, and with it everyone, until the lookup ends.
        try set(CURLOPT_QUICK_EXIT, true)
        try set(CURLOPT_TCP_KEEPALIVE, true)
        // Kept-alive connections follow changes of the name within a quarter of an hour.
        try set(CURLOPT_MAXLIFETIME_CONN, 15 * 60)
        // A tunnel even for plain http: the proxy sees no request, and its credentials are not the origin's to see.
        try set(CURLOPT_HTTPPROXYTUNNEL, true)
        try set(CURLOPT_SUPPRESS_CONNECT_HEADERS, true)
        if let proxy = options.proxy { try set(CURLOPT_PROXY, proxy) }
        if let noProxy = options.noProxy { try set(CURLOPT_NOPROXY, noProxy.joined(separator: ",")) }
        switch options.ipVersion {
        case .any: try set(CURLOPT_IPRESOLVE, Int(CURL_IPRESOLVE_WHATEVER))
        case .v4: try set(CURLOPT_IPRESOLVE, Int(CURL_IPRESOLVE_V4))
        case .v6: try set(CURLOPT_IPRESOLVE, Int(CURL_IPRESOLVE_V6))
        }
    }

    private func setTLS(_ options: TransportOptions) throws(OptionRefused) {
        try set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        try set(CURLOPT_SSL_VERIFYPEER, true)
        // 2 is "the certificate must name this host".
        try set(CURLOPT_SSL_VERIFYHOST, 2)
        if let caFile = options.caFile {
            try set(CURLOPT_CAINFO, caFile)
            // Debian's libcurl would trust the system's folder of certificates as well.
            try set(CURLOPT_CAPATH, nil)
            // Otherwise a file that somebody has put right is believed only after a day.
            try set(CURLOPT_CA_CACHE_TIMEOUT, 0)
        }
        if let certFile = options.certFile { try set(CURLOPT_SSLCERT, certFile) }
        if let keyFile = options.keyFile { try set(CURLOPT_SSLKEY, keyFile) }
    }
}

/// The URL by which libcurl finds out the name that the certificate must have; where it connects to is said apart.
private func named(_ url: HTTPURL, _ options: TransportOptions) throws(TransportError) -> HTTPURL {
    guard let name = options.serverName, url.origin.scheme == .https else { return url }
    do {
        return try url.withHost(name)
    } catch {
        throw .badLocalSetup(.init(url.origin.authority, detail: "the server's name in the settings: \(error)"))
    }
}

/// The lines to send. A name or value that could begin another line is refused.
private func headerLines(of request: HTTPRequest) throws(TransportError) -> [String] {
    var lines = ["Accept-Encoding: gzip"]
    for field in request.headers.fields {
        guard !field.name.isEmpty, field.name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: ":") })
        else {
            throw .invalidRequest(reason: "a header's name is empty or has a forbidden character")
        }
        guard field.value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) else {
            throw .invalidRequest(reason: "the value of header \(field.name) has a control character")
        }
        // This is how libcurl is told to send a header without a value.
        lines.append(field.value.isEmpty ? "\(field.name);" : "\(field.name): \(field.value)")
    }
    if let auth = request.basicAuth, auth.user.utf8.contains(0) || auth.password.utf8.contains(0) {
        throw .invalidRequest(reason: "a user name or password has a NUL character")
    }
    if request.method == .post {
        // Headers libcurl would add by itself: a wrong type, and a pause of a second for bodies beyond 1 MiB.
        if request.headers["Content-Type"] == nil { lines.append("Content-Type:") }
        lines.append("Expect:")
    }
    return lines
}

extension Duration {
    /// Rounded up: libcurl takes 0 for "no limit".
    fileprivate var wholeMilliseconds: Int {
        let (seconds, attoseconds) = components
        return max(1, Int(seconds) * 1000 + Int((attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000))
    }
}
