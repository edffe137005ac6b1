/// A Serverless service to be simulated, with what is in it. Names are free: they may repeat, and need not be sensible.
package struct ServicePlan: Sendable {
    package var uniqueName: String
    package var friendlyName: String
    package var life: Life
    package var environments: [EnvironmentPlan]
    package var functions: [FunctionPlan]

    /// - Parameter friendlyName: nil takes the unique name.
    package init(
        uniqueName: String, friendlyName: String? = nil, life: Life = .always, environments: [EnvironmentPlan] = [],
        functions: [FunctionPlan] = []
    ) {
        self.uniqueName = uniqueName
        self.friendlyName = friendlyName ?? uniqueName
        self.life = life
        self.environments = environments
        self.functions = functions
    }
}

package struct EnvironmentPlan: Sendable {
    package var uniqueName: String
    /// Nil for production; may repeat.
    package var domainSuffix: String?
    /// When it gets its build, in milliseconds since 1970: `build_sid` is null before. Nil: it never does.
    package var deployedAt: Int64?
    package var life: Life

    package init(
        uniqueName: String, domainSuffix: String? = nil, deployedAt: Int64? = .min, life: Life = .always
    ) {
        self.uniqueName = uniqueName
        self.domainSuffix = domainSuffix
        self.deployedAt = deployedAt
        self.life = life
    }
}

package struct FunctionPlan: Sendable {
    package var friendlyName: String
    package var life: Life

    package init(friendlyName: String, life: Life = .always) {
        self.friendlyName = friendlyName
        self.life = life
    }
}

extension ServicePlan {
    /// What an account has without a layout of its own: numbered services, every third environment without a build.
    static func numbered(_ options: SimulatorOptions) -> [ServicePlan] {
        let names = ["production", "dev", "stage"]
        let environments = (0..<options.environments).map { index in
            EnvironmentPlan(
                uniqueName: index < names.count ? names[index] : "env-\(index + 1)",
                domainSuffix: index == 0 ? nil : names[1 + index % 2], deployedAt: index % 3 == 2 ? nil : .min)
        }
        let functions = (0..<options.functions).map { FunctionPlan(friendlyName: "function-\($0 + 1)") }
        return (0..<options.services).map {
            ServicePlan(uniqueName: "service-\($0 + 1)", environments: environments, functions: functions)
        }
    }
}
