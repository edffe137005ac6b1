import CCurl

extension CurlHandle {
    /// Connects for a ``ByteStream``; blocks.
    func connect(
        to peer: ByteStream.Peer, _ tls: ByteStream.TLS?, _ timeout: Duration, keepsCertificate: Bool,
        _ isWanted: @escaping () -> Bool
    ) throws(TransportError) {
        // libcurl keeps only a pointer to the list, and needs it until it is connected.
        var route: UnsafeMutablePointer<curl_slist>?
        defer { curl_slist_free_all(route) }
        let question = Question(isWanted)
        do {
            try check(ccurl_easy_setopt_pointer(raw, CURLOPT_ERRORBUFFER, errorText), CURLOPT_ERRORBUFFER)
            try set(CURLOPT_CONNECT_ONLY, true)
            try set(CURLOPT_NOSIGNAL, true)
            try set(CURLOPT_QUICK_EXIT, true)
            try set(CURLOPT_PROXY, "")
            try set(CURLOPT_CONNECTTIMEOUT_MS, max(1, Int(timeout / .milliseconds(1))))
            try set(CURLOPT_TCP_NODELAY, true)
            // A peer that is gone without a word is noticed within two minutes, although nothing is sent.
            try set(CURLOPT_TCP_KEEPALIVE, true)
            try set(CURLOPT_TCP_KEEPIDLE, 60)
            try set(CURLOPT_TCP_KEEPINTVL, 15)
            try set(CURLOPT_SSL_ENABLE_ALPN, false)
            switch peer {
            case .socket(let path):
                try set(CURLOPT_URL, "http://localhost/")
                try set(CURLOPT_UNIX_SOCKET_PATH, path)
            case .host(let host):
                let name = tls?.serverName ?? host.name
                let authority = ByteStream.Host(name: name, port: host.port)
                try set(CURLOPT_URL, "\(tls == nil ? "http" : "https")://\(authority)/")
                if name != host.name {
                    route = curl_slist_append(nil, "::\(host)")
                    try check(ccurl_easy_setopt_list(raw, CURLOPT_CONNECT_TO, route), CURLOPT_CONNECT_TO)
                }
            }
            if let tls { try setTLS(tls) }
            if keepsCertificate { try set(CURLOPT_CERTINFO, true) }
            try set(CURLOPT_NOPROGRESS, false)
            try check(
                ccurl_easy_setopt_progress(raw, CURLOPT_XFERINFOFUNCTION, askWhetherWanted), CURLOPT_XFERINFOFUNCTION)
            try check(
                ccurl_easy_setopt_pointer(
                    raw, CURLOPT_XFERINFODATA, Unmanaged.passUnretained(question).toOpaque()), CURLOPT_XFERINFODATA)
        } catch {
            let reason =
                "libcurl refuses option \(error.option.rawValue): \(String(cString: curl_easy_strerror(error.code)))"
            throw .badLocalSetup(.init(peer.description, code: .init(error.code), detail: reason))
        }
        // libcurl calls back on this thread and only within this call, during which `question` lives.
        let code = withExtendedLifetime(question) { curl_easy_perform(raw) }
        guard code == CURLE_OK else { throw failure(code, peer, timeout) }
    }

    private func setTLS(_ tls: ByteStream.TLS) throws(OptionRefused) {
        try set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        try set(CURLOPT_SSL_VERIFYPEER, true)
        // 2 is "the certificate must name this host".
        try set(CURLOPT_SSL_VERIFYHOST, 2)
        if let caFile = tls.caFile {
            try set(CURLOPT_CAINFO, caFile)
            // Debian's libcurl would trust the system's folder of certificates as well.
            try set(CURLOPT_CAPATH, nil)
        }
        if let certificateFile = tls.certificateFile { try set(CURLOPT_SSLCERT, certificateFile) }
        if let keyFile = tls.keyFile { try set(CURLOPT_SSLKEY, keyFile) }
    }

    private func failure(_ code: CURLcode, _ peer: ByteStream.Peer, _ timeout: Duration) -> TransportError {
        let detail = errorMessage.isEmpty ? String(cString: curl_easy_strerror(code)) : errorMessage
        let context = TransportError.Context(peer.description, code: .init(code), detail: detail)
        switch code {
        case CURLE_ABORTED_BY_CALLBACK: return .cancelled
        case CURLE_COULDNT_RESOLVE_HOST: return .nameNotResolved(context)
        case CURLE_COULDNT_CONNECT: return .couldNotConnect(context)
        case CURLE_OPERATION_TIMEDOUT: return .connectTimedOut(context, after: timeout)
        case CURLE_PEER_FAILED_VERIFICATION: return .certificateRefused(context)
        case CURLE_SSL_CONNECT_ERROR, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_INVALIDCERTSTATUS: return .tlsFailed(context)
        case CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER, CURLE_SSL_ENGINE_NOTFOUND:
            return .badLocalSetup(context)
        default: return .other(context)
        }
    }
}

private final class Question {
    let isWanted: () -> Bool

    init(_ isWanted: @escaping () -> Bool) {
        self.isWanted = isWanted
    }
}

/// Anything but 0 ends the attempt.
private func askWhetherWanted(
    _ context: UnsafeMutableRawPointer?, _: curl_off_t, _: curl_off_t, _: curl_off_t, _: curl_off_t
) -> CInt {
    guard let context else { return 0 }
    return Unmanaged<Question>.fromOpaque(context).takeUnretainedValue().isWanted() ? 0 : 1
}
