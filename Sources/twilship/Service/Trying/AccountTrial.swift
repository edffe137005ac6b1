import Logging
import PipelineCore
import Settings
import Sinks
import TwilioSources

/// Tries what each credential of an account may read, with one request each that lists one record or the services.
struct AccountTrial: Sendable {
    static let limit: Duration = .seconds(10)

    let account: AccountSettings
    let clock: any PipelineClock
    let logger: Logger

    func run() async -> [Finding] {
        let network = NetworkPool(configured: [account.accountSID], clock: clock)
        do {
            let identity = try AccountIdentity(account, logger: logger)
            return await withTaskGroup(of: (Int, Finding).self) { group in
                let collections = account.collections.filter(\.enabled)
                for (place, collection) in collections.enumerated() {
                    group.addTask { (place, await look(collection, identity, network)) }
                }
                var found: [(Int, Finding)] = []
                for await one in group { found.append(one) }
                return found.sorted { $0.0 < $1.0 }.map(\.1)
            }
        } catch {
            return [Finding(.failure, "\(error)")]
        }
    }

    private func look(
        _ collection: CollectionSettings, _ identity: AccountIdentity, _ network: NetworkPool
    ) async -> Finding {
        let name = collection.dataset.rawValue
        let user = collection.credential.keySID ?? account.accountSID
        let late = Finding(.failure, "\(name): no answer within \(Self.limit.forPeople)")
        guard let dataset = PipelineCore.Dataset(rawValue: name) else { return late }
        return await TimeLimit.within(Self.limit) {
            do {
                let endpoint = try Endpoint(collection, dataset, of: account, identity, network: network)
                let line = endpoint.api.line(for: "check")
                switch dataset {
                case .monitorEvents:
                    _ = try await MonitorEventsSource(line: line, pageSize: 1).serverTime(.live)
                case .monitorAlerts: _ = try await AlertsSource(line: line, pageSize: 1).serverTime(.live)
                case .serverlessLogs:
                    _ = try await ServerlessDirectory(line: line).environments(ofServices: { _, _ in false })
                case .twilship: break
                }
                return Finding(.fine, "\(name): \(user) may read it")
            } catch let error as SourceError {
                guard error.isRefusal else { return Finding(.failure, "\(name): \(error)") }
                return Finding(.refusal, "\(name): \(user) may not read it: \(error). \(Self.advice(dataset))")
            } catch {
                return Finding(.failure, "\(name): \(error)")
            }
        } ?? late
    }

    private static func advice(_ dataset: PipelineCore.Dataset) -> String {
        switch dataset {
        case .monitorEvents: "A Restricted key needs the permission to read Monitor's Events."
        case .monitorAlerts: "A Restricted key needs the permission to read Monitor's Alerts."
        case .serverlessLogs: "Function logs need a Standard key: Serverless has no permissions for Restricted ones."
        case .twilship: ""
        }
    }
}
