import PipelineCore
import Transport

/// What becomes of a batch when it was not taken.
///
/// | answer | delivery | because |
/// | --- | --- | --- |
/// | 3xx | hold | records go to the place that was configured and to no other |
/// | 401, 403 | hold, or retry if the secret is another one now | |
/// | 402, 404, 405, 406, 407, 410, 411, 415, 417, 421, 426, 428, 431, 451 | hold | no other batch would fare better |
/// | 408, 409, 425, 429, 503 | retry, as `Retry-After` says | it passes |
/// | other 5xx | fault, as `Retry-After` says | it passes, or the server fails at a record |
/// | 400 about a certificate | hold | nginx lets the handshake pass and answers so |
/// | 400, 413, 422, other 4xx | split | it is about what was sent |
/// | a certificate that is refused by either side, a proxy's 403 or 407, a setting that cannot be used | hold | |
/// | any other failure on the network | retry | |
extension HTTPEndpoint {
    /// - Precondition: the status is none of 2xx.
    func delivery(of response: HTTPResponse, _ url: HTTPURL) -> Delivery {
        let reason = said(response, url)
        switch response.status {
        case 300..<400:
            let target = response.headers["Location"].map { " to \(excerpt($0.utf8))" } ?? ""
            return .hold(
                reason: "\(reason). It redirects\(target), and redirects are never followed: put the address that "
                    + "takes the records into `url`.")
        case 401, 403: return refusal(reason)
        case 404, 405, 410: return .hold(reason: "\(reason). Check the path of `url`.")
        case 407: return .hold(reason: "\(reason). Check the proxy of [sink.network] and its credentials.")
        case 411, 415, 426:
            return .hold(
                reason: "\(reason). It does not take the form of what was sent: check `url`, `preset`, `format`, "
                    + "`encoding` and `compression`.")
        case 402, 406, 417, 421, 428, 431, 451: return .hold(reason: "\(reason). Check `url` and `headers`.")
        // 409 is what https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/ has for a request
        // that is still being worked on.
        case 408, 409, 425, 429, 503:
            return .retry(after: RetryAfter.duration(of: response, now: clock.wallNow), reason: reason)
        case 500..<600:
            return .fault(after: RetryAfter.duration(of: response, now: clock.wallNow), reason: reason)
        case 400 where String(decoding: response.body.prefix(1024), as: UTF8.self).contains("SSL certificate"):
            return .hold(
                reason: "\(reason). Check cert_file and key_file in [sink.tls], and that the server knows their CA.")
        case 400..<500: return .split(reason: reason)
        default: return .retry(reason: "\(reason). This is no answer to a POST.")
        }
    }

    /// The credential is refused: held until somebody sees to it, unless it has been replaced in the meantime.
    func refusal(_ reason: String) -> Delivery {
        if readSecretsAgain() {
            return .retry(after: .zero, reason: "\(reason). The secret was read again and is another one now.")
        }
        let places =
            switch authentication {
            case .none: "check `headers`, or set `token` or `basic`"
            case .token(let secret): "check the token in \(secret)"
            case .basic(let user, let secret): "check the user \(user) and the password in \(secret)"
            }
        return .hold(reason: "\(reason). The credential is refused or may not do this: \(places).")
    }

    func delivery(of error: TransportError, _ url: HTTPURL) -> Delivery {
        switch error {
        case .certificateRefused, .clientCertificateRefused, .proxyRefused, .badLocalSetup:
            .hold(reason: error.advised)
        case .invalidRequest: .hold(reason: "\(url.origin)\(url.path): \(error). Check `headers` and the secrets.")
        default: .retry(reason: "\(error)")
        }
    }

    /// `https://siem.example.com/in answered 503: "queue full"`
    func said(_ response: HTTPResponse, _ url: HTTPURL) -> String {
        let words = excerpt(response.body)
        return "\(url.origin)\(url.path) answered \(response.status)"
            + (words.description.isEmpty ? "" : ": \"\(words)\"")
    }
}
