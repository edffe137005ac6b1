import PipelineCore
import Transport

/// https://docs.splunk.com/Documentation/Splunk/latest/Data/HECRESTendpoints
extension SplunkPreset {
    /// Asks for the collector's health, sends an empty body, to which a collector answers 5 ("No data") if it knows the
    /// token, and asks about no acknowledgement, to which it answers 14 if the token has none.
    func probe() async -> [Finding] {
        let health = await self.health()
        guard health.level == .fine else { return [health] }
        var findings = [health, await token()]
        if findings[1].level == .fine, let channel {
            let refusal = await refusalToAcknowledge(channel)
            findings.append(
                refusal.map { endpoint.finding($0, paths.acknowledgements) }
                    ?? Finding(.fine, "indexer acknowledgement is not refused"))
        }
        return findings
    }

    private func health() async -> Finding {
        let message = HTTPEndpoint.Message(method: .get, url: paths.health, contentType: "", body: [])
        switch await endpoint.post(message) {
        case .failed(let delivery): return endpoint.finding(delivery, paths.health)
        case .answered(let response):
            let said = endpoint.said(response, paths.health)
            switch response.status {
            case 200: return Finding(.fine, "the collector is healthy: \(said)")
            // Some versions answer 400 to a token that they do not know here already; the next question tells.
            case 400, 401, 403: return Finding(.fine, "the collector answers: \(said)")
            default: return endpoint.finding(response, paths.health)
            }
        }
    }

    private func token() async -> Finding {
        var message = HTTPEndpoint.Message(url: paths.events, contentType: "application/json", body: [])
        message.isCompressible = false
        if let channel { message.headers.append("X-Splunk-Request-Channel", channel.name) }
        switch await endpoint.post(message) {
        case .failed(let delivery): return endpoint.finding(delivery, paths.events)
        case .answered(let response):
            let said = endpoint.said(response, paths.events)
            switch SplunkAnswer(response.body)?.code {
            case 5: return Finding(.fine, "the token is known: an empty request is answered \"no data\"")
            case 1, 2, 3, 4, 16, 21, 22: return Finding(.refusal, endpoint.refusal(said).reason ?? said)
            case 10, 11:
                return Finding(.failure, "\(said). The token has indexer acknowledgement turned on: set `ack = true`.")
            case nil where 200..<300 ~= response.status:
                return Finding(.failure, "\(said). This is no answer of an event collector: check `url`.")
            default: return endpoint.finding(response, paths.events)
            }
        }
    }
}
