import Foundation
import PipelineCore
import Transport

extension ElasticPreset {
    /// Asks what the cluster is, and what the credential may do, both of which write nothing.
    func probe() async -> [Finding] {
        let cluster = await self.cluster()
        guard cluster.level != .failure else { return [cluster] }
        return [cluster, await privileges()]
    }

    private struct Cluster: Decodable {
        struct Version: Decodable {
            let number: String
            let distribution: String?
        }

        let cluster_name: String
        let version: Version
    }

    /// `GET /`. A credential that may only write is refused here, and fine: then the next answer counts.
    private func cluster() async -> Finding {
        switch await endpoint.post(HTTPEndpoint.Message(method: .get, url: place, contentType: "", body: [])) {
        case .failed(let delivery): return endpoint.finding(delivery, place)
        case .answered(let response):
            if response.status == 200, let cluster = try? decoder.decode(Cluster.self, from: Data(response.body)) {
                let product = cluster.version.distribution ?? "elasticsearch"
                let text = "\(product) \(cluster.version.number), cluster \(cluster.cluster_name)"
                return Finding(.fine, "answers: " + endpoint.excerpt(text.utf8).description)
            }
            let said = endpoint.said(response, place)
            switch response.status {
            case 200..<300:
                return Finding(.failure, "\(said). This is no answer of Elasticsearch: check `url`.")
            case 403: return Finding(.fine, "answers; the credential may not ask for the version, and need not")
            default: return endpoint.finding(response, place)
            }
        }
    }

    private struct Question: Encodable {
        struct Index: Encodable {
            let names: [String]
            let privileges: [String]
        }

        let index: [Index]
    }

    private struct Privileges: Decodable {
        let has_all_requested: Bool
        let index: [String: [String: Bool]]?
    }

    /// https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-security-has-privileges
    private func privileges() async -> Finding {
        let names = body.index.map { [$0] } ?? Dataset.allCases.map(ElasticBody.dataStream)
        let question = Question(index: [.init(names: names, privileges: ["create_doc", "auto_configure"])])
        do {
            let url = try place.appending(path: "/_security/user/_has_privileges")
            var message = HTTPEndpoint.Message(
                url: url, contentType: "application/json", body: Array(try JSONEncoder().encode(question)))
            message.isCompressible = false
            switch await endpoint.post(message) {
            case .failed(let delivery): return endpoint.finding(delivery, url)
            case .answered(let response):
                if response.status == 200, let answer = try? decoder.decode(Privileges.self, from: Data(response.body))
                {
                    return finding(answer, names)
                }
                guard response.status != 401 else { return endpoint.finding(response, url) }
                // OpenSearch has another way, and a cluster may have its security turned off.
                return Finding(
                    .warning,
                    "what the credential may do is not told: \(endpoint.said(response, url)). Look for yourself that "
                        + "it may create_doc and auto_configure.")
            }
        } catch {
            return Finding(.failure, "the address to ask for privileges: \(error)")
        }
    }

    private func finding(_ answer: Privileges, _ names: [String]) -> Finding {
        if answer.has_all_requested {
            return Finding(.fine, "the credential may write to \(names.joined(separator: ", "))")
        }
        let lacks = (answer.index ?? [:]).sorted { $0.key < $1.key }.flatMap { name, rights in
            rights.filter { !$0.value }.keys.sorted().map { "\($0) on \(name)" }
        }
        return Finding(
            .refusal,
            "the credential lacks \(endpoint.excerpt(lacks.joined(separator: ", ").utf8)): give its role these "
                + "privileges")
    }

    private var decoder: JSONDecoder { JSONDecoder() }
}
