import Parsing
package import PipelineCore
import Transport

/// An environment of a service, as it was listed.
package struct DiscoveredEnvironment: Hashable, Sendable {
    package let serviceSID: String
    /// The service's unique name; empty where it has none.
    package let serviceName: String
    package let environmentSID: String
    /// The environment's unique name; empty where it has none. Domain suffixes can repeat, so they name nothing.
    package let environmentName: String
    /// Whether a build is deployed there. Without one nothing runs and nothing is logged.
    package let isDeployed: Bool

    package init(
        serviceSID: String, serviceName: String, environmentSID: String, environmentName: String, isDeployed: Bool
    ) {
        self.serviceSID = serviceSID
        self.serviceName = serviceName
        self.environmentSID = environmentSID
        self.environmentName = environmentName
        self.isDeployed = isDeployed
    }
}

/// Which services and environments an account has: `GET /v1/Services` and `/v1/Services/{ZS}/Environments`.
///
/// All or nothing, so that nobody takes what could not be listed for gone; only a service that was deleted meanwhile is
/// left out.
package struct ServerlessDirectory: Sendable {
    static let maximumServices = 10_000
    static let maximumEnvironments = 100_000

    private let line: APILine

    package init(line: APILine) {
        self.line = line
    }

    /// The environments of all services that are wanted, by service SID, then environment SID.
    /// - Parameter isServiceWanted: gets SID and unique name; of others the environments are not listed.
    /// - Parameter isEnvironmentWanted: gets SID and unique name.
    package func environments(
        ofServices isServiceWanted: (_ sid: String, _ name: String) -> Bool = { _, _ in true },
        where isEnvironmentWanted: (_ sid: String, _ name: String) -> Bool = { _, _ in true }
    ) async throws(SourceError) -> [DiscoveredEnvironment] {
        let reader = ResourceReader(line: line, urgency: .catchUp)
        let list = try line.api.baseURL.below("/v1/Services")
        let services = try await reader.items(of: list, key: "services", maximum: Self.maximumServices)
        var environments: Set<DiscoveredEnvironment> = []
        var listed = 0
        for service in services {
            guard let sid = service.string("sid"), TwilioSID.isOne(sid, "ZS") else { continue }
            let name = service.string("unique_name") ?? ""
            guard isServiceWanted(sid, name) else { continue }
            let items: [ResourceItem]
            do throws(SourceError) {
                items = try await reader.items(
                    of: try list.below("/\(sid)/Environments"), key: "environments",
                    maximum: Self.maximumEnvironments - listed)
            } catch {
                guard case .gone = error else { throw error }
                continue
            }
            listed += items.count
            for item in items {
                guard let environment = item.string("sid"), TwilioSID.isOne(environment, "ZE") else { continue }
                let environmentName = item.string("unique_name") ?? ""
                guard isEnvironmentWanted(environment, environmentName) else { continue }
                environments.insert(
                    DiscoveredEnvironment(
                        serviceSID: sid, serviceName: name, environmentSID: environment,
                        environmentName: environmentName, isDeployed: item.string("build_sid") != nil))
            }
        }
        return environments.sorted {
            ($0.serviceSID, $0.environmentSID) < ($1.serviceSID, $1.environmentSID)
        }
    }
}
