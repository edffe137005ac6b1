import PipelineCore
import Transport

extension HTTPEndpoint {
    /// What an answer that is no success means for who only asks.
    func finding(_ response: HTTPResponse, _ url: HTTPURL) -> Finding {
        let level: Finding.Level = [401, 403].contains(response.status) ? .refusal : .failure
        return Finding(level, delivery(of: response, url).reason ?? said(response, url))
    }

    /// Why there is no answer.
    func finding(_ failed: Delivery, _ url: HTTPURL) -> Finding {
        Finding(.failure, failed.reason ?? "\(url.origin)\(url.path) did not answer")
    }
}
