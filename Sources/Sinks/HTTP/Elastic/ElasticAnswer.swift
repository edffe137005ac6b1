import Foundation
import PipelineCore

/// What `_bulk` says: whether all went well, and if not, what became of each record in the batch's order.
struct ElasticAnswer: Decodable {
    /// What is asked for, of all that could be said.
    static let filter = "errors,items.*.status,items.*.error.type,items.*.error.reason,items.*.error.caused_by.reason"

    struct Item: Decodable {
        struct Failure: Decodable {
            struct Cause: Decodable {
                let reason: String?
            }

            let type: String?
            let reason: String?
            let caused_by: Cause?
        }

        let status: Int
        let error: Failure?
    }

    let errors: Bool
    /// By what was done, always `create`.
    let items: [[String: Item]]?

    /// Nil if it is no answer of `_bulk`.
    init?(_ body: [UInt8]) {
        guard let answer = try? JSONDecoder().decode(Self.self, from: Data(body)) else { return nil }
        self = answer
    }
}

/// | status of one record | verdict |
/// | --- | --- |
/// | 2xx; 409, it is there already | accepted |
/// | 429, 5xx | retry |
/// | 401, 403, 404, 405, 410: the credential, the index or the cluster | retry; if no record is accepted, hold |
/// | 400 and any other | rejected |
extension ElasticAnswer {
    /// Nil if the answer does not tell of each record.
    func delivery(of count: Int, _ endpoint: HTTPEndpoint, _ said: String) -> Delivery? {
        guard errors else { return .accepted() }
        guard let items, items.count == count else { return nil }
        var verdicts: [Verdict] = []
        verdicts.reserveCapacity(count)
        var obstacle: String?
        for item in items {
            guard let item = item.values.first else { return nil }
            let words = endpoint.excerpt(item.words.utf8).description
            switch item.status {
            case 200..<300, 409: verdicts.append(.accepted)
            case 429, 500...: verdicts.append(.retry(reason: words))
            case 401, 403, 404, 405, 410:
                obstacle = obstacle ?? words
                verdicts.append(.retry(reason: words))
            default: verdicts.append(.rejected(reason: words))
            }
        }
        if verdicts.allSatisfy({ $0 == .accepted }) { return .accepted() }
        if let obstacle, !verdicts.contains(.accepted) {
            return .hold(
                reason: "\(said) for each record: \(obstacle). Check `index`, that the index template is there, and "
                    + "that the credential may create documents and data streams (create_doc, auto_configure).")
        }
        return .perRecord(verdicts)
    }
}

extension ElasticAnswer.Item {
    /// `400 mapper_parsing_exception: failed to parse field [x]: …`
    fileprivate var words: String {
        let parts = [error?.type, error?.reason, error?.caused_by?.reason].compactMap { $0 }
        return "\(status) " + parts.joined(separator: ": ")
    }
}
