import Parsing
package import PipelineCore
import Transport

/// Which account a credential reads: a key tells it by what it lists, since no request names the account.
package struct OwnerLookup: Sendable {
    package enum List: String, Sendable {
        case events, alerts, services
    }

    private let line: APILine

    package init(line: APILine) {
        self.line = line
    }

    /// The account SID of the first element of a list, with one request.
    /// - Returns: nil if the list is empty or the element names no account.
    package func owner(of list: List) async throws(SourceError) -> String? {
        let path =
            switch list {
            case .events: "/v1/Events"
            case .alerts: "/v1/Alerts"
            case .services: "/v1/Services"
            }
        let url = try line.api.baseURL.below(path).asking([("PageSize", "1")])
        let parser = ResourceListParser()
        let answer = try await line.get(url, .live, limits: ListReader.limits()) { response throws(PageError) in
            try parser.parse(response.body, key: list.rawValue)
        }
        return answer.items.first?.string("account_sid").flatMap { TwilioSID.isOne($0, "AC") ? $0 : nil }
    }
}
