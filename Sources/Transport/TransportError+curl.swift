import CCurl

extension TransportError.CurlCode {
    init(_ code: CURLcode) {
        self.init(rawValue: code.rawValue)
    }
}

extension TransportError {
    /// The error that a failed transfer's code, phase and limits amount to. Texts are for people and decide nothing here.
    init(_ code: CURLcode, _ stopReason: CurlTransfer.StopReason?, _ handle: CurlHandle, _ request: HTTPRequest) {
        let said = handle.errorMessage
        // libcurl quotes a proxy's URL that it cannot use, with the password in it; credentials in a URL end with "@".
        let detail = said.isEmpty || said.contains("@") ? String(cString: curl_easy_strerror(code)) : said
        let context = Context(request.url.origin.authority, code: CurlCode(code), detail: detail)
        let limits = request.limits
        switch stopReason {
        case .headersTooLarge(let limit):
            self = .headersTooLarge(context, limit: limit)
            return
        case .bodyTooLarge(let limit):
            self = .bodyTooLarge(context, limit: limit)
            return
        case .enoughOfBody, nil: break
        }
        // The proxy answered CONNECT, but not with a tunnel; what follows from that has the code of a broken connection.
        let answerToConnect = handle.number(CURLINFO_HTTP_CONNECTCODE)
        if answerToConnect != 0, !(200..<300).contains(answerToConnect) {
            self =
                [403, 407].contains(answerToConnect)
                ? .proxyRefused(context, status: Int(answerToConnect)) : .proxyFailed(context)
            return
        }
        if let alert = tlsAlert(in: said), Self.alertsAboutCertificates.contains(alert) {
            self = .clientCertificateRefused(context)
            return
        }
        switch code {
        case CURLE_COULDNT_RESOLVE_HOST: self = .nameNotResolved(context)
        case CURLE_COULDNT_CONNECT: self = .couldNotConnect(context)
        case CURLE_COULDNT_RESOLVE_PROXY, CURLE_PROXY: self = .proxyFailed(context)
        case CURLE_OPERATION_TIMEDOUT: self = .timeout(handle, context, limits)
        case CURLE_PEER_FAILED_VERIFICATION: self = .certificateRefused(context)
        case CURLE_SSL_CONNECT_ERROR, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_INVALIDCERTSTATUS: self = .tlsFailed(context)
        case CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER, CURLE_SSL_ENGINE_NOTFOUND:
            self = .badLocalSetup(context)
        case CURLE_PARTIAL_FILE, CURLE_GOT_NOTHING, CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_HTTP2, CURLE_HTTP2_STREAM:
            self = .interrupted(context)
        // The scheme was checked before, so this is an answer that is no HTTP/1 ("HTTP/0.9").
        case CURLE_UNSUPPORTED_PROTOCOL, CURLE_WEIRD_SERVER_REPLY, CURLE_BAD_CONTENT_ENCODING:
            self = .badResponse(context)
        case CURLE_FILESIZE_EXCEEDED: self = .bodyTooLarge(context, limit: limits.maxWireBytes)
        default: self = .other(context)
        }
    }

    /// bad_certificate to certificate_unknown, unknown_ca and certificate_required (RFC 8446, section 6.2). We send some
    /// of them, too, but of those libcurl makes an error of its own.
    private static let alertsAboutCertificates: Set<UInt32> = [42, 43, 44, 45, 46, 48, 116]

    /// libcurl has one code for three clocks; which one it was shows in how far the transfer came and how long it took.
    private static func timeout(_ handle: CurlHandle, _ context: Context, _ limits: HTTPLimits) -> TransportError {
        let elapsed = Duration.microseconds(handle.offset(CURLINFO_TOTAL_TIME_T))
        if elapsed >= limits.totalTimeout { return .timedOut(context, after: limits.totalTimeout) }
        if handle.offset(CURLINFO_PRETRANSFER_TIME_T) == 0 {
            return .connectTimedOut(context, after: limits.connectTimeout)
        }
        return .tooSlow(context, bytesPerSecond: limits.lowSpeedBytesPerSecond, duration: limits.lowSpeedDuration)
    }
}

/// The alert with which the peer ended the TLS connection. With TLS 1.3 it comes behind the handshake, where libcurl has
/// one code for whatever breaks a connection; OpenSSL's error number then stands in its text: `error:0A00045C:…`.
private func tlsAlert(in text: String) -> UInt32? {
    guard let start = text.firstRange(of: "error:")?.upperBound,
        let number = UInt32(text[start...].prefix(8), radix: 16)
    else { return nil }
    // ERR_LIB_SSL is 20, and reasons from 1000 on are the peer's alerts (SSL_AD_REASON_OFFSET).
    let (library, reason) = (number >> 23, number & 0x7F_FFFF)
    return library == 20 && (1000..<1256).contains(reason) ? reason - 1000 : nil
}
